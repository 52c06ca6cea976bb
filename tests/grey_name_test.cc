#include "cli/grey_name.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace rblitz {
namespace {

constexpr const char* kBob = "cac03031d808b1e889167915256e0703";
constexpr const char* kAlice = "5190f9ee3f5ecffd1ae44410eba1d525";
constexpr const char* kNobody = "ca5b775935ab3909cb45dd931c75dc51";
constexpr const char* kDomain = "b60738d91131dc00";

GreyKey Key() { return GreyKey::FromText("s3cret").value(); }

std::string Name(const GreyMail& mail) {
  const Result<std::string> name = GreyName(mail, Key());
  return name ? *name : "error: " + name.error().message;
}

TEST(GreyName, IsThatOfTheProtocol) {
  EXPECT_EQ(
      Name({.client = "192.0.2.4", .sender = "Alice@Example.com", .recipient = "bob@test"}) + ".grey.test.example",
      "cac03031d808b1e889167915256e0703.5190f9ee3f5ecffd1ae44410eba1d525.4.2.0.192.grey.test.example");
}

TEST(GreyName, ReversesTheClientsAddress) {
  const std::pair<const char*, const char*> cases[] = {
      {"192.0.2.4", "4.2.0.192"},
      {"255.254.9.0", "0.9.254.255"},
      {"2001:db8::1a", "a.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"},
      {"::FFFF:192.0.2.4", "4.2.0.192"},
      {"::ffff:c000:204", "4.2.0.192"},
      {"::", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"},
  };
  for (const auto& [client, reversed] : cases) {
    EXPECT_EQ(Name({.client = client, .sender = "alice@example.com", .recipient = "bob@test"}),
              std::string(kBob) + "." + kAlice + "." + reversed);
  }
}

TEST(GreyName, RefusesWhatIsNoAddress) {
  for (const char* client :
       {"", "192.0.2", "192.0.2.256", "192.0.2.4 ", "192.0.2.0/24", "fe80::1%eth0", "g::", "host"}) {
    EXPECT_EQ(Name({.client = client, .sender = "a@b", .recipient = "c@d"}).find("error: "), 0u) << client;
  }
  EXPECT_EQ(Name({.client = "192.0.2.4", .sender = "a@b", .recipient = "<>"}), "error: the recipient is empty");
}

TEST(GreyName, TakesAddressesWithAndWithoutBrackets) {
  const std::pair<const char*, const char*> senders[] = {
      {"<Alice@Example.com>", kAlice}, {"ALICE@EXAMPLE.COM", kAlice}, {"", kNobody}, {"<>", kNobody}};
  for (const auto& [sender, hash] : senders) {
    for (const char* recipient : {"bob@test", "<BOB@TEST>"}) {
      EXPECT_EQ(Name({.client = "192.0.2.4", .sender = sender, .recipient = recipient}),
                std::string(kBob) + "." + hash + ".4.2.0.192");
    }
  }
  // One of them alone is a part of the address.
  EXPECT_NE(Name({.client = "192.0.2.4", .sender = "<alice@example.com", .recipient = "bob@test"}),
            Name({.client = "192.0.2.4", .sender = "alice@example.com", .recipient = "bob@test"}));
}

TEST(GreyName, LowersAsciiAlone) {
  EXPECT_EQ(GreyRecipient("b\xc3\xb6"
                          "b@T\xc3\x8bST",
                          Key())
                .value(),
            "7d6504c34b2cd0fb9e87d697e1f9c627");
}

TEST(GreyName, HasTheOptionsThatItIsGiven) {
  const std::string d = std::string("d") + kDomain;
  const struct {
    const char* sender;
    bool domain, aligned, look;
    std::string label;
  } cases[] = {
      {"a@Example.com", false, false, false, ""},
      {"a@Example.com", true, false, false, "o-" + d + "."},
      {"a@Example.com", true, true, false, "o-" + d + "f."},
      {"a@Example.com", false, true, false, "o-" + d + "f."},
      {"a@Example.com", true, true, true, "o-" + d + "fn."},
      {"a@Example.com", false, false, true, "o-n."},
      {"\"a@b\"@example.com", true, false, false, "o-" + d + "."},
      {"<>", true, true, false, ""},
      {"postmaster", true, true, true, "o-n."},
      {"a@", true, false, false, ""},
  };
  for (const auto& [sender, domain, aligned, look, label] : cases) {
    const std::string name = Name({.client = "192.0.2.4",
                                   .sender = sender,
                                   .recipient = "bob@test",
                                   .tells_domain = domain,
                                   .is_aligned = aligned,
                                   .looks_only = look});
    ASSERT_EQ(name.size(), 66 + label.size() + 9) << name;
    EXPECT_EQ(name.substr(66), label + "4.2.0.192") << sender;
  }
}

class GreyKeyFile : public testing::Test {
 protected:
  GreyKeyFile() {
    char name[] = "/tmp/rblitz-key-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~GreyKeyFile() override { std::filesystem::remove_all(folder_); }

  // What is hashed with the key of such a file, or the error.
  std::string Hashed(const std::string& text, mode_t mode = 0600) {
    std::ofstream(file()) << text;
    chmod(file().c_str(), mode);
    const auto key = GreyKey::Read(file());
    return key ? key->Hash("bob@test", 32) : key.error().message;
  }
  [[nodiscard]] std::string file() const { return folder_ + "/key"; }

  std::string folder_;
};

TEST_F(GreyKeyFile, HasTheKeyAsItsFirstLine) {
  for (const char* text : {"s3cret", "s3cret\n", "s3cret\r\n", "s3cret\nmore\n", "s3cret\n\n"}) {
    EXPECT_EQ(Hashed(text), kBob) << text;
  }
  for (const char* text : {"s3cret ", " s3cret", "S3cret", "s3cret|", "s3\rcret"})
    EXPECT_NE(Hashed(text), kBob) << text;
  EXPECT_EQ(Hashed(std::string(4096, 'k') + "\n").size(), 32u);
}

TEST_F(GreyKeyFile, IsRefusedWithoutAKey) {
  for (const char* text : {"", "\n", "\r\n", "\ns3cret\n"}) EXPECT_EQ(Hashed(text), file() + ": the key is empty");
  EXPECT_EQ(Hashed(std::string(4097, 'k')), file() + ": a key has at most 4096 bytes");
  EXPECT_EQ(Hashed(std::string(100000, 'k')), file() + ": a key has at most 4096 bytes");
  EXPECT_EQ(GreyKey::Read(folder_ + "/none").error().message,
            folder_ + "/none: cannot read the key: No such file or directory");
  chmod(folder_.c_str(), 0700);
  EXPECT_EQ(GreyKey::Read(folder_).error().message, folder_ + ": cannot read the key: Is a directory");
}

TEST_F(GreyKeyFile, IsARegularFileWhateverLeadsToIt) {
  ASSERT_EQ(Hashed("s3cret\n"), kBob);
  const std::string link = folder_ + "/link";
  ASSERT_EQ(symlink(file().c_str(), link.c_str()), 0);
  EXPECT_TRUE(GreyKey::Read(link));
  chmod(file().c_str(), 0644);
  EXPECT_EQ(GreyKey::Read(link).error().message, link + ": others than its owner may read the key: chmod 600 " + link);
  const std::string fifo = folder_ + "/fifo";  // with nobody at its other end
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(GreyKey::Read(fifo).error().message, fifo + ": the key must be in a regular file");
  EXPECT_EQ(GreyKey::Read("/dev/null").error().message, "/dev/null: the key must be in a regular file");
}

TEST_F(GreyKeyFile, BelongsToRootOrToWhoUsesIt) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: files cannot be given away";
  ASSERT_EQ(Hashed("s3cret\n"), kBob);
  ASSERT_EQ(chown(file().c_str(), 12345, 12345), 0);
  EXPECT_EQ(GreyKey::Read(file()).error().message,
            file() + ": the key belongs to user 12345, neither to root nor to who uses it: chown root " + file());
  EXPECT_FALSE(GreyKey::Read(file(), 12346));
  EXPECT_TRUE(GreyKey::Read(file(), 12345));
  EXPECT_TRUE(GreyKey::Read(file(), GreyKey::kAnybody));
  ASSERT_EQ(chmod(file().c_str(), 0640), 0);
  EXPECT_FALSE(GreyKey::Read(file(), GreyKey::kAnybody));
}

TEST_F(GreyKeyFile, IsRefusedWhereOthersMayReadIt) {
  for (const mode_t mode : {0644u, 0640u, 0604u, 0620u, 0601u}) {
    EXPECT_EQ(Hashed("s3cret\n", mode), file() + ": others than its owner may read the key: chmod 600 " + file());
  }
  for (const mode_t mode : {0600u, 0400u}) EXPECT_EQ(Hashed("s3cret\n", mode), kBob);
  for (const mode_t mode : {0700u, 0500u, 0100u}) {
    if (mode == 0100u && geteuid() != 0) continue;  // who cannot read it does not come so far
    EXPECT_EQ(Hashed("s3cret\n", mode), file() + ": the key's file is executable: chmod 600 " + file());
  }
}

}  // namespace
}  // namespace rblitz
