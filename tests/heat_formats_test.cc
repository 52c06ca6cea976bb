// Heat from text, and what becomes of scores, counts and times.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <map>
#include <random>

#include "tables/heat_table.h"
#include "tests/heat_feeds.h"

namespace rblitz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HeatFormat, ReadsNetworksAddressesAndNumbers) {
  const Loaded loaded = LoadHeat("heat",
                                 "# comment\n; another\n\n"
                                 "192.0.2.0/24\t12\t1795341601\n"
                                 "198.51.100.7 180 # hot\n"
                                 "  198.51.100.9   90\r\n"
                                 "3405803786 4\n"
                                 "198.18.0.0/20 40\n"
                                 "100.64.0.0/10 5\n"
                                 "240.0.0.0/4 0\n"
                                 "10.128.0.0/9 254.6\n");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  EXPECT_EQ(loaded.report.lines, 11u);
  const std::map<const char*, int> expected = {
      {"192.0.2.255", 12}, {"192.0.3.0", 0},    {"198.51.100.0", 180},  {"203.0.113.0", 4},   {"198.18.0.0", 40},
      {"198.18.15.0", 40}, {"198.18.16.0", 0},  {"100.64.0.0", 5},      {"100.127.255.0", 5}, {"100.128.0.0", 0},
      {"240.0.0.0", 0},    {"10.127.255.0", 0}, {"10.255.255.255", 255}};
  for (const auto& [address, score] : expected) EXPECT_EQ(HeatOf(loaded, address), score) << address;
  EXPECT_EQ(loaded.report.entries, 3u + 16 + 16384 + 32768);
  EXPECT_EQ(loaded.feed->heat->active(), loaded.report.entries);
}

