#include "tables/triplet_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace rblitz {
namespace {

constexpr uint32_t kNow = 1800000000;

// The races that triplet_slots.h argues about, in the order that matters.
class TripletSlotsRace : public testing::Test {
 protected:
  [[nodiscard]] bool Insert(const TripletRow& row) {
    return slots.Insert(row, slots.HomeOf(row.key), records, RulesAt(rules, kNow)).has_value();
  }
  [[nodiscard]] std::vector<TripletRow> Rows() const {
    std::vector<TripletRow> rows;
    for (size_t i = 0; i < slots.size(); ++i) {
      if (const auto found = slots.At(i)) rows.push_back(found->row);
    }
    return rows;
  }
  static TripletRow Row(uint64_t n, uint32_t first) {
    return {.key = {.network = n, .fingerprint = n}, .first = first, .last_minutes = MinutesOf(first)};
  }

  TripletRules rules{.credits = 0};
  TripletSlots slots{1, 1};
  NetworkRecords records{100, 1};
};

TEST_F(TripletSlotsRace, TwoThatInsertOneKeyLeaveTheEarlierFirst) {
  ASSERT_TRUE(Insert(Row(1, kNow - 5)));
  ASSERT_TRUE(Insert(Row(1, kNow - 9)));  // as if it had looked before the other had published
  EXPECT_EQ(Rows(), std::vector{Row(1, kNow - 9)});
  TripletRow passed = Row(1, kNow - 7);
  passed.passed = true;
  ASSERT_TRUE(Insert(passed));
  passed.first = kNow - 9;
  EXPECT_EQ(Rows(), std::vector{passed});
}

TEST_F(TripletSlotsRace, WhatTwinsHaveIsJoined) {
  TripletRow domain = Row(1, kNow - 5);
  domain.key.kind = TripletKind::kSenderDomain;
  for (const uint64_t sender : {8u, 9u}) {
    domain.payload = WithSender(0, sender);
    ASSERT_TRUE(Insert(domain));
  }
  ASSERT_EQ(Rows().size(), 1u);
  EXPECT_EQ(Senders(Rows()[0].payload), 2u);
  TripletRow marker = domain;
  marker.epoch = 5;
  marker.forgotten = true;
  marker.payload = 0;
  ASSERT_TRUE(Insert(marker));
  EXPECT_EQ(Rows(), std::vector{marker});
}

TEST_F(TripletSlotsRace, AChangeOfARowThatWasReplacedIsRefused) {
  const TripletRow early = Row(1, kNow - rules.window_seconds);
  ASSERT_TRUE(Insert(early));
  auto found = slots.Find(early.key, slots.HomeOf(early.key));
  auto slow = found;
  ASSERT_TRUE(found);
  // Fifteen others, and a sixteenth that takes its slot; its times are those of the row that was there.
  for (uint64_t n = 2; n <= 17; ++n) ASSERT_TRUE(Insert(Row(n, early.first + (n < 17 ? 1 : 0))));
  ASSERT_FALSE(slots.Find(early.key, slots.HomeOf(early.key)));
  TripletRow next = early;
  next.passed = true;
  next.payload = 1;
  EXPECT_FALSE(slots.ChangeState(&*found, next));
  EXPECT_FALSE(slots.ChangeExtra(&*slow, next));
  for (const TripletRow& row : Rows()) EXPECT_FALSE(row.passed || row.payload != 0);
}

TEST_F(TripletSlotsRace, ATwinThatIsFreedLeavesAPlaceForAnother) {
  for (uint64_t n = 1; n <= 15; ++n) ASSERT_TRUE(Insert(Row(n, kNow - 400)));
  ASSERT_TRUE(Insert(Row(15, kNow - 401)));  // into the sixteenth slot, which is free again thereafter
  EXPECT_EQ(Rows().size(), 15u);
  EXPECT_EQ(slots.Insert(Row(16, kNow), slots.HomeOf(Row(16, 0).key), records, RulesAt(rules, kNow)),
            PushedOut::kNothing);
  EXPECT_EQ(Rows().size(), 16u);
  for (uint64_t n = 1; n <= 16; ++n) EXPECT_TRUE(slots.Find(Row(n, 0).key, slots.HomeOf(Row(n, 0).key))) << n;
  EXPECT_FALSE(slots.Find(Row(17, 0).key, slots.HomeOf(Row(17, 0).key)));
}

// As one worker that makes a row over a marker is overtaken by another that forgets it once more.
TEST_F(TripletSlotsRace, AnEpochThatIsRaisedMeanwhileIsNotTakenBack) {
  TripletRow marker = Row(1, kNow - 400);
  marker.epoch = 5;
  marker.forgotten = true;
  ASSERT_TRUE(Insert(marker));
  auto one = slots.Find(marker.key, slots.HomeOf(marker.key));
  ASSERT_TRUE(one);
  TripletRow row = Row(1, kNow);
  row.epoch = 6;
  auto other = one;
  TripletRow again = marker;
  again.epoch = 700;
  ASSERT_TRUE(slots.ChangeExtra(&*other, again));  // after the first one's look, before its change
  ASSERT_TRUE(slots.Change(&*one, row));
  EXPECT_EQ(Rows()[0].epoch, 700);
}

// Who reads in between has a row of the old epoch, which loses.
TEST_F(TripletSlotsRace, ARowOfANewEpochIsNeverWhatItWasInTheOld) {
  TripletRow row = Row(1, kNow - 400);
  row.passed = true;
  ASSERT_TRUE(Insert(row));
  auto found = slots.Find(row.key, slots.HomeOf(row.key));
  auto stale = found;
  ASSERT_TRUE(found);
  TripletRow seen = row;
  seen.last_minutes += 5;
  ASSERT_TRUE(slots.ChangeState(&*found, seen));  // so that the change of the state is lost, as a stop just before it
  TripletRow next = Row(1, kNow);
  next.epoch = 8;
  EXPECT_FALSE(slots.Change(&*stale, next));
  EXPECT_EQ(Rows(), std::vector{seen});
}

TEST_F(TripletSlotsRace, OfTwoChangesFromOneLookTheSecondIsRefused) {
  ASSERT_TRUE(Insert(Row(1, kNow - 400)));
  auto one = slots.Find(Row(1, 0).key, slots.HomeOf(Row(1, 0).key));
  auto other = one;
  TripletRow next = one->row;
  next.passed = true;
  EXPECT_TRUE(slots.ChangeState(&*one, next));
  EXPECT_FALSE(slots.ChangeState(&*other, next));
}

TEST(TripletSlotsHints, TellOfWhitelistsAlone) {
  TripletSlots slots(1, 1);
  const NetworkRecords records(100, 1);
  const TripletRules rules;
  const RulesAt now(rules, kNow);
  const auto insert_and_ask = [&](TripletKind kind) {
    const TripletRow row{.key = {.network = 1, .fingerprint = 1, .kind = kind}, .first = kNow};
    const TripletSlots::Home home = slots.HomeOf(row.key);
    EXPECT_FALSE(slots.MayHoldWhitelist(home)) << static_cast<int>(kind);
    EXPECT_TRUE(slots.Insert(row, home, records, now).has_value());
    return slots.MayHoldWhitelist(home);
  };
  EXPECT_FALSE(insert_and_ask(TripletKind::kNetwork));
  EXPECT_FALSE(insert_and_ask(TripletKind::kDomain));
  EXPECT_TRUE(insert_and_ask(TripletKind::kClient));
  TripletSlots others(1, 1);
  std::swap(slots, others);
  EXPECT_TRUE(insert_and_ask(TripletKind::kSenderDomain));
}

// Whoever sees a row of a whitelist sees its hint.
TEST(TripletSlotsHints, AreThereBeforeTheirRows) {
  constexpr uint64_t kRows = 20000;
  TripletSlots slots(2 * kRows, 1);
  const NetworkRecords records(100, 1);
  const TripletRules rules;
  const RulesAt now(rules, kNow);
  const auto key = [](uint64_t n) { return TripletKey{.network = n, .fingerprint = n, .kind = TripletKind::kClient}; };
  std::atomic<bool> done{false};
  std::thread inserting([&] {
    for (uint64_t n = 0; n < kRows; ++n) {
      static_cast<void>(slots.Insert({.key = key(n), .first = kNow}, slots.HomeOf(key(n)), records, now));
    }
    done = true;
  });
  uint64_t seen = 0;
  for (uint64_t n = 0; n < kRows; ++n) {
    const TripletSlots::Home home = slots.HomeOf(key(n));
    bool is_there = false;
    for (bool is_last = false; !is_there && !is_last;) {
      is_last = done;
      is_there = slots.Find(key(n), home).has_value();
    }
    seen += is_there;
    EXPECT_TRUE(!is_there || slots.MayHoldWhitelist(home)) << n;
  }
  inserting.join();
  EXPECT_GT(seen, kRows / 2);
}

TEST(NetworkRecords, KeepThoseThatHavePassedWhenALineIsFull) {
  const TripletRules rules;
  const RulesAt now(rules, kNow);
  NetworkRecords records(8, 1);
  for (uint64_t i = 0; i < 7; ++i) records.NotePass(records.HomeOf(i), now.minutes(), now);
  for (uint64_t i = 100; i < 1100; ++i) records.NoteNewRow(records.HomeOf(i), now);
  for (uint64_t i = 0; i < 7; ++i) EXPECT_TRUE(records.Look(records.HomeOf(i), now).passed);
  EXPECT_EQ(records.Look(records.HomeOf(1099), now).new_rows, 1u);
  EXPECT_FALSE(records.Look(records.HomeOf(1), RulesAt(rules, kNow + rules.lifetime_seconds + 86400)).passed);
}

TEST(NetworkRecords, CountTheRowsOfThisWindow) {
  const TripletRules rules;
  NetworkRecords records(8, 1);
  const NetworkRecords::Home home = records.HomeOf(1);
  const uint32_t begin = kNow / rules.RecentSeconds() * rules.RecentSeconds();
  for (int i = 0; i < 5; ++i) records.NoteNewRow(home, RulesAt(rules, begin));
  EXPECT_EQ(records.Look(home, RulesAt(rules, begin + rules.RecentSeconds() - 1)).new_rows, 5u);
  EXPECT_EQ(records.Look(home, RulesAt(rules, begin + rules.RecentSeconds())).new_rows, 0u);
}

}  // namespace
}  // namespace rblitz
