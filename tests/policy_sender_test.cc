#include <gtest/gtest.h>

#include <random>
#include <string>

#include "cli/policy/sender.h"

namespace rblitz::policy {
namespace {

TEST(PolicySender, IsWhatStaysFromMailToMail) {
  const struct {
    const char* sender;
    const char* normal;
  } cases[] = {
      {"", ""},
      {"<>", ""},
      {"Alice@Example.COM", "alice@example.com"},
      {"<Alice@Example.com>", "alice@example.com"},
      {"alice", "alice"},
      {"@", "@"},
      {"@example.com", "@example.com"},
      {"a@b@c", "a@b@c"},
      // BATV, both orders, and what only looks like it.
      {"prvs=1234abcdef=alice@example.com", "alice@example.com"},
      {"prvs=alice=1234abcdef@example.com", "alice@example.com"},
      {"PRVS=0456789ABC=Alice@example.com", "alice@example.com"},
      {"prvs=short=alice@example.com", "alice@example.com"},
      {"prvs=alice@example.com", "prvs=alice@example.com"},
      {"prvs==alice@example.com", "prvs==alice@example.com"},
      {"btv1==123abc==alice@example.com", "alice@example.com"},
      {"btv1==123abc@example.com", "btv1==123abc@example.com"},
      {"prvs=1234abcdef=alice+tag@example.com", "alice@example.com"},
      // SRS: the same address on another day.
      {"SRS0=HHH=TT=example.com=alice@relay.test", "srs0=example.com=alice@relay.test"},
      {"SRS0+XYZ1=DA=example.com=alice@relay.test", "srs0=example.com=alice@relay.test"},
      {"srs0-hhh=7k=example.com=alice+tag@relay.test", "srs0=example.com=alice@relay.test"},
      {"SRS0=HHH=TT=1.example.com=list-17-bob=test@relay.test", "srs0=1.example.com=list-#-#@relay.test"},
      {"SRS0=HHH=TT=example.com=prvs=1234abcdef=alice@relay.test", "srs0=example.com=alice@relay.test"},
      {"SRS1=HHH=first.test==GGG=TT=example.com=list+bob=test@second.test",
       "srs1=first.test==example.com=list@second.test"},
      {"SRS1=HHH=first.test==GGG=TT=example.com=alice@second.test", "srs1=first.test==example.com=alice@second.test"},
      {"SRS1=HHH=first.test=+GGG=TT=example.com=alice@second.test", "srs1=first.test==example.com=alice@second.test"},
      {"srs0=hhh@relay.test", "srs0=hhh@relay.test"},
      {"srs0=hhh=tt=@relay.test", "srs0=hhh=tt=@relay.test"},
      {"srs1=hhh=first.test=@relay.test", "srs1=hhh=first.test=@relay.test"},
      {"srs0@relay.test", "srs0@relay.test"},
      // Extensions and VERP.
      {"list+bob=example.net@lists.test", "list@lists.test"},
      {"+alice@example.com", "+alice@example.com"},
      {"list-return-17-bob=test@lists.test", "list-return-#-#@lists.test"},
      {"bounces-bob=test-99@lists.test", "bounces-#-#@lists.test"},
      {"bounce-20458-0a1b2c3d4e@lists.test", "bounce-#-#@lists.test"},
      {"0100018f3c4a5b6c-1122aabb-0000@amazonses.test", "#-#-#@amazonses.test"},
      {"12345@qq.test", "#@qq.test"},
      // Names stay.
      {"john.smith1@example.com", "john.smith1@example.com"},
      {"deadbeef@example.com", "deadbeef@example.com"},
      {"abc123@example.com", "abc123@example.com"},
      {"a_1_b@example.com", "a_#_b@example.com"},
      {"alice@123.example.com", "alice@123.example.com"},
      {"<\"John Doe\"@example.com>", "john doe@example.com"},
      {R"("a \"b\" \\c"@example.com)", R"(a "b" \c@example.com)"},
      {"\"\"@example.com", "@example.com"},
      {"\"@example.com", "\"@example.com"},
      {"\xc3\x84rger@example.com", "\xc3\x84rger@example.com"},
  };
  for (const auto& [sender, normal] : cases) EXPECT_EQ(NormalSender(sender, "Bob@test"), normal) << sender;
}

TEST(PolicySender, RecipientsLoseTheirExtension) {
  EXPECT_EQ(NormalRecipient("Bob+News@Test"), "bob@test");
  EXPECT_EQ(NormalRecipient("<bob@test>"), "bob@test");
  EXPECT_EQ(NormalRecipient("\"Big Bob+x\"@test"), "big bob@test");
  EXPECT_EQ(NormalRecipient("+bob@test"), "+bob@test");
  EXPECT_EQ(NormalRecipient("prvs=1234abcdef=bob@test"), "prvs=1234abcdef=bob@test");
  EXPECT_EQ(NormalRecipient("postmaster"), "postmaster");
}

// What was normalised stays, nothing is made up where there was nothing, and no byte makes it fall over.
TEST(PolicySender, IsNormalOnceAndForAll) {
  const std::string pieces[] = {"prvs=", "srs0=", "srs1=",      "btv1==", "=",    "+",  "@", "-",
                                "12",    "a",     "1234abcdef", "bob",    "test", "\"", "\\"};
  std::mt19937 random(2);
  for (int round = 0; round < 20000; ++round) {
    std::string sender;
    for (size_t i = random() % 10; i > 0; --i) {
      sender += random() % 20 == 0 ? std::string(1, static_cast<char>(random())) : pieces[random() % std::size(pieces)];
    }
    const std::string normal = NormalSender(sender, "bob@test");
    EXPECT_LE(normal.size(), sender.size()) << sender;
    const size_t at = sender.rfind('@');
    EXPECT_EQ(normal.rfind('@') == std::string::npos, at == std::string::npos) << sender;
  }
}

}  // namespace
}  // namespace rblitz::policy
