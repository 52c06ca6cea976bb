// Which feeds of a zone are joined, as they change.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/zone_tables.h"
#include "tables/ip4_builder.h"

namespace rblitz {
namespace {

using Feed = JoinedTables::Feed;
using Indices = std::vector<size_t>;

// A feed of so many addresses.
Feed Of(uint32_t entries) {
  static uint32_t first = 0;
  Verdicts verdicts;
  Ip4Builder builder(Precedence::kLongestMatch, &verdicts);
  const ValueId value = verdicts.Intern({.a_be = 1, .text = kNoText});
  for (uint32_t i = 0; i < entries; ++i) builder.Add(first + 2 * i, value);
  first += 1 << 16;
  Ip4BuildReport report;
  return {.table = std::make_shared<const Ip4Table>(builder.Build(nullptr, &report)), .values = verdicts.values()};
}

class JoinedTablesTest : public testing::Test {
 protected:
  // As a reload does: what was served before is there until the next is.
  JoinedTables::Choice Choose(const std::vector<Feed>& feeds, bool always = false, uint64_t entries = 1 << 20) {
    JoinedTables::Round round(&tables_, entries, true);
    JoinedTables::Choice choice = round.Choose(feeds, always);
    EXPECT_EQ(choice.joined == nullptr, choice.feeds.empty());
    if (choice.joined != nullptr) {
      for (const size_t i : choice.feeds) {
        feeds[i].table->Visit(
            [&](uint32_t first, uint32_t, ValueId) { EXPECT_NE(choice.joined->table().Lookup(first), kNotListed); });
      }
    }
    served_ = choice.joined;
    return choice;
  }

