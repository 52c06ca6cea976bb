#include "loaders/feed_guards.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

std::string Refusal(const FeedGuards& guards, const LoadReport& report, const LoadedFigures& figures, int64_t now = 0) {
  const Status status = CheckGuards(guards, report, figures, now);
  return status ? "" : status.error().message;
}

TEST(FeedGuards, LetEverythingPassUnlessConfigured) {
  EXPECT_EQ(Refusal({}, {.rejected = 1000}, {.entries_before = 1000, .bytes = ~uint64_t{0}, .data_time = -1}, 1 << 30),
            "");
}

TEST(FeedGuards, RefuseALoadThatLosesMoreThanItMay) {
  const FeedGuards half{.max_shrink = 0.5};
  const auto shrunk = [&](uint64_t before, uint64_t entries) {
    return Refusal(half, {.entries = entries}, {.entries_before = before});
  };
  EXPECT_EQ(shrunk(1000, 500), "");
  EXPECT_EQ(shrunk(1000, 499), "refused: 499 entries instead of 1000, 50.1 % fewer (max_shrink allows 50 %)");
  EXPECT_EQ(shrunk(3, 0), "refused: 0 entries instead of 3, 100 % fewer (max_shrink allows 50 %)");
  EXPECT_EQ(shrunk(0, 0), "");
  EXPECT_EQ(shrunk(10, 1000), "");
  EXPECT_NE(Refusal({.max_shrink = 0}, {.entries = 999'999}, {.entries_before = 1'000'000}), "");
  EXPECT_EQ(Refusal({.max_shrink = 1}, {.entries = 0}, {.entries_before = 1'000'000}), "");
}

TEST(FeedGuards, RefuseALoadWithTooManyBadLines) {
  const FeedGuards tenth{.max_bad = 0.1};
  EXPECT_EQ(Refusal(tenth, {.entries = 80, .duplicates = 10, .rejected = 10}, {}), "");
  EXPECT_EQ(Refusal(tenth, {.entries = 88, .rejected = 12, .errors = {"f:1: bad address 'x'"}}, {}),
            "refused: 12 of 100 entries are bad lines, 12 % (max_bad allows 10 %), the first f:1: bad address 'x'");
  EXPECT_EQ(Refusal(tenth, {}, {}), "");
  EXPECT_NE(Refusal({.max_bad = 0}, {.entries = 1'000'000, .rejected = 1}, {}), "");
}

TEST(FeedGuards, RefuseDataThatIsTooOldOrTooLarge) {
  EXPECT_EQ(Refusal({.max_age_seconds = 100}, {}, {.data_time = 1000}, 1099), "");
  EXPECT_EQ(Refusal({.max_age_seconds = 100}, {}, {.data_time = 1000}, 1100),
            "refused: the data is 100 seconds old (max_age allows 100)");
  EXPECT_EQ(Refusal({.max_memory = 100}, {}, {.bytes = 100}), "");
  EXPECT_EQ(Refusal({.max_memory = 100}, {}, {.bytes = 101}),
            "refused: needs at least 101 bytes of memory (max_memory allows 100)");
}

TEST(FeedGuards, MakeDataExpireThatGrowsTooOld) {
  EXPECT_EQ(Expiry({}, 0, 1000), 0);
  EXPECT_EQ(Expiry({}, 500, 1000), 500);
  EXPECT_EQ(Expiry({.max_age_seconds = 100}, 0, 1000), 1100);
  EXPECT_EQ(Expiry({.max_age_seconds = 100}, 1050, 1000), 1050);
  EXPECT_EQ(Expiry({.max_age_seconds = 100}, 2000, 1000), 1100);
}

TEST(FeedGuards, RejectEntriesThatAreWiderThanTheyMayBe) {
  const TempFolder folder;
  FeedConfig config{.name = "f", .paths = {folder.Write("f", "10.0.0.0/15\n10.2.0.0/16\n1.2.3.4\n")}, .format = "cidr"};
  config.guards.max_range = 1 << 16;
  const Loaded loaded = Load(config);
  EXPECT_EQ(
      loaded.report.errors,
      std::vector<std::string>{"f:1: range of 131072 addresses is larger than $MAXRANGE4 or max_range allows (65536)"});
  EXPECT_EQ(loaded.Ask("10.0.0.1") + loaded.Ask("10.2.0.1"), "-127.0.0.2");
}

TEST(FeedGuards, RejectEntriesOfIp6ThatAreWiderThanTheyMayBe) {
  const TempFolder folder;
  struct Case {
    const char* format;
    const char* lines;
    std::vector<std::string> errors;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"cidr",
            "2000::/3\n2a00::/32\n2a01::/31\n2a02::1\n::ffff:10.0.0.1\n10.0.0.0/8\n",
            {"f:1: network 2000::/3 is wider than max_range_v6 allows (/32)",
             "f:3: network 2a01::/31 is wider than max_range_v6 allows (/32)"}},
           {"ip6trie",
            "2000::/3 :127.0.0.3:\n!2a01::/31\n2a00:: \n",
            {"f:1: network 2000::/3 is wider than max_range_v6 allows (/32)",
             "f:2: network 2a01::/31 is wider than max_range_v6 allows (/32)"}},
           {"combined",
            "$DATASET ip6trie @\n2000::/3\n2a00::/32\n",
            {"f:2: network 2000::/3 is wider than max_range_v6 allows (/32)"}},
           {"heat", "2a00::/28 5\n2a01::/32 5\n", {"f:1: network 2a00::/28 is wider than max_range_v6 allows (/32)"}},
           {"cymru-fullbogons",
            "8000::/1\n2001:db8::/32\n",
            {"f:1: network 8000::/1 is wider than max_range_v6 allows (/32)"}}}) {
    FeedConfig config{.name = "f", .paths = {folder.Write("f", c.lines)}, .format = c.format};
    EXPECT_EQ(Load(config).report.rejected, 0u) << c.format;
    config.guards.max_range_v6 = 32;
    config.guards.max_range = uint64_t{1} << 24;
    EXPECT_EQ(Load(config).report.errors, c.errors) << c.format;
  }
}

TEST(FeedGuards, LetAListLowerItsOwnLimitOnly) {
  const TempFolder folder;
  FeedConfig config{.name = "f",
                    .paths = {folder.Write("f", "$MAXRANGE4 /8\n10.0.0.0/15\n$MAXRANGE4 /24\n10.2.0.0/16\n")},
                    .format = "ip4set"};
  config.guards.max_range = 1 << 16;
  EXPECT_EQ(Load(config).report.rejected, 2u);
}

// A list that would fill the machine is not read to its end.
TEST(FeedGuards, StopALoadAsSoonAsItNeedsTooMuchMemory) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) {
    text += "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255) + "\n";
  }
  FeedConfig config{.name = "f", .paths = {folder.Write("f", text)}, .format = "cidr"};
  config.guards.max_memory = 1 << 20;
  const Loaded loaded = Load(config);
  EXPECT_TRUE(loaded.error.starts_with("refused: needs at least ")) << loaded.error;
  EXPECT_TRUE(loaded.report.refused);
  EXPECT_LT(loaded.report.lines, 400'000u);
  config.guards.max_memory = 1 << 30;
  EXPECT_EQ(Load(config).error, "");
}