TEST(HeatFormat, SaysWhatIsWrong) {
  const struct {
    const char* format;
    const char* line;
    const char* error;
  } cases[] = {
      {"heat", "192.0.2.0/24", "not 'network value [time]': '192.0.2.0/24'"},
      {"heat", "192.0.2.0/24 1 2 3", "not 'network value [time]': '192.0.2.0/24 1 2 3'"},
      {"heat", "192.0.2.0/24 256", "bad score '256'"},
      {"heat", "192.0.2.0/24 -1", "bad score '-1'"},
      {"heat", "192.0.2.0/24 nan", "bad score 'nan'"},
      {"heat", "192.0.2.0/24 1e2", "bad score '1e2'"},
      {"heat", "192.0.2.0/24 0x1", "bad score '0x1'"},
      {"heat", "192.0.2.0/24 1.2.3", "bad score '1.2.3'"},
      {"heat", "192.0.2.0/24 9 yesterday", "bad time 'yesterday'"},
      {"heat", "192.0.2.0/24 9 999999999999999", "bad time '999999999999999'"},
      {"heat", "192.0.2.1/24 9", "bits after the prefix are set in '192.0.2.1/24'"},
      {"heat", "0.0.0.0/0 9", "prefix '0.0.0.0/0' is the whole address space"},
      {"heat", "192.0.2.0/33 9", "bad prefix '192.0.2.0/33'"},
      {"heat", "192.0.2.0/ 9", "bad prefix '192.0.2.0/'"},
      {"heat", "192.0.2 9", "bad address '192.0.2'"},
      {"heat", "192.0.02.1 9", "bad address '192.0.02.1'"},
      {"heat", "192.0.2.1- 9", "bad address '192.0.2.1-'"},
      {"heat", "4294967296 9", "bad address '4294967296'"},
      {"heat", "example.com 9", "bad address 'example.com'"},
      {"heat", "2001:db8::g 9", "bad address '2001:db8::g'"},
      {"heat", "2001:db8::/129 9", "bad prefix '2001:db8::/129'"},
      {"heat", "2001:db8::/x 9", "bad prefix '2001:db8::/x'"},
      {"heat", "2001:db8::1/64 9", "bits after the prefix are set in '2001:db8::1/64'"},
      {"heat", "2001::/24 9", "prefix '2001::/24' is larger than a /25"},
      {"heat-counts", "192.0.2.0/24 9999999999999999", "bad count '9999999999999999'"},
      {"heat-counts", "192.0.2.0/24 inf", "bad count 'inf'"},
      {"heat-times", "192.0.2.1", "not 'time network [count]': '192.0.2.1'"},
      {"heat-times", "1795341600 192.0.2.1 2 3", "not 'time network [count]': '1795341600 192.0.2.1 2 3'"},
      {"heat-times", "192.0.2.1 1795341600 2", "bad time '192.0.2.1'"},
      {"heat-dshield", "192.0.2.0\t192.0.2.255\t24",
       "not 'start end length count': '192.0.2.0\\x09192.0.2.255\\x0924'"},
      {"heat-dshield", "192.0.2.0\t192.0.3.255\t24\t5",
       "start, end and length disagree: '192.0.2.0\\x09192.0.3.255\\x0924\\x095'"},
      {"heat-dshield", "0.0.0.0\t255.255.255.255\t0\t5",
       "not 'start end length count': '0.0.0.0\\x09255.255.255.255\\x090\\x095'"},
      {"heat-stopforumspam", "\"192.0.2.1\",\"4", "not 'address,count,time': '\"192.0.2.1\",\"4'"},
      {"heat-stopforumspam", "\"192.0.2.1\" x,4", "not 'address,count,time': '\"192.0.2.1\" x,4'"},
      {"heat-stopforumspam", "\"192.0.2.1\",\"four\"", "bad count 'four'"},
      {"heat-stopforumspam", "\"192.0.2.1\",\"4\",\"today\"", "bad time 'today'"},
      {"heat-cap", "bot|192.0.2.1|64496|2026-11-21",
       "not 'category|address|AS|time|comment|name': "
       "'bot|192.0.2.1|64496|2026-11-21'"},
      {"heat-cap", "bot|192.0.2.1|64496|2026-13-21 00:00:00||X", "bad time '2026-13-21 00:00:00'"},
      {"heat-threatfox", "\"a\", \"b\"", "not a row of ThreatFox: '\"a\", \"b\"'"},
      {"heat-threatfox",
       "\"2026-11-22 10:35:20\", \"1\", \"192.0.2.1:1\", \"ip:port\", \"\", \"\", \"\", \"\", \"\", \"101\"",
       "bad confidence '101'"},
  };
  for (const auto& [format, line, error] : cases) {
    const Loaded loaded = LoadHeat(format, std::string("\n") + line + "\n");
    EXPECT_EQ(loaded.report.rejected, 1u) << format << " " << line;
    EXPECT_THAT(loaded.report.errors, ElementsAre(std::string("heat:2: ") + error)) << format;
    EXPECT_EQ(loaded.report.entries, 0u) << format << " " << line;
  }
}

TEST(HeatFormat, OfSeveralScoresTakesTheHighest) {
  const Loaded loaded = LoadHeat("heat", "10.0.0.0/8 50\n10.1.0.0/16 40\n10.2.0.0/15 60\n10.3.3.3 200\n10.3.3.4 100\n");
  EXPECT_EQ(HeatOf(loaded, "10.0.0.0"), 50);
  EXPECT_EQ(HeatOf(loaded, "10.1.0.0"), 50);
  EXPECT_EQ(HeatOf(loaded, "10.2.0.0"), 60);
  EXPECT_EQ(HeatOf(loaded, "10.3.3.0"), 200);
  EXPECT_EQ(loaded.report.entries, 65536u);
}

TEST(HeatFormat, AddsCounts) {
  const HeatOptions linear{.scale = HeatScale::kLinear};
  const Loaded loaded =
      LoadHeat("heat-counts", "10.0.0.0/8 50\n10.1.0.0/16 40\n10.3.3.3 200\n10.3.3.4 10.4\n10.4.4.4 9000\n", linear);
  EXPECT_EQ(HeatOf(loaded, "10.0.0.0"), 50);
  EXPECT_EQ(HeatOf(loaded, "10.1.255.0"), 90);
  EXPECT_EQ(HeatOf(loaded, "10.3.3.0"), 255);
  EXPECT_EQ(HeatOf(loaded, "10.4.4.0"), 255);
  const Loaded of_most = LoadHeat("heat-counts", "192.0.2.1 500\n192.0.3.1 50\n192.0.4.1 1\n",
                                  {.scale = HeatScale::kLinear, .scale_max = 1000});
  EXPECT_EQ(HeatOf(of_most, "192.0.2.0"), 128);
  EXPECT_EQ(HeatOf(of_most, "192.0.3.0"), 13);
  EXPECT_EQ(HeatOf(of_most, "192.0.4.0"), 1) << "known, so not 0";
}

