// [[greylist]] of the configuration: what it says, what is wrong with it, what needs a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/config_values.h"

namespace rblitz {
namespace {

const std::string kFeeds = R"([server]
listen = ["127.0.0.1:5300"]
[[feed]]
name = "good"
path = "good.txt"
format = "cidr"
[[feed]]
name = "out"
path = "out.txt"
format = "hash"
)";

const std::string kLeast = kFeeds + R"([[greylist]]
zone = "Grey.example.com."
key_file = "grey.key"
store = "grey"
)";

TEST(ConfigGrey, TheLeastHasTheDefaultsOfTheManual) {
  const auto config = ParseConfig(kLeast, "/etc/rblitz/r.toml");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->greylists.size(), 1u);
  const GreylistConfig& grey = config->greylists[0];
  EXPECT_EQ(grey.zone.name, "grey.example.com");
  EXPECT_EQ(grey.key_file, "/etc/rblitz/grey.key");
  EXPECT_EQ(grey.store, "/etc/rblitz/grey");
  EXPECT_EQ(grey.rules.delay_seconds, 300u);
  EXPECT_EQ(grey.rules.window_seconds, 24u * 3600);
  EXPECT_EQ(grey.rules.lifetime_seconds, 35u * 24 * 3600);
  EXPECT_EQ(grey.rules.credits, 5u);
  EXPECT_EQ(grey.rules.new_rows, 256u);
  EXPECT_EQ(grey.masks, (GreyMasks{.ip4 = 24, .ip6 = 64}));
  EXPECT_EQ(grey.max_triplets, 10000000u);
  EXPECT_EQ(grey.journal_interval_ms, 200u);
  EXPECT_FALSE(grey.observe);
  ASSERT_EQ(grey.zone.allow.size(), 2u);
  EXPECT_EQ(ClientsText(grey.zone.allow[0]), "127.0.0.0/8");
  EXPECT_EQ(ClientsText(grey.zone.allow[1]), "::1");
  EXPECT_EQ(grey.zone.ttl_seconds, 0u);
  EXPECT_EQ(grey.zone.soa->minimum_seconds, 0u);
  EXPECT_TRUE(config->warnings.empty());
}

TEST(ConfigGrey, SaysWhatItIsTold) {
  const auto config = ParseConfig(kLeast + R"(delay = "2s"
window = "1h"
lifetime = "7d"
auto_whitelist = 0
new_per_network = 10
mask_v4 = 32
mask_v6 = 56
max_triplets = 5000
journal_interval = "1s"
allow = ["10.0.0.0/8"]
pass_feeds = ["good"]
block_feeds = ["good"]
optout_feeds = ["out"]
observe = true
)",
                                  "r.toml");
  ASSERT_TRUE(config) << config.error().message;
  const GreylistConfig& grey = config->greylists[0];
  EXPECT_EQ(grey.rules.delay_seconds, 2u);
  EXPECT_EQ(grey.rules.credits, 0u);
  EXPECT_EQ(grey.rules.new_rows, 10u);
  EXPECT_EQ(grey.masks, (GreyMasks{.ip4 = 32, .ip6 = 56}));
  EXPECT_EQ(grey.journal_interval_ms, 1000u);
  EXPECT_EQ(grey.zone.feeds, std::vector<uint32_t>{0});
  EXPECT_EQ(grey.block, std::vector<uint32_t>{0});
  EXPECT_EQ(grey.opted_out, std::vector<uint32_t>{1});
  EXPECT_TRUE(grey.observe);
  EXPECT_THAT(config->warnings,
              testing::ElementsAre(testing::StartsWith("r.toml:15: greylist.delay: is under a minute")));
}

TEST(ConfigGrey, RefusesWhatCannotBe) {
  const struct {
    const char* line;
    const char* wrong;
  } rows[] = {
      {"delay = 0", "greylist.delay: must be at least 1s"},
      {"window = \"5m\"", "greylist.window: must be longer than delay"},
      {"lifetime = \"1h\"", "greylist.lifetime: must not be shorter than window"},
      {"lifetime = \"400d\"", "greylist.lifetime: must be at most 366d"},
      {"auto_whitelist = 6", "greylist.auto_whitelist: "},
      {"new_per_network = 0", "greylist.new_per_network: "},
      {"mask_v4 = 33", "greylist.mask_v4: "},
      {"mask_v6 = 65", "greylist.mask_v6: "},
      {"max_triplets = 10", "greylist.max_triplets: "},
      {"journal_interval = \"1ms\"", "greylist.journal_interval: must be from 10ms to 60s"},
      {"journal_interval = \"xms\"", "greylist.journal_interval: bad time 'xms'"},
      {"allow = []", "greylist.allow: is empty"},
      {"pass_feeds = [\"out\"]", "greylist.pass_feeds: 'out' is of format hash, not a list of addresses"},
      {"block_feeds = [\"none\"]", "greylist.block_feeds: there is no feed 'none'"},
      {"optout_feeds = [\"good\"]", "greylist.optout_feeds: 'good' is of format cidr, not a list of digests"},
      {"nonsense = 1", "greylist.nonsense: is not known to this version"},
      {"[[greylist]]\nzone = \"grey.example.com\"\nkey_file = \"k\"\nstore = \"other\"", "there are two zones"},
      {"[[greylist]]\nzone = \"g2.example.com\"\nkey_file = \"k\"\nstore = \"grey\"", "is another greylist's too"},
      {"[[greylist]]\nzone = \"g2.example.com\"", "greylist.key_file: is missing"},
  };
  for (const auto& [line, wrong] : rows) {
    const auto config = ParseConfig(kLeast + line + "\n", "r.toml");
    ASSERT_FALSE(config) << line;
    EXPECT_THAT(config.error().message, testing::HasSubstr(wrong)) << line;
  }
}

TEST(ConfigGrey, WhatCannotChangeStaysUntilARestart) {
  const auto running = ParseConfig(kLeast, "r.toml");
  auto next = ParseConfig(kFeeds + R"([[greylist]]
zone = "grey.example.com"
key_file = "grey.key"
store = "elsewhere"
mask_v4 = 28
delay = "10m"
[[greylist]]
zone = "new.example.com"
key_file = "grey.key"
store = ""
)",
                          "r.toml");
  ASSERT_TRUE(running && next) << next.error().message;
  EXPECT_THAT(NeedsRestart(*running, *next),
              testing::ElementsAre("greylist.store of grey.example.com", "greylist.mask_v4 of grey.example.com",
                                   "greylist.zone of new.example.com"));
  KeepUntilRestart(*running, &*next);
  ASSERT_EQ(next->greylists.size(), 1u);
  EXPECT_EQ(next->greylists[0].store, running->greylists[0].store);
  EXPECT_EQ(next->greylists[0].masks, running->greylists[0].masks);
  EXPECT_EQ(next->greylists[0].rules.delay_seconds, 600u);
}

}  // namespace
}  // namespace rblitz
