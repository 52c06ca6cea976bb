// [[heat]] of the configuration, and feeds of heat: what they say, and what is wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/config_values.h"

namespace rblitz {
namespace {

using testing::ElementsAre;

const std::string kFeeds = R"([server]
listen = ["127.0.0.1:5300"]
[[feed]]
name = "map"
path = "map.png"
format = "heat-png"
[[feed]]
name = "list"
path = "list.txt"
format = "cidr"
[[feed]]
name = "block"
path = "block.txt"
format = "heat-dshield"
)";

TEST(ConfigHeat, TheLeastHasTheDefaultsOfTheManual) {
  const auto config = ParseConfig(kFeeds + "[[heat]]\nzone = \"Heat.example.com.\"\nfeeds = [\"map\", \"block\"]\n",
                                  "/etc/rblitz/r.toml");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->zones.size(), 1u);
  const ZoneConfig& zone = config->zones[0];
  EXPECT_EQ(zone.name, "heat.example.com");
  EXPECT_THAT(zone.feeds, ElementsAre(0, 2));
  ASSERT_TRUE(zone.heat);
  EXPECT_THAT(zone.heat->levels, ElementsAre(24, 20, 16));
  EXPECT_THAT(zone.heat->levels6, ElementsAre(64, 56, 48));
  EXPECT_EQ(zone.heat->min_score, 64);
  EXPECT_EQ(zone.heat->round, 1);
  EXPECT_FALSE(zone.heat->all);
  EXPECT_FALSE(zone.heat->plain);
  EXPECT_EQ(zone.heat->join, HeatJoin::kMax);
  EXPECT_EQ(config->feeds[0].feed.heat, HeatOptions{});
  EXPECT_TRUE(zone.allow.empty());
}

TEST(ConfigHeat, SaysWhatItIsTold) {
  const auto config = ParseConfig(R"([server]
listen = ["127.0.0.1:5300"]
[[feed]]
name = "map"
path = "map.png"
format = "heat-png"
palette = "colours.txt"
label_mask = "18x10"
tolerance = 12
weight = 0.5
[[feed]]
name = "luma"
path = "map.png"
format = "heat-png"
palette = "luma"
[[feed]]
name = "counts"
path = "counts.txt"
format = "heat-list"
list_format = "ip4set"
hits = true
scale = "linear"
scale_max = 100
weight = 2
[[feed]]
name = "times"
path = "times.txt"
format = "heat-times"
half_life = "7d"
scale = "log"
[[heat]]
zone = "heat.example.com"
feeds = ["map", "counts"]
levels = [22, 16, 8]
levels6 = [64, 32]
min_score = 1
answer = "all"
mode = "score"
round = 16
join = "sum"
traffic = false
ttl = "1h"
soa = "ns.example.com hostmaster.example.com 0 1h 10m 5d 5m"
ns = ["ns.example.com"]
allow = ["10.0.0.0/8"]
[[heat]]
zone = "plain.example.com"
feeds = ["map"]
mode = "plain"
)",
                                  "/etc/rblitz/r.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(
      config->feeds[0].feed.heat,
      (HeatOptions{
          .weight = 0.5, .palette = "/etc/rblitz/colours.txt", .mask_width = 18, .mask_height = 10, .tolerance = 12}));
  EXPECT_EQ(config->feeds[1].feed.heat.palette, "luma");
  EXPECT_EQ(
      config->feeds[2].feed.heat,
      (HeatOptions{.weight = 2, .scale = HeatScale::kLinear, .scale_max = 100, .hits = true, .list_format = "ip4set"}));
  EXPECT_EQ(config->feeds[3].feed.heat, (HeatOptions{.half_life_seconds = 7 * 86400}));
  const ZoneConfig& zone = config->zones[0];
  EXPECT_THAT(zone.heat->levels, ElementsAre(22, 16, 8));
  EXPECT_THAT(zone.heat->levels6, ElementsAre(64, 32));
  EXPECT_EQ(zone.heat->min_score, 1);
  EXPECT_EQ(zone.heat->round, 16);
  EXPECT_TRUE(zone.heat->all);
  EXPECT_EQ(zone.heat->join, HeatJoin::kSum);
  EXPECT_EQ(zone.ttl_seconds, 3600u);
  EXPECT_EQ(zone.soa->mname, "ns.example.com");
  EXPECT_EQ(zone.ns->names.size(), 1u);
  EXPECT_EQ(zone.allow.size(), 1u);
  EXPECT_TRUE(config->zones[1].heat->plain);
}