TEST(HeatFormat, TakesIp4AddressesThatAreWrittenAsIp6) {
  const Loaded loaded = LoadHeat("heat", "::ffff:203.0.113.9 50\n::ffff:198.51.100.0/119 60\n");
  EXPECT_EQ(HeatOf(loaded, "203.0.113.0"), 50);
  EXPECT_EQ(HeatOf(loaded, "198.51.100.0"), 60);
  EXPECT_EQ(HeatOf(loaded, "198.51.101.0"), 60);
  EXPECT_EQ(loaded.report.entries, 3u);
  for (const char* grammar : {"cidr", "ip6trie"}) {
    const Loaded list = LoadHeat("heat-list", "::ffff:cb00:7109\n::ffff:c633:6400/119\n2001:db8::/64\n",
                                 {.scale = HeatScale::kLinear, .list_format = grammar});
    EXPECT_EQ(list.report.errors, std::vector<std::string>());
    EXPECT_EQ(HeatOf(list, "203.0.113.0"), 1) << grammar;
    EXPECT_EQ(HeatOf(list, "198.51.101.0"), 255) << grammar;
    EXPECT_EQ(list.report.entries, 3u + kHeat6Lengths.size()) << grammar;
  }
}

TEST(HeatFormat, TakesWhatIsTooLittleForNothing) {
  const std::string little = " 0." + std::string(50, '0') + "1\n";
  const Loaded loaded = LoadHeat("heat-counts", "10.0.0.1" + little + "2001:db8::1" + little + "10.0.1.1 3\n");
  EXPECT_EQ(HeatOf(loaded, "10.0.0.0"), 0);
  EXPECT_EQ(loaded.report.entries, 1u);
}

// One outlier does not flatten the rest: the 99.9th percentile gets 255.
TEST(HeatFormat, PutsCountsOnALogarithmicScale) {
  std::string lines = "203.0.113.1 100000000\n";
  for (unsigned i = 0; i < 2000; ++i) {
    lines += "10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".1 " + std::to_string(i + 1) + "\n";
  }
  const Loaded loaded = LoadHeat("heat-counts", lines);
  // The 1999th of 2001 counts.
  const auto score = [](double count) { return std::lround(255 * std::log1p(count) / std::log1p(1999)); };
  EXPECT_EQ(HeatOf(loaded, "203.0.113.0"), 255);
  EXPECT_EQ(HeatOf(loaded, "10.7.207.0"), 255) << "2000";
  EXPECT_EQ(HeatOf(loaded, "10.0.0.0"), score(1));
  EXPECT_EQ(HeatOf(loaded, "10.0.9.0"), score(10));
  EXPECT_EQ(HeatOf(loaded, "10.3.231.0"), score(1000));
  const Loaded fixed = LoadHeat("heat-counts", "10.0.0.1 1\n10.0.1.1 1000\n10.0.2.1 5000\n", {.scale_max = 1000});
  EXPECT_EQ(HeatOf(fixed, "10.0.0.0"), std::lround(255 * std::log(2) / std::log(1001)));
  EXPECT_EQ(HeatOf(fixed, "10.0.1.0"), 255);
  EXPECT_EQ(HeatOf(fixed, "10.0.2.0"), 255);
}

