#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "cli/config_values.h"
#include "cli/policy/rules.h"
#include "cli/policy/whitelist.h"

namespace rblitz::policy {
namespace {

// Files of a folder of their own, gone afterwards; what was wrong with their lines.
class PolicyWhitelist : public testing::Test {
 protected:
  PolicyWhitelist() {
    char name[] = "/tmp/rblitz-policy-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~PolicyWhitelist() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }
  [[nodiscard]] std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  ClientList Clients(const std::string& text) {
    return ClientList::Read({Write("clients", text)}, [this](const std::string& line) { bad_.push_back(line); })
        .value();
  }
  RecipientList Recipients(const std::string& text) {
    return RecipientList::Read({Write("recipients", text)}, [this](const std::string& line) { bad_.push_back(line); })
        .value();
  }

  std::string folder_;
  std::vector<std::string> bad_;
};

bool Has(const ClientList& list, const std::string& name, const std::string& address) {
  return list.Has(name, AddressFrom(address).value());
}

TEST_F(PolicyWhitelist, ClientsAreFoundByNameAddressAndPattern) {
  const ClientList list = Clients(
      "# a comment\n\nExample.com # and another\n  mail.example.org\r\n192.0.2.7\n198.51.100.0/25\n203.0.113\n"
      "100.64\n2001:db8:1::/48\n2001:db8:2::5\n233.252.0.7/24\n2001:db8:3::1/48\n/^mx\\d+\\.pattern\\.test$/\n/"
      "^(?:smtp\\w*|postfix)[0-9]+-g[0-9]+\\.free\\.fr$/\n");
  EXPECT_TRUE(bad_.empty()) << bad_[0];
  const struct {
    const char* name;
    const char* address;
    bool has;
  } cases[] = {
      {"unknown", "10.0.0.1", false},
      {"", "10.0.0.1", false},
      {"example.com", "10.0.0.1", true},
      {"a.b.EXAMPLE.com", "10.0.0.1", true},
      {"badexample.com", "10.0.0.1", false},
      {"example.com.evil.test", "10.0.0.1", false},
      {"mail.example.org", "10.0.0.1", true},
      {"example.org", "10.0.0.1", false},
      {"com", "10.0.0.1", false},
      {"unknown", "192.0.2.7", true},
      {"unknown", "192.0.2.8", false},
      {"unknown", "198.51.100.127", true},
      {"unknown", "198.51.100.128", false},
      {"unknown", "203.0.113.200", true},
      {"unknown", "203.0.114.1", false},
      {"unknown", "100.64.255.1", true},
      {"unknown", "100.65.0.1", false},
      {"unknown", "2001:db8:1:ffff::1", true},
      {"unknown", "2001:db8:2::5", true},
      {"unknown", "2001:db8:2::6", false},
      {"unknown", "::ffff:192.0.2.7", true},
      {"unknown", "233.252.0.255", true},
      {"unknown", "233.252.1.7", false},
      {"unknown", "2001:db8:3:ffff::", true},
      {"unknown", "2001:db8:4::1", false},
      {"mx17.pattern.test", "10.0.0.1", true},
      {"MX17.pattern.test", "10.0.0.1", true},
      {"amx17.pattern.test", "10.0.0.1", false},
      {"smtp3-g21.free.fr", "10.0.0.1", true},
  };
  for (const auto& [name, address, has] : cases) EXPECT_EQ(Has(list, name, address), has) << name << " " << address;
}

// However networks lie within and beside each other, what is found is what looking at each of them finds.
TEST_F(PolicyWhitelist, RandomNetworksAreFoundAsOneByOne) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::string text;
    std::vector<Ip6Prefix> networks;
    for (size_t i = random() % 30; i > 0; --i) {
      // Few bits differ, so that they meet.
      const std::string line = "10." + std::to_string(random() % 3) + "." + std::to_string(random() % 4 * 64) + "." +
                               std::to_string(random() % 4 * 64) + "/" + std::to_string(random() % 33);
      text += line + "\n";
      networks.push_back(ParseClients(line, HostPart::kIgnored).value());
    }
    const ClientList list = Clients(text);
    EXPECT_TRUE(bad_.empty());
    for (int i = 0; i < 300; ++i) {
      const Ip6Address address{.high = 0, .low = kV4MappedLow | (0x0a000000 + random() % 0x40000)};
      const bool has = std::ranges::any_of(networks, [&](const Ip6Prefix& network) { return IsIn(address, network); });
      ASSERT_EQ(list.Has("", address), has) << text;
    }
  }
}

TEST_F(PolicyWhitelist, RecipientsAreFoundByAddressLocalPartDomainAndPattern) {
  const RecipientList list =
      Recipients("postmaster@\nBob@Example.com\nnogrey.test\n/^list-.*@/\nfull+ext@example.com\n");
  EXPECT_TRUE(bad_.empty()) << bad_[0];
  const struct {
    const char* recipient;
    bool has;
  } cases[] = {
      {"postmaster@anywhere.test", true},
      {"PostMaster+x@anywhere.test", true},
      {"xpostmaster@anywhere.test", false},
      {"bob@example.com", true},
      {"bob+news@EXAMPLE.com", true},
      {"bob@sub.example.com", false},
      {"rob@example.com", false},
      {"any@nogrey.test", true},
      {"any@sub.nogrey.test", true},
      {"any@anogrey.test", false},
      {"list-17@example.com", true},
      {"alist-17@example.com", false},
      {"full+ext@example.com", true},
      {"full@example.com", false},
      {"", false},
      {"bob", false},
  };
  for (const auto& [recipient, has] : cases) EXPECT_EQ(list.Has(recipient), has) << recipient;
}

TEST_F(PolicyWhitelist, BadLinesAreToldAndTheOthersCount) {
  const ClientList list = Clients("192.0.2.300\nfine.test\n/(?=look)ahead/\n/un(closed/\ntwo words\n10.0.0.1/33\n/\n");
  EXPECT_TRUE(Has(list, "fine.test", "10.0.0.1"));
  ASSERT_EQ(bad_.size(), 6u);
  EXPECT_EQ(bad_[0].find(Path("clients") + ":1: "), 0u) << bad_[0];
  EXPECT_NE(bad_[1].find(":3: bad pattern: "), std::string::npos) << bad_[1];
  bad_.clear();
  EXPECT_TRUE(Recipients("a b\n@\nok@\n").Has("ok@test"));
  EXPECT_EQ(bad_.size(), 2u);
}

TEST_F(PolicyWhitelist, AFileMustBeThereUnlessItIsLocal) {
  const auto none = [](const std::string& line) { FAIL() << line; };
  EXPECT_FALSE(ClientList::Read({Path("absent")}, none));
  EXPECT_TRUE(ClientList::Read({Path("absent.local")}, none));
  EXPECT_FALSE(RecipientList::Read({Path("absent")}, none));
}

// Time is linear whatever the pattern: a backtracking engine would need longer than the universe has.
TEST_F(PolicyWhitelist, NoPatternIsSlow) {
  const ClientList list = Clients("/^(a+)+$/\n/(x*)*y/\n");
  EXPECT_FALSE(Has(list, std::string(200, 'a') + "!", "10.0.0.1"));
  EXPECT_FALSE(Has(list, std::string(200, 'x'), "10.0.0.1"));
  EXPECT_TRUE(Has(list, std::string(200, 'a'), "10.0.0.1"));
}

// More than RE2 puts into one set of them.
TEST_F(PolicyWhitelist, ManyPatternsAreAllTried) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "/^host" + std::to_string(i) + "-[a-z]+[0-9]*\\.example[.]org$/\n";
  const ClientList list = Clients(text);
  EXPECT_EQ(bad_.size(), 0u);
  EXPECT_TRUE(Has(list, "host19999-a7.example.org", "192.0.2.1"));
  EXPECT_TRUE(Has(list, "host0-abc.example.org", "192.0.2.1"));
  EXPECT_FALSE(Has(list, "host20000-a.example.org", "192.0.2.1"));
}

}  // namespace
}  // namespace rblitz::policy
