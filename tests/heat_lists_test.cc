// Lists that are counted as heat, what guards say of heat, and IPv4 that is written as IPv6.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <span>

#include "tests/heat_feeds.h"

namespace rblitz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HeatLists, CountsListsByDistinctAddresses) {
  const HeatOptions linear{.scale = HeatScale::kLinear};
  const char* const list =
      "192.0.2.1\n192.0.2.1\n192.0.2.2\n# x\n198.51.100.0/25\n198.51.100.5\n198.51.100.100-198.51.100.200\n"
      "198.51.100.250\n203.0.112.0/22\n2001:db8::1\n";
  const Loaded loaded = LoadHeat("heat-list", list, linear);
  EXPECT_EQ(HeatOf(loaded, "192.0.2.0"), 2);
  EXPECT_EQ(HeatOf(loaded, "198.51.100.0"), 202);
  EXPECT_EQ(HeatOf(loaded, "203.0.115.0"), 255) << "256 is more than a score can be";
  EXPECT_EQ(Heat6Of(loaded, "2001:db8::", 64), 1);
  EXPECT_EQ(loaded.report.rejected, 0u);
  const Loaded hits = LoadHeat("heat-list", list, {.scale = HeatScale::kLinear, .hits = true});
  EXPECT_EQ(HeatOf(hits, "192.0.2.0"), 3);
  EXPECT_EQ(HeatOf(hits, "198.51.100.0"), 128 + 1 + 101 + 1);
}

// With hits each line counts for all of its addresses, as often as it is given.
TEST(HeatLists, CountsHitsAsANaiveTwinDoes) {
  std::mt19937 random(2);
  std::string list = "0.0.0.0-0.0.0.9\n0.0.0.0\n255.255.255.0/24\n255.255.255.254/31\n255.255.255.255\n";
  std::map<uint32_t, unsigned> model = {{0, 11}, {0xffffff, 256 + 2 + 1}};  // by /24
  for (int i = 0; i < 3000; ++i) {
    const auto first = static_cast<uint32_t>(0x0a000000 + random() % 20000);
    const auto last = random() % 2 == 0 ? first + static_cast<uint32_t>(random() % 700) : first;
    list += Dotted(htonl(first)) + (last == first ? "" : "-" + Dotted(htonl(last))) + "\n";
    for (uint32_t address = first; address <= last; ++address) ++model[address >> 8];
  }
  const Loaded loaded = LoadHeat("heat-list", list, {.scale = HeatScale::kLinear, .scale_max = 20000, .hits = true});
  EXPECT_EQ(loaded.report.entries, model.size());
  for (const auto& [cell, hits] : model) {
    ASSERT_EQ(loaded.feed->heat->at(cell), std::max(1l, std::lround(255.0 * hits / 20000))) << cell;
  }
}

TEST(HeatLists, HitsOfWideNetworksCostNoMoreThanOthers) {
  std::string list;
  for (int i = 0; i < 100000; ++i) list += i % 2 == 0 ? "128.0.0.0/1\n" : "0.0.0.0/1\n";
  const Loaded loaded = LoadHeat("heat-list", list, {.scale = HeatScale::kLinear, .scale_max = 25.6e6, .hits = true});
  EXPECT_EQ(loaded.report.entries, uint64_t{1} << 24);
  EXPECT_EQ(HeatOf(loaded, "200.0.0.0"), 128);
}

TEST(HeatLists, CountsListsInOtherGrammars) {
  const Loaded loaded = LoadHeat("heat-list", ":127.0.0.3:text\n192.0.2.0/30\n!192.0.2.1\n198.51.100.7 :4:x\n",
                                 {.scale = HeatScale::kLinear, .list_format = "ip4set"});
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  EXPECT_EQ(HeatOf(loaded, "192.0.2.0"), 4);
  EXPECT_EQ(HeatOf(loaded, "198.51.100.0"), 1);
  EXPECT_THAT(loaded.report.notes, ElementsAre(HasSubstr("1 entries list no addresses")));
}

TEST(HeatLists, CountsListsAsANaiveTwinDoes) {
  std::mt19937 random(1);
  std::string list;
  std::map<uint32_t, std::set<uint32_t>> model;  // addresses by /24
  for (int i = 0; i < 3000; ++i) {
    const auto first = static_cast<uint32_t>(0x0a000000 + random() % 20000);
    const auto last = random() % 4 == 0 ? first + static_cast<uint32_t>(random() % 700) : first;
    list += Dotted(htonl(first)) + (last == first ? "" : "-" + Dotted(htonl(last))) + "\n";
    for (uint32_t address = first; address <= last; ++address) model[address >> 8].insert(address);
  }
  const Loaded loaded = LoadHeat("heat-list", list, {.scale = HeatScale::kLinear});
  EXPECT_EQ(loaded.report.entries, model.size());
  for (const auto& [cell, addresses] : model) {
    ASSERT_EQ(loaded.feed->heat->at(cell), std::min<size_t>(255, addresses.size())) << cell;
  }
}