  JoinedTables tables_;
  std::shared_ptr<const Ip4Union> served_;
};

TEST_F(JoinedTablesTest, AllFeedsOfAZone) { EXPECT_EQ(Choose({Of(100), Of(90), Of(80)}).feeds, (Indices{0, 1, 2})); }

TEST_F(JoinedTablesTest, NothingOfOneFeedOrOfNone) {
  EXPECT_TRUE(Choose({}).feeds.empty());
  EXPECT_TRUE(Choose({Of(100)}).feeds.empty());
  EXPECT_TRUE(Choose({Of(100), Of(0)}).feeds.empty());
}

TEST_F(JoinedTablesTest, WhatHasMostIsAskedForItself) {
  EXPECT_EQ(Choose({Of(20), Of(1000), Of(30)}).feeds, (Indices{0, 2}));
  EXPECT_TRUE(Choose({Of(1000), Of(30)}).feeds.empty());
}

TEST_F(JoinedTablesTest, WhatIsTheSameIsNotJoinedAgain) {
  const std::vector<Feed> feeds = {Of(100), Of(90)};
  const auto first = Choose(feeds).joined;
  EXPECT_EQ(Choose(feeds).joined, first);
}

TEST_F(JoinedTablesTest, TwoZonesOfTheSameFeedsShareATable) {
  const std::vector<Feed> feeds = {Of(100), Of(90)};
  JoinedTables::Round round(&tables_, 190, true);
  const auto first = round.Choose(feeds, false);
  EXPECT_EQ(round.Choose(feeds, false).joined, first.joined);
  EXPECT_NE(first.joined, nullptr);
  const auto turned = round.Choose(std::vector{feeds[1], feeds[0]}, false);
  EXPECT_EQ(turned.joined, first.joined);
  EXPECT_EQ(turned.feeds, (Indices{1, 0}));
}

TEST_F(JoinedTablesTest, AFeedWithLittleIsLeftOutOnceItHasChanged) {
  std::vector<Feed> feeds = {Of(100), Of(10), Of(90)};
  (void)Choose(feeds);
  feeds[1] = Of(11);
  const auto without = Choose(feeds);
  EXPECT_EQ(without.feeds, (Indices{0, 2}));
  for (uint32_t entries = 12; entries < 15; ++entries) {
    feeds[1] = Of(entries);
    const auto again = Choose(feeds);
    EXPECT_EQ(again.joined, without.joined);
    EXPECT_EQ(again.feeds, (Indices{0, 2}));
  }
  feeds.push_back(Of(5));
  EXPECT_EQ(Choose(feeds).joined, without.joined);
}

TEST_F(JoinedTablesTest, AllAreJoinedAnewWhereMuchHasChanged) {
  std::vector<Feed> feeds = {Of(100), Of(10), Of(90)};
  (void)Choose(feeds);
  feeds[1] = Of(11);
  (void)Choose(feeds);
  feeds[0] = Of(101);
  EXPECT_EQ(Choose(feeds).feeds, (Indices{0, 1, 2}));
}

TEST_F(JoinedTablesTest, NoMoreThanItMayUnlessItIsTold) {
  const std::vector<Feed> feeds = {Of(100), Of(100)};
  EXPECT_TRUE(Choose(feeds, false, 199).feeds.empty());
  EXPECT_EQ(Choose(feeds, true, 199).feeds, (Indices{0, 1}));
  EXPECT_EQ(Choose(feeds, false, 200).feeds, (Indices{0, 1}));
  const std::vector<Feed> others = {Of(60), Of(60)};
  JoinedTables::Round round(&tables_, 320, true);
  const auto first = round.Choose(feeds, false);
  const auto second = round.Choose(others, false);
  EXPECT_NE(second.joined, nullptr);
  JoinedTables::Round next(&tables_, 300, true);
  EXPECT_EQ(next.Choose(feeds, false).joined, first.joined);
  EXPECT_EQ(next.Choose(others, false).joined, nullptr) << "its table is there, but not for long";
}

TEST_F(JoinedTablesTest, OnlyWhatIsThereWhereNothingMayBeJoined) {
  std::vector<Feed> feeds = {Of(100), Of(90)};
  const auto choose = [&] { return JoinedTables::Round(&tables_, 1000, false).Choose(feeds, false); };
  EXPECT_EQ(choose().joined, nullptr);
  const auto joined = Choose(feeds).joined;
  EXPECT_EQ(choose().joined, joined);
  feeds.push_back(Of(10));
  EXPECT_EQ(choose().joined, joined) << "of most of them";
  feeds[1] = Of(91);
  EXPECT_EQ(choose().joined, nullptr);
}

TEST_F(JoinedTablesTest, NoMoreThanAFewAreLeftOut) {
  std::vector<Feed> feeds = {Of(1000), Of(900)};
  for (size_t i = 0; i < JoinedTables::kMostApart + 1; ++i) feeds.push_back(Of(10));
  EXPECT_EQ(Choose(feeds).feeds.size(), feeds.size());
  for (size_t changed = 1; changed <= JoinedTables::kMostApart; ++changed) {
    feeds[1 + changed] = Of(11);
    EXPECT_EQ(Choose(feeds).feeds.size(), feeds.size() - changed);
  }
  feeds.back() = Of(11);
  EXPECT_EQ(Choose(feeds).feeds.size(), feeds.size());
}

TEST_F(JoinedTablesTest, AZoneOfSomeOfThemDoesNotKeepOneOfManyFromJoining) {
  std::vector<Feed> feeds = {Of(1000), Of(900)};
  const auto two = Choose(feeds);
  for (size_t i = 0; i < 18; ++i) feeds.push_back(Of(10));
  EXPECT_EQ(Choose(feeds).feeds.size(), feeds.size());
}

TEST_F(JoinedTablesTest, TwoThatAreLeftAreJoinedWheneverOneChanges) {
  std::vector<Feed> feeds = {Of(1000), Of(150), Of(50)};
  for (uint32_t entries = 51; entries < 54; ++entries) {
    const auto joined = Choose(feeds);
    EXPECT_EQ(joined.feeds, (Indices{1, 2}));
    EXPECT_EQ(Choose(feeds).joined, joined.joined);
    feeds[2] = Of(entries);
  }
}

// As when a table is freed and the next one is made in its place.
TEST_F(JoinedTablesTest, TablesThatAreGoneAreForgotten) {
  for (int i = 0; i < 100; ++i) {
    const std::vector<Feed> feeds = {Of(30), Of(40)};
    ASSERT_EQ(Choose(feeds).feeds, (Indices{0, 1}));
  }
}

}  // namespace
}  // namespace rblitz