TEST(LoadFeed, NamesTheWidestNewNetworks) {
  const Loaded before = LoadText("cidr", "10.0.0.0/8\n1.1.1.1\n");
  EXPECT_TRUE(before.report.widest.empty());
  const TempFolder folder;
  std::string text = "10.0.0.0/8\n1.1.1.2\n11.0.0.0/16\n12.0.0.1-12.0.0.9\n13.0.0.0/9\n";
  for (int i = 0; i < 9; ++i) text += "20.0." + std::to_string(i) + ".0/24\n";
  const Loaded after = Load({.name = "f", .paths = {folder.Write("f", text)}, .format = "cidr"}, before.feed.get());
  EXPECT_EQ(after.report.widest,
            (std::vector<std::string>{"13.0.0.0/9", "11.0.0.0/16", "20.0.0.0/24", "20.0.1.0/24", "20.0.2.0/24"}));
  EXPECT_EQ(Load({.name = "f", .paths = {folder.Write("f", "10.0.0.0/8\n12.0.0.1-12.0.0.9\n")}, .format = "cidr"},
                 before.feed.get())
                .report.widest,
            std::vector<std::string>{"12.0.0.1-12.0.0.9"});
}

TEST(LoadFeed, NamesTheWidestNewNetworksOfIp6) {
  const Loaded before = LoadText("cidr", "2a00::/19\n2a01::1\n");
  EXPECT_TRUE(before.report.widest.empty());
  const TempFolder folder;
  std::string text = "10.0.0.0/8\n2a00::/19\n2a01::2\n2001:db8::/32\n2c00::/12\n2600::/64\n2600:0:0:1::/80\n";
  for (int i = 0; i < 9; ++i) text += "2b00:" + std::to_string(i) + "::/48\n";
  const Loaded after = Load({.name = "f", .paths = {folder.Write("f", text)}, .format = "cidr"}, before.feed.get());
  EXPECT_EQ(after.report.widest, (std::vector<std::string>{"10.0.0.0/8", "2c00::/12", "2001:db8::/32", "2b00::/48",
                                                           "2b00:1::/48", "2b00:2::/48"}));
}

// Each data set has its own.
TEST(LoadFeed, NamesTheWidestNewNetworksOfAllDataSets) {
  const auto load = [folder = TempFolder()](const std::string& second, const FeedData* previous) {
    const std::string text = "$DATASET ip4set:a @\n10.0.0.0/24\n" + second;
    return Load({.name = "f", .paths = {folder.Write("f", text)}, .format = "combined"}, previous);
  };
  const Loaded before = load("$DATASET ip4trie:b b\n20.0.0.0/24\n$DATASET ip6trie:c c\n2a00::/32\n", nullptr);
  const Loaded after =
      load("10.1.0.0/16\n$DATASET ip4trie:b b\n20.0.0.0/8\n$DATASET ip6trie:c c\n2a00::/16\n", before.feed.get());
  EXPECT_EQ(after.report.widest, (std::vector<std::string>{"20.0.0.0/8", "10.1.0.0/16", "2a00::/16"}));
}

}  // namespace
}  // namespace rblitz