TEST(HeatFormat, OldHeatFades) {
  const int64_t now = std::time(nullptr);
  const auto ago = [now](int64_t seconds) { return std::to_string(now - seconds); };
  const HeatOptions days{.half_life_seconds = 86400};
  const std::string lines = "192.0.2.0/24 200\n192.0.3.0/24 200 " + ago(86400) + "\n192.0.4.0/24 200 " +
                            ago(4 * 86400) + "\n192.0.5.0/24 200 " + ago(11 * 86400) + "\n192.0.6.0/24 200 " +
                            ago(-3600) + "\n10.0.0.0/8 100 " + ago(86400) + "\n192.0.7.0/24 1 " + ago(5 * 86400) + "\n";
  const Loaded faded = LoadHeat("heat", lines, days);
  EXPECT_EQ(HeatOf(faded, "192.0.2.0"), 200) << "has no time";
  EXPECT_NEAR(HeatOf(faded, "192.0.3.0"), 100, 1);
  EXPECT_NEAR(HeatOf(faded, "192.0.4.0"), 12, 1);
  EXPECT_EQ(HeatOf(faded, "192.0.5.0"), 0) << "more than ten half-lives";
  EXPECT_EQ(HeatOf(faded, "192.0.6.0"), 200) << "in the future";
  EXPECT_NEAR(HeatOf(faded, "10.9.9.9"), 50, 1);
  EXPECT_EQ(HeatOf(faded, "192.0.7.0"), 0) << "less than half of one";
  EXPECT_THAT(faded.report.notes, ElementsAre(HasSubstr("1 entries are older than ten half-lives")));
  const Loaded lasting = LoadHeat("heat", lines);
  EXPECT_EQ(HeatOf(lasting, "192.0.5.0"), 200);
  const Loaded counted = LoadHeat("heat-times", ago(86400) + ".250 192.0.2.1\n" + ago(2 * 86400) + " 192.0.2.2 8\n",
                                  {.half_life_seconds = 86400, .scale = HeatScale::kLinear, .scale_max = 25.5});
  EXPECT_NEAR(HeatOf(counted, "192.0.2.0"), 25, 1) << "half of 1 and a quarter of 8, times ten";
}

TEST(HeatFormat, WeighsScores) {
  const char* const lines = "192.0.2.0/24 100\n192.0.3.0/24 1\n192.0.4.0/24 200\n";
  const Loaded light = LoadHeat("heat", lines, {.weight = 0.25});
  EXPECT_EQ(HeatOf(light, "192.0.2.0"), 25);
  EXPECT_EQ(HeatOf(light, "192.0.3.0"), 1) << "known, so not 0";
  const Loaded heavy = LoadHeat("heat", lines, {.weight = 1.5});
  EXPECT_EQ(HeatOf(heavy, "192.0.2.0"), 150);
  EXPECT_EQ(HeatOf(heavy, "192.0.4.0"), 255);
}

TEST(HeatFormat, IsComparedWithWhatWasServed) {
  const Loaded before = LoadHeat("heat", "192.0.2.0/24 9\n192.0.3.0/24 9\n");
  const TempFolder folder;
  const Loaded after = Load({.name = "test",
                             .paths = {folder.Write("x", "192.0.3.0/24 80\n192.0.4.0/23 5\n192.0.4.4 4\n")},
                             .format = "heat"},
                            before.feed.get());
  EXPECT_EQ(before.report.added, 2u);
  EXPECT_EQ(after.report.entries, 3u);
  EXPECT_EQ(after.report.added, 2u);
  EXPECT_EQ(after.report.removed, 1u);
}

