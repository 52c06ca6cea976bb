#include <gtest/gtest.h>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

// "pass", "ignore", "refuse", "empty", or the value that everything is answered with.
std::string Decision(const Loaded& loaded, const std::string& client) {
  if (loaded.feed == nullptr) return "no feed: " + loaded.error;
  if (loaded.feed->acl == nullptr) return "no acl";
  const bool is_ip4 = client.find(':') == std::string::npos;
  const AclDecision decision = loaded.feed->acl->Decide(Ip6Of(is_ip4 ? "::ffff:" + client : client));
  static constexpr const char* kNames[] = {"pass", "ignore", "refuse", "empty"};
  if (decision.action != AclAction::kAnswer) return kNames[static_cast<size_t>(decision.action)];
  std::string shown;
  for (const Verdict& verdict : loaded.feed->verdicts.at(decision.value)) {
    char text[kMaxTextBytes];
    shown = Dotted(verdict.a_be);
    if (const size_t size = loaded.feed->verdicts.Render(verdict.text, client, text); size > 0) {
      shown.append(" ").append(text, size);
    }
  }
  return shown;
}

TEST(AclFormat, SampleDecidesAsItSays) {
  const Loaded loaded =
      Load({.name = "acl", .paths = {std::string(RBLITZ_SAMPLES) + "/rbldnsd-acl.txt"}, .format = "acl"});
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{});
  EXPECT_EQ(loaded.report.entries, 9u);
  const struct {
    const char* client;
    const char* decision;
  } cases[] = {{"127.0.0.1", "pass"},
               {"192.0.2.7", "pass"},
               {"198.51.100.9", "refuse"},
               {"203.0.113.9", "empty"},
               {"203.0.113.53", "pass"},
               {"198.18.0.1", "127.255.255.254 Query via public resolver"},
               {"198.19.0.1", "127.255.255.255 Excessive number of queries"},
               {"2001:db8::7", "pass"},
               {"::1", "pass"},
               {"8.8.8.8", "pass"},
               {"2001:db9::", "pass"}};
  for (const auto& c : cases) EXPECT_EQ(Decision(loaded, c.client), c.decision) << c.client;
}

TEST(AclFormat, EntriesThatSayNothingGetTheDefaultOfTheirFile) {
  const Loaded loaded = LoadTexts("acl", {"1.0.0.0/8\n:refuse\n2.0.0.0/8\n2001:db8::/32 # "
                                          "c\n=Empty\n3.0.0.0/8\n:5:closed to $\n4.0.0.0/8\n4.1.0.0/16 :6\n",
                                          "5.0.0.0/8\n"});
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{});
  EXPECT_EQ(Decision(loaded, "1.1.1.1"), "ignore");
  EXPECT_EQ(Decision(loaded, "2.1.1.1"), "refuse");
  EXPECT_EQ(Decision(loaded, "2001:db8::1"), "refuse");
  EXPECT_EQ(Decision(loaded, "3.1.1.1"), "empty");
  EXPECT_EQ(Decision(loaded, "4.9.1.1"), "127.0.0.5 closed to 4.9.1.1");
  EXPECT_EQ(Decision(loaded, "4.1.1.1"), "127.0.0.6 closed to 4.1.1.1");
  EXPECT_EQ(Decision(loaded, "5.1.1.1"), "ignore");
}

// Whoever a lost line refused would be let in.
TEST(AclFormat, WithABadLineIsNotUsed) {
  const std::pair<const char*, const char*> lines[] = {
      {"1.1.1.6 :passed", "bad A value in ':passed'"},
      {"0.0.0.0/0 =refuze", "bad keyword in '=refuze'"},
      {"!1.1.1.8", "bad address '!1.1.1.8'"},
      {"1.1.1.9/24", "bits after the prefix are set in '1.1.1.9/24'"},
      {"2001:db8::/129 :pass", "bad prefix '2001:db8::/129 :pass'"},
      {"$SOA 1 a b 0 1 1 1 1", "an access list has no $SOA or $NS: '$SOA 1 a b 0 1 1 1 1'"}};
  for (const auto& [line, what] : lines) {
    const Loaded loaded = LoadText("acl", "1.1.1.1 :pass\n" + std::string(line) + "\n1.1.1.2 :refuse\n");
    EXPECT_EQ(loaded.feed, nullptr) << line;
    EXPECT_EQ(loaded.error, "feed test: 1:2: " + std::string(what) + ": an access list with a bad line is not used");
  }
}

TEST(AclFormat, ThatBecomesEmptyIsNotUsed) {
  const Loaded before = LoadText("acl", "0/0 :refuse\n");
  ASSERT_NE(before.feed, nullptr) << before.error;
  const TempFolder folder;
  const FeedConfig config{.name = "test", .paths = {folder.Write("1", "# all gone\n")}, .format = "acl"};
  EXPECT_EQ(Load(config, before.feed.get()).error, "feed test: an access list that has become empty is not used");
  EXPECT_NE(LoadText("acl", "").feed, nullptr);
}

TEST(AclFormat, ReadsKeywordsAndValues) {
  const Loaded loaded = LoadText("acl",
                                 "1.1.1.1 :PASS\n1.1.1.2 =blackhole\n1.1.1.3:refuse;c\n1.1.1.4 :empty: x\n"
                                 "1.1.1.5 refuse\n$MAXRANGE4 256\n0/0 :refuse\n1.1.1.1 :refuse\n"
                                 "1.2 :empty\n2001:db8 =refuse\n$TTL 5m\n");
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{});
  EXPECT_EQ(loaded.feed->soa, std::nullopt);
  EXPECT_EQ(loaded.feed->ttl_seconds, 300u);
  EXPECT_EQ(Decision(loaded, "1.1.1.1"), "pass");
  EXPECT_EQ(Decision(loaded, "1.1.1.2"), "ignore");
  EXPECT_EQ(Decision(loaded, "1.1.1.3"), "refuse");
  EXPECT_EQ(Decision(loaded, "1.1.1.4"), "empty");
  EXPECT_EQ(Decision(loaded, "1.1.1.5"), "127.0.0.2 refuse");
  EXPECT_EQ(Decision(loaded, "1.1.1.6"), "refuse");
  EXPECT_EQ(Decision(loaded, "1.2.3.4"), "empty");
  EXPECT_EQ(Decision(loaded, "2001:db8:1::"), "refuse");
  EXPECT_EQ(Decision(loaded, "2001:db9::"), "pass");  // 0/0 is about IPv4
  EXPECT_EQ(loaded.report.duplicates, 1u);
}

TEST(AclFormat, ListsNothingAndOtherFormatsHaveNoRules) {
  const Loaded acl = LoadText("acl", "1.1.1.1 :pass\n2001:db8::1\n");
  EXPECT_EQ(acl.Ask("1.1.1.1"), "-");
  EXPECT_EQ(acl.feed->ip6, nullptr);
  EXPECT_EQ(LoadText("cidr", "1.1.1.1\n").feed->acl, nullptr);
  EXPECT_EQ(Decision(LoadText("acl", "# nobody\n"), "1.1.1.1"), "pass");
}

}  // namespace
}  // namespace rblitz