TEST(HeatLists, ObeysGuards) {
  const TempFolder folder;
  FeedConfig config{.name = "test", .paths = {folder.Write("x", "10.0.0.0/8 1\n192.0.2.0/24 9\n")}, .format = "heat"};
  config.guards.max_range = 65536;
  const Loaded narrow = Load(config);
  EXPECT_EQ(narrow.report.rejected, 1u);
  EXPECT_EQ(HeatOf(narrow, "10.0.0.0"), 0);
  config.guards = {};
  // One of three lines is bad, however many /24s the others cover.
  config.paths = {folder.Write("x", "10.0.0.0/8 1\n192.0.2.0/24 9\nx\n")};
  EXPECT_THAT(RefusalOf({.max_bad = 0.3}, Load(config)), HasSubstr("refused: 1 of 3 entries are bad lines"));
  EXPECT_EQ(RefusalOf({.max_bad = 0.4}, Load(config)), "");
  config.guards = {.max_memory = 100000};
  EXPECT_THAT(Load(config).error, HasSubstr("max_memory"));
}

// Few lines may become much: a /16 for each address, and what is kept of networks of IPv6 is not small either.
TEST(HeatLists, ListsKeepToTheirMemory) {
  const auto load = [](const std::string& lines, uint64_t max_memory) {
    const TempFolder folder;
    FeedConfig config{.name = "test", .paths = {folder.Write("x", lines)}, .format = "heat-list"};
    config.guards.max_memory = max_memory;
    return Load(config);
  };
  std::string scattered;
  for (unsigned i = 0; i < 3000; ++i) scattered += std::to_string(i / 256) + "." + std::to_string(i % 256) + ".7.7\n";
  const Loaded refused = load(scattered, 3'000'000);
  EXPECT_THAT(refused.error, HasSubstr("max_memory"));
  EXPECT_TRUE(refused.report.refused);
  EXPECT_EQ(load(scattered, 6'000'000).error, "");
  std::string ip6;
  for (unsigned i = 0; i < 60000; ++i) ip6 += "2001:db8::1\n";
  EXPECT_THAT(load(ip6, 1'200'000).error, HasSubstr("max_memory"));
  EXPECT_EQ(load(ip6, 6'000'000).error, "");
}

TEST(HeatFormat, TakesMappedNetworksInAllGrammars) {
  const struct {
    const char* format;
    std::string before;
    std::string behind;
  } table[] = {
      {"heat", "", " 50\n"},
      {"heat-counts", "", " 50\n"},
      {"heat-times", "1795341601 ", " 50\n"},
      {"heat-list", "", "\n"},
      {"heat-stopforumspam", "\"", "\",\"4\",\"2026-11-17 01:12:49\"\n"},
      {"heat-cap", "bot|", "|64496|2026-11-21 00:00:00|family: x;|EXAMPLE\n"},
      {"heat-threatfox", R"("2026-11-22 10:35:20", "1", "[)",
       R"(]:443", "ip:port", "x", "x", "x", "x", "", "75", "x", "x", "0", "x")"
       "\n"},
  };
  for (const auto& [format, before, behind] : table) {
    const Loaded loaded = LoadHeat(format, before + "::ffff:203.0.113.9" + behind);
    EXPECT_EQ(loaded.report.errors, std::vector<std::string>()) << format;
    EXPECT_GT(HeatOf(loaded, "203.0.113.0"), 0) << format;
    EXPECT_EQ(loaded.report.entries, 1u) << format;
  }
  // All of IPv4 tells nothing of any part of it, nor of what is near it in IPv6.
  for (const auto& [format, before, behind] : std::span(table).first(5)) {
    for (const char* all : {"::ffff:0:0/96", "::ffff:0.0.0.0/96"}) {
      const Loaded loaded = LoadHeat(format, before + all + behind + before + "::ffff:198.51.100.0/119" + behind);
      ASSERT_EQ(loaded.report.rejected, 1u) << format;
      EXPECT_EQ(loaded.report.errors[0], "heat:1: prefix '" + std::string(all) + "' is the whole address space")
          << format;
      EXPECT_GT(HeatOf(loaded, "198.51.101.0"), 0) << format;
      EXPECT_EQ(loaded.report.entries, 2u) << format;
    }
  }
  const Loaded trie = LoadHeat("heat-list", "::ffff:0:0/96\n2001:db8::/64\n", {.list_format = "ip6trie"});
  EXPECT_EQ(trie.report.entries, kHeat6Lengths.size());
  EXPECT_EQ(Heat6Of(trie, "::", 64), 0);
  ASSERT_EQ(trie.report.notes.size(), 1u);
  EXPECT_NE(trie.report.notes[0].find("too large networks: they are left out"), std::string::npos);
}

}  // namespace
}  // namespace rblitz
