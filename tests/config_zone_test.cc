// What a zone of the configuration says besides its feeds: who may ask, and what is never listed.
#include <gtest/gtest.h>

#include <string>

#include "cli/config.h"
#include "cli/config_values.h"

namespace rblitz {
namespace {

constexpr const char* kHead = R"([server]
listen = ["127.0.0.1:5300"]
[[feed]]
name = "data"
path = "data.txt"
format = "cidr"
[[feed]]
name = "own"
path = "own.txt"
format = "domains"
[[feed]]
name = "clients"
path = "clients.txt"
format = "acl"
[[feed]]
name = "records"
path = "records.txt"
format = "generic"
[[zone]]
name = "bl.test"
)";

std::string ErrorOf(const std::string& zone) {
  const auto config = ParseConfig(kHead + zone, "r.toml");
  return config ? "" : config.error().message;
}

TEST(ConfigZone, SortsItsFeedsByWhatTheyAreFor) {
  const auto config = ParseConfig(std::string(kHead) + R"(feeds = ["clients", "data", "records"]
except = ["own"]
join = false
allow = ["127.0.0.0/8", "::1", "2001:db8::/32", "192.0.2.7", "0.0.0.0/0"]
)",
                                  "r.toml");
  ASSERT_TRUE(config) << config.error().message;
  const ZoneConfig& zone = config->zones.at(0);
  EXPECT_EQ(zone.feeds, (std::vector<uint32_t>{0, 3}));
  EXPECT_EQ(zone.access, std::vector<uint32_t>{2});
  EXPECT_EQ(zone.except, std::vector<uint32_t>{1});
  EXPECT_EQ(zone.join, false);
  std::vector<std::string> allow;
  for (const Ip6Prefix& clients : zone.allow) allow.push_back(ClientsText(clients));
  EXPECT_EQ(allow, (std::vector<std::string>{"127.0.0.0/8", "::1", "2001:db8::/32", "192.0.2.7", "0.0.0.0/0"}));
  EXPECT_EQ(zone.allow[0].length, 104);
}

TEST(ConfigZone, WithoutThemIsOpenAndHasNoExceptions) {
  const auto config = ParseConfig(std::string(kHead) + "feeds = [\"data\"]\n", "r.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->zones[0].allow.empty() && config->zones[0].access.empty() && config->zones[0].except.empty());
  EXPECT_FALSE(config->zones[0].join.has_value());
}

TEST(ConfigZone, MistakesAreToldWithTheirPlace) {
  const std::string data = "feeds = [\"data\"]\n";
  for (const auto& [zone, error] : std::vector<std::pair<std::string, std::string>>{
           {"feeds = [\"clients\"]\n",
            "r.toml:21: zone.feeds: names access lists only: there is nothing to answer from"},
           {data + "except = []\n", "r.toml:22: zone.except: is empty"},
           {data + "join = \"yes\"\n", "r.toml:22: zone.join: must be true or false"},
           {data + "except = [\"nobody\"]\n", "r.toml:22: zone.except: there is no feed 'nobody'"},
           {data + "except = [\"own\", \"own\"]\n", "r.toml:22: zone.except: names 'own' twice"},
           {data + "except = [\"data\"]\n", "r.toml:22: zone.except: 'data' is one of its feeds too"},
           {data + "except = [\"clients\"]\n",
            "r.toml:22: zone.except: 'clients' is of format acl, not a list of addresses, names or digests"},
           {data + "except = [\"records\"]\n",
            "r.toml:22: zone.except: 'records' is of format generic, not a list of addresses, names or digests"},
           {data + "allow = []\n", "r.toml:22: zone.allow: is empty: nobody could ask"},
           {data + "allow = [\"10.0.0.1/8\"]\n",
            "r.toml:22: zone.allow: bits after the prefix are set in '10.0.0.1/8'"},
           {data + "allow = [\"10.0.0.0/33\"]\n", "r.toml:22: zone.allow: bad prefix '10.0.0.0/33'"},
           {data + "allow = [\"10.0.0.0/\"]\n", "r.toml:22: zone.allow: bad prefix '10.0.0.0/'"},
           {data + "allow = [\"::/129\"]\n", "r.toml:22: zone.allow: bad prefix '::/129'"},
           {data + "allow = [\"10/8\"]\n",
            "r.toml:22: zone.allow: bad address '10/8' (as in 10.0.0.0/8 or 2001:db8::/32)"}}) {
    EXPECT_EQ(ErrorOf(zone), error);
  }
}

}  // namespace
}  // namespace rblitz