TEST(HeatFormat, AddsUpScoresOfIp6) {
  const Loaded loaded =
      LoadHeat("heat",
               "2001:db8:1:1::/64 100\n2001:db8:1:1::7 90\n2001:db8:1:5::/64 30\n2001:db8:1:2::/63 60\n"
               "2001:db8:1:4000::/50 20\n2001:db8:2::/48 250\n2001:db8:2:2::/64 9\n2a00::/29 80\n"
               "2001:db9::/36 5\n2001:dba::/32 0\n");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  EXPECT_EQ(loaded.report.notes, std::vector<std::string>());
  const struct {
    const char* address;
    unsigned length;
    int score;
  } expected[] = {
      {"2001:db8:1:1::", 64, 100},  // the highest of one network
      {"2001:db8:1:5::", 64, 30},
      {"2001:db8:1::", 56, 130},  // more than the /63 is given
      {"2001:db8:1::", 48, 130},  // more than the /50 is given
      {"2001:db8::", 40, 255},
      {"2001:db8::", 32, 255},
      {"2001:db8:2::", 48, 250},  // more than what is in it
                                  // adds up to
      {"2001:db8:2:2::", 64, 9},
      {"2a00::", 32, 80},
      {"2a00:7::", 32, 80},
      {"2a00:8::", 32, 0},
      {"2001:db9::", 32, 5},
      {"2001:dba::", 32, 0},
  };
  for (const auto& [address, length, score] : expected) {
    EXPECT_EQ(Heat6Of(loaded, address, length), score) << address << "/" << length;
  }
  EXPECT_EQ(loaded.report.entries, loaded.feed->heat6->count());
  EXPECT_EQ(loaded.report.added, loaded.report.entries);
  EXPECT_EQ(LoadHeat("heat", "192.0.2.0/24 9\n").feed->heat6, nullptr);
}

TEST(HeatFormat, AddsUpCountsOfIp6) {
  const HeatOptions linear{.scale = HeatScale::kLinear};
  const Loaded loaded = LoadHeat("heat-counts", "2001:db8::1 3\n2001:db8::2 4\n2001:db8:0:100:: 50\n", linear);
  EXPECT_EQ(Heat6Of(loaded, "2001:db8::", 64), 7);
  EXPECT_EQ(Heat6Of(loaded, "2001:db8::", 56), 7);
  EXPECT_EQ(Heat6Of(loaded, "2001:db8::", 48), 57);
  EXPECT_EQ(Heat6Of(loaded, "2001:db8::", 32), 57);
  const std::string list = "2001:db8::1\n2001:db8::1\n2001:db8::2\n2001:db8::/48\n";
  const Loaded listed = LoadHeat("heat-list", list, linear);
  EXPECT_EQ(Heat6Of(listed, "2001:db8::", 64), 2);
  EXPECT_EQ(Heat6Of(listed, "2001:db8::", 48), 3) << "a network counts one";
  const Loaded hits = LoadHeat("heat-list", list, {.scale = HeatScale::kLinear, .hits = true});
  EXPECT_EQ(Heat6Of(hits, "2001:db8::", 64), 3);
}

// What counts on the scale is what lines say of networks, of whatever length these are.
TEST(HeatFormat, PutsCountsOfIp6OnALogarithmicScale) {
  const auto score = [](double count, double top) { return std::lround(255 * std::log1p(count) / std::log1p(top)); };
  for (const unsigned length : {32u, 40u, 48u, 56u, 64u}) {
    std::string lines;
    for (unsigned i = 0; i < 2000; ++i) {
      char line[64];
      const uint64_t high = 0x2000000000000000 | uint64_t{i} << (64 - length);
      std::snprintf(line, sizeof line, "%lx:%lx:%lx:%lx::/%u %u\n", high >> 48, high >> 32 & 0xffff,
                    high >> 16 & 0xffff, high & 0xffff, length, i + 1);
      lines += line;
    }
    const Loaded loaded = LoadHeat("heat-counts", lines);
    ASSERT_EQ(loaded.report.rejected, 0u);
    const auto& networks = loaded.feed->heat6->of_length[Heat6Index(length)];
    ASSERT_EQ(networks.size(), 2000u) << length;
    for (const unsigned count : {1u, 10u, 1000u}) {
      EXPECT_EQ(networks[count - 1].score, score(count, 1998)) << count << " of /" << length;
    }
  }
  const Loaded mixed = LoadHeat("heat-counts", "2001:db8::/48 99\n2001:db8:0:1::/64 9\n2001:db8:1::/56 3\n");
  EXPECT_EQ(Heat6Of(mixed, "2001:db8:0:1::", 64), score(9, 99));
  EXPECT_EQ(Heat6Of(mixed, "2001:db8:1::", 56), score(3, 99));
  EXPECT_EQ(Heat6Of(mixed, "2001:db8::", 48), 255) << "108, more than is given of any";
}