TEST(ConfigHeat, TrafficNeedsNoFeeds) {
  const auto config = ParseConfig(
      "[server]\nlisten = [\"127.0.0.1:5300\"]\n[[heat]]\nzone = \"h.example\"\ntraffic = true\n"
      "[traffic]\nhalf_life = \"6h\"\npublish = 5\nscale_max = 100\n",
      "r.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->zones[0].heat->traffic);
  EXPECT_TRUE(config->zones[0].feeds.empty());
  EXPECT_EQ(config->traffic.half_life_seconds, 6u * 3600);
  EXPECT_EQ(config->traffic.publish_seconds, 5u);
  EXPECT_EQ(config->traffic.scale_max, 100);
}

TEST(ConfigHeat, SaysWhatIsWrong) {
  const std::string kZone = "[[heat]]\nzone = \"h.example\"\nfeeds = [\"map\"]\n";
  const struct {
    std::string text;
    const char* error;
  } cases[] = {
      {"[[heat]]\n", "r.toml:15: heat.zone: is missing\nr.toml:15: heat.feeds: is missing"},
      {"[[heat]]\nzone = \"h.example\"\nfeeds = [\"list\"]\n",
       "r.toml:17: heat.feeds: 'list' is of format cidr, which is no heat"},
      {"[[heat]]\nzone = \"h.example\"\nfeeds = [\"none\"]\n", "r.toml:17: heat.feeds: there is no feed 'none'"},
      {kZone + "levels = []\n", "r.toml:18: heat.levels: must have 1 to 6 lengths"},
      {kZone + "levels = [24, 22, 20, 18, 16, 14, 12]\n", "r.toml:18: heat.levels: must have 1 to 6 lengths"},
      {kZone + "levels = [16, 24]\n",
       "r.toml:18: heat.levels: must be even lengths from 24 to 8, the most specific first"},
      {kZone + "levels = [24, 24]\n",
       "r.toml:18: heat.levels: must be even lengths from 24 to 8, the most specific first"},
      {kZone + "levels = [23]\n", "r.toml:18: heat.levels: must be even lengths from 24 to 8, the most specific first"},
      {kZone + "levels6 = [64, 60]\n",
       "r.toml:18: heat.levels6: must be some of 64, 56, 48, 40 and 32, the most specific first"},
      {kZone + "levels6 = [48, 64]\n",
       "r.toml:18: heat.levels6: must be some of 64, 56, 48, 40 and 32, the most specific first"},
      {kZone + "min_score = 0\n", "r.toml:18: heat.min_score: must be a number from 1 to 255"},
      {kZone + "round = 256\n", "r.toml:18: heat.round: must be a number from 1 to 255"},
      {kZone + "answer = \"some\"\n", "r.toml:18: heat.answer: 'some' is neither first nor all"},
      {kZone + "mode = \"dull\"\n", "r.toml:18: heat.mode: 'dull' is neither score nor plain"},
      {kZone + "join = \"mean\"\n", "r.toml:18: heat.join: 'mean' is neither max nor sum"},
      {kZone + "mode = \"plain\"\nanswer = \"all\"\n",
       "r.toml:19: heat.answer: means nothing in mode plain, which has one answer"},
      {kZone + "[traffic]\nhalf_life = 0\n", "r.toml:19: traffic.half_life: must be at least 1s"},
      {kZone + "[traffic]\nscale_max = 0\n", "r.toml:19: traffic.scale_max: must be a number from 1 to 1e+15"},
      {kZone + "[traffic]\nevery = 2\n", "r.toml:19: traffic.every: is not known to this version"},
      {kZone + "except = [\"list\"]\n", "r.toml:18: heat.except: is not known to this version"},
      {kZone + kZone, "r.toml:19: heat.zone: there are two zones 'h.example'"},
      {"[[zone]]\nname = \"z.example\"\nfeeds = [\"map\"]\n",
       "r.toml:17: zone.feeds: 'map' is of format heat-png, which belongs in [[heat]]"},
      {kZone + "[[feed]]\nname = \"x\"\npath = \"x\"\nformat = \"heat\"\nscale = \"log\"\n",
       "r.toml:22: feed.scale: means nothing in format 'heat'"},
      {kZone + "[[feed]]\nname = \"x\"\npath = \"x\"\nformat = \"heat-png\"\nhalf_life = \"1d\"\n",
       "r.toml:22: feed.half_life: means nothing in format 'heat-png'"},
      {kZone + "[[feed]]\nname = \"x\"\npath = \"x\"\nformat = \"heat\"\nhalf_life = 0\n",
       "r.toml:22: feed.half_life: must be at least 1s"},
      {kZone + "[[feed]]\nname = \"x\"\npath = \"x\"\nformat = \"heat\"\nweight = 0\n",
       "r.toml:22: feed.weight: must be a number from 0.01 to 100"},
      {kZone + "[[feed]]\nname = \"x\"\npath = \"x\"\nformat = \"heat-png\"\nlabel_mask = \"18\"\n",
       "r.toml:22: feed.label_mask: '18' is no WIDTHxHEIGHT in pixels, at most 256x256"},
      {kZone + "[[feed]]\nname = \"x\"\npath = \"x\"\nformat = \"heat-list\"\nlist_format = \"heat\"\n",
       "r.toml:22: feed.list_format: 'heat' is no format of lists of addresses"},
      {kZone + "[[feed]]\nname = \"x\"\npath = \"x\"\nformat = \"heat\"\na = \"127.0.0.3\"\n",
       "r.toml:22: feed.a: means nothing in a feed of heat: it has scores, not entries that answer"},
      {kZone + "[[feed]]\nname = \"x\"\npath = \"x\"\nformat = \"cidr\"\nweight = 1\n",
       "r.toml:22: feed.weight: is not known to this version"},
  };
  for (const auto& [text, error] : cases) {
    const auto config = ParseConfig(kFeeds + text, "r.toml");
    EXPECT_EQ(config ? "nothing" : config.error().message, error) << text;
  }
}

}  // namespace
}  // namespace rblitz