// Sums beside those of a map, over many more lines than are kept before they are joined.
TEST(HeatFormat, AddsUpIp6AsANaiveTwinDoes) {
  std::mt19937_64 random(1);
  std::string lines;
  std::map<std::pair<unsigned, uint64_t>, uint64_t> model;
  for (int i = 0; i < 150000; ++i) {
    const uint64_t high = 0x20010db800000000 | (random() & 0x0f0f0f0f);
    const uint64_t count = 1 + random() % 9;
    char line[64];
    std::snprintf(line, sizeof line, "%lx:%lx:%lx:%lx::1 %lu\n", high >> 48, high >> 32 & 0xffff, high >> 16 & 0xffff,
                  high & 0xffff, count);
    lines += line;
    for (const unsigned length : kHeat6Lengths) model[{length, high & ~HostBits64(length)}] += count;
  }
  const Loaded loaded = LoadHeat("heat-counts", lines, {.scale = HeatScale::kLinear, .scale_max = 2e6});
  EXPECT_EQ(loaded.report.entries, model.size());
  for (const auto& [network, count] : model) {
    const auto& networks = loaded.feed->heat6->of_length[Heat6Index(network.first)];
    const auto found = std::ranges::lower_bound(networks, network.second, {}, &Heat6Networks::One::prefix);
    ASSERT_TRUE(found != networks.end() && found->prefix == network.second);
    ASSERT_EQ(found->score, std::lround(std::clamp(255.0 * static_cast<double>(count) / 2e6, 1.0, 255.0)));
  }
}

// No line may cost much, however many networks it stands for.
TEST(HeatFormat, WideNetworksCostNoMoreThanOthers) {
  std::string lines;
  for (int i = 0; i < 200000; ++i) lines += i % 2 == 0 ? "128.0.0.0/1 1\n" : "0.0.0.0/1 2\n";
  const Loaded loaded = LoadHeat("heat-counts", lines, {.scale = HeatScale::kLinear, .scale_max = 400000});
  EXPECT_EQ(loaded.report.entries, uint64_t{1} << 24);
  EXPECT_EQ(HeatOf(loaded, "200.0.0.0"), 64);
  EXPECT_EQ(HeatOf(loaded, "1.0.0.0"), 128);
}

TEST(HeatSamples, AreReadAsCounted) {
  const struct {
    const char* file;
    const char* format;
    uint64_t entries;
    std::map<const char*, int> scores;
  } cases[] = {
      {"heat-prefix-value.txt",
       "heat",
       86553,
       {{"203.0.113.0", 255},
        {"198.51.100.0", 180},
        {"192.0.2.0", 12},
        {"198.18.0.0", 40},
        {"198.18.16.0", 90},
        {"240.1.3.0", 66}}},
      {"heat-ip-counts.txt", "heat-list", 10, {{"203.0.113.0", 12}, {"192.0.2.0", 3}, {"192.0.3.0", 0}}},
      {"heat-timestamped.txt", "heat-times", 10, {{"203.0.113.0", 255}, {"198.19.3.0", 81}, {"192.0.2.0", 1}}},
      {"dshield-block.txt", "heat-dshield", 10, {{"203.0.113.0", 255}}},
      {"stopforumspam-listed_ip_7_all.csv", "heat-stopforumspam", 3 + 13, {}},
      {"cymru-cap-new.txt", "heat-cap", 3, {}},
      {"cymru-cap-old.txt", "heat-cap", 3, {}},
      {"abusech-threatfox.csv",
       "heat-threatfox",
       3 + 5,
       {{"192.0.2.0", 255}, {"198.51.100.0", 191}, {"203.0.113.0", 191}}},
  };
  for (const auto& [file, format, entries, scores] : cases) {
    const Loaded loaded = LoadHeatSample(file, format, {.scale = HeatScale::kLinear});
    EXPECT_EQ(loaded.report.errors, std::vector<std::string>()) << file;
    EXPECT_EQ(loaded.report.entries, entries) << file;
    for (const auto& [address, score] : scores) EXPECT_EQ(HeatOf(loaded, address), score) << file << " " << address;
  }
}

}  // namespace
}  // namespace rblitz
