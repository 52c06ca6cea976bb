#include "tables/triplet_table.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/sanitizers.h"
#include "tests/triplet_model.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;

constexpr uint32_t kNow = 1800000000;

TripletQuestion Question(uint64_t network, uint64_t triplet) {
  return {.network = network, .client = network + 9, .triplet = triplet, .sender = triplet + 1};
}

GreyDecision Ask(TripletTable* table, const TripletQuestion& question, const TripletRules& rules, uint32_t now,
                 TripletRing* ring = nullptr) {
  GreyDecision decision{};
  table->Decide({&question, 1}, rules, now, ring, &decision);
  return decision;
}

struct Case {
  uint32_t after;
  GreyAnswer answer;
  GreyReason reason;
  uint32_t wait;
};

void Follow(const std::vector<Case>& cases, const TripletRules& rules) {
  TripletTable table(1000, 1);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.after);
    const TripletQuestion question = Question(5, 77);
    const GreyDecision looked = table.Look(question, rules, kNow + c.after);
    const GreyDecision decision = Ask(&table, question, rules, kNow + c.after);
    EXPECT_EQ(decision.answer, c.answer);
    EXPECT_EQ(decision.reason, c.reason);
    EXPECT_EQ(decision.wait_seconds, c.wait);
    EXPECT_EQ(looked.answer, decision.answer);
    EXPECT_EQ(looked.reason, decision.reason);
  }
}

TEST(TripletTable, DecidesByTimeAlone) {
  using enum GreyAnswer;
  const TripletRules rules{.credits = 0};
  const uint32_t day = 24 * 3600;
  Follow({{0, kDefer, GreyReason::kNew, 300},
          {0, kDefer, GreyReason::kEarly, 300},
          {1, kDefer, GreyReason::kEarly, 299},
          {299, kDefer, GreyReason::kEarly, 1},
          {300, kMatured, GreyReason::kMatured, 0},
          {300, kKnown, GreyReason::kKnown, 0},
          {300 + 35 * day, kKnown, GreyReason::kKnown, 0},
          {300 + 70 * day, kKnown, GreyReason::kKnown, 0},
          {300 + 105 * day + 120, kDefer, GreyReason::kNew, 300}},
         rules);
  Follow({{0, kDefer, GreyReason::kNew, 300}, {day, kMatured, GreyReason::kMatured, 0}}, rules);
  Follow({{0, kDefer, GreyReason::kNew, 300},
          {day + 1, kDefer, GreyReason::kLate, 300},
          {day + 301, kMatured, GreyReason::kMatured, 0}},
         rules);
}

TEST(TripletTable, BringsAClockThatWasAheadBack) {
  const TripletRules rules{.credits = 0};
  TripletTable table(1000, 1);
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow + 5000).answer, GreyAnswer::kDefer);
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow).wait_seconds, 300u);
  EXPECT_EQ(table.Find({.network = 1, .fingerprint = 1})->first, kNow);
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow + 300).answer, GreyAnswer::kMatured);
  // Who has passed goes on passing.
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow - 100000).answer, GreyAnswer::kKnown);
  EXPECT_EQ(table.Find({.network = 1, .fingerprint = 1})->last_minutes, MinutesOf(kNow - 100000));
}

TEST(TripletTable, AgreesWithTheModelOnRandomQuestions) {
  std::map<GreyReason, int> reasons;
  for (uint64_t seed = 1; seed <= UnlessAsan(40, 10); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const TripletRules rules{.lifetime_seconds = 40 * 3600, .credits = static_cast<uint32_t>(seed % 6)};
    const bool jumps = rules.credits == 0;
    TripletTable table(100000, seed);
    TripletModel model(rules);
    uint32_t now = kNow;
    for (int i = 0; i < 20000; ++i) {
      const uint32_t steps[] = {0, 0, 10, 80, 1000};
      now += random() % 200 == 0 ? 200000 : random() % 50 == 0 ? 90000 : steps[random() % 5];
      if (jumps && random() % 20 == 0) now -= static_cast<uint32_t>(random() % 5000);
      std::vector<TripletQuestion> burst(1 + random() % 8);
      for (TripletQuestion& q : burst) {
        q = Question(1 + random() % 3, random() % 20);
        q.client = random() % 3;
        q.domain = random() % 2 * (1 + random() % 2);
        q.aligned = q.domain != 0 && random() % 3 == 0;
      }
      std::vector<GreyDecision> decisions(burst.size());
      table.Decide(burst, rules, now, nullptr, decisions.data());
      for (size_t k = 0; k < burst.size(); ++k) {
        GreyDecision expected = model.Decide(burst[k], now);
        // Another row may have taken the place of one that was late.
        if (decisions[k].reason == GreyReason::kNew && expected.reason == GreyReason::kLate)
          expected.reason = GreyReason::kNew;
        ASSERT_EQ(decisions[k], expected) << i << " " << static_cast<int>(decisions[k].reason);
        ++reasons[decisions[k].reason];
      }
    }
  }
  EXPECT_EQ(reasons.size(), 7u);  // all but those of a table that is full
}

TEST(TripletTable, OneCreditAnHourAndFiveOfThemPassTheAddress) {
  const TripletRules rules;
  TripletTable table(1000, 1);
  for (uint64_t triplet = 0; triplet < 7; ++triplet) {
    const auto now = static_cast<uint32_t>(kNow + triplet * 3600);
    const bool passes = triplet >= 5;
    // The second triplet of an hour earns nothing more.
    for (const uint64_t twin : {triplet, triplet + 100}) {
      EXPECT_EQ(Ask(&table, Question(1, twin), rules, now).answer,
                passes ? GreyAnswer::kWhitelisted : GreyAnswer::kDefer);
    }
    for (const uint64_t twin : {triplet, triplet + 100}) {
      const bool has_five = passes || (triplet == 4 && twin != triplet);
      EXPECT_EQ(Ask(&table, Question(1, twin), rules, now + 400).answer,
                has_five ? GreyAnswer::kWhitelisted : GreyAnswer::kMatured);
    }
  }
  TripletQuestion neighbour = Question(1, 4711);
  neighbour.client += 1;
  EXPECT_EQ(Ask(&table, neighbour, rules, kNow + 7 * 3600).answer, GreyAnswer::kDefer);
}

TEST(TripletTable, CapsTheNewRowsOfANetwork) {
  const TripletRules rules{.credits = 0, .new_rows = 10};
  TripletTable table(100000, 1);
  const uint32_t now = kNow / rules.RecentSeconds() * rules.RecentSeconds();
  for (uint64_t i = 0; i < 10; ++i) EXPECT_EQ(Ask(&table, Question(1, i), rules, now).reason, GreyReason::kNew);
  EXPECT_EQ(Ask(&table, Question(1, 10), rules, now).reason, GreyReason::kCapped);
  EXPECT_EQ(Ask(&table, Question(1, 10), rules, now).answer, GreyAnswer::kDefer);
  EXPECT_FALSE(table.Find({.network = 1, .fingerprint = 10}));
  EXPECT_EQ(Ask(&table, Question(2, 10), rules, now).reason, GreyReason::kNew);
  EXPECT_EQ(Ask(&table, Question(1, 3), rules, now + 300).answer, GreyAnswer::kMatured);
  // It has passed: what is over the cap passes, and is not recorded.
  EXPECT_EQ(Ask(&table, Question(1, 11), rules, now + 300),
            (GreyDecision{GreyAnswer::kUnrecorded, GreyReason::kCapped}));
  EXPECT_EQ(Ask(&table, Question(1, 11), rules, now + rules.RecentSeconds()).reason, GreyReason::kNew);
}

TEST(TripletTable, AFloodLeavesConfirmedRowsAndRecentOnesOfKnownNetworks) {
  const TripletRules rules{.credits = 0};
  constexpr uint64_t kRows = 20000;
  TripletTable table(kRows, 7);
  const size_t bytes = table.bytes();
  std::vector<TripletQuestion> confirmed;
  std::vector<TripletQuestion> recent;
  for (uint64_t i = 0; i < kRows / 5; ++i) confirmed.push_back(Question(i / 4, i));
  for (const TripletQuestion& q : confirmed) ASSERT_EQ(Ask(&table, q, rules, kNow).answer, GreyAnswer::kDefer);
  for (const TripletQuestion& q : confirmed) ASSERT_EQ(Ask(&table, q, rules, kNow + 300).answer, GreyAnswer::kMatured);
  const uint32_t now = kNow + 400;
  for (uint64_t i = 0; i < kRows / 10; ++i) recent.push_back(Question(i / 4, 1000000 + i));
  for (const TripletQuestion& q : recent) ASSERT_EQ(Ask(&table, q, rules, now).answer, GreyAnswer::kDefer);
  Random random(3);
  size_t unrecorded = 0;
  for (uint64_t i = 0; i < UnlessAsan(2000000, 200000); ++i) {
    const GreyDecision decision =
        Ask(&table, Question(random(), random()), rules, now + static_cast<uint32_t>(i % 200));
    unrecorded += decision.answer == GreyAnswer::kUnrecorded;
    ASSERT_TRUE(decision.answer == GreyAnswer::kDefer || decision.answer == GreyAnswer::kUnrecorded);
  }
  EXPECT_LT(unrecorded, 1000u);
  EXPECT_EQ(table.bytes(), bytes);
  for (const TripletQuestion& q : confirmed) ASSERT_EQ(table.Look(q, rules, now).answer, GreyAnswer::kKnown);
  for (const TripletQuestion& q : recent) ASSERT_EQ(table.Look(q, rules, now + 300).answer, GreyAnswer::kMatured);
}

TEST(TripletTable, WhenConfirmedRowsFillItTheOldestGoes) {
  const TripletRules rules{.credits = 0};
  TripletTable table(1, 1);
  ASSERT_EQ(table.slots(), 16u);
  for (uint64_t i = 0; i < 16; ++i) {
    const auto now = static_cast<uint32_t>(kNow + 1000 * i);
    ASSERT_EQ(Ask(&table, Question(i, i), rules, now).answer, GreyAnswer::kDefer);
    ASSERT_EQ(Ask(&table, Question(i, i), rules, now + 300).answer, GreyAnswer::kMatured);
  }
  EXPECT_EQ(Ask(&table, Question(99, 99), rules, kNow + 20000).answer, GreyAnswer::kDefer);
  for (uint64_t i = 0; i < 16; ++i) EXPECT_EQ(table.Find({i, i}).has_value(), i != 0) << i;
  // A pending row of a network that has never passed goes before they do.
  EXPECT_EQ(Ask(&table, Question(98, 98), rules, kNow + 20001).answer, GreyAnswer::kDefer);
  EXPECT_FALSE(table.Find({99, 99}));
  EXPECT_TRUE(table.Find({1, 1}));
  // Of a network that has, it does not: nothing can go, and the mail passes.
  ASSERT_EQ(Ask(&table, Question(98, 98), rules, kNow + 20301).answer, GreyAnswer::kMatured);
  ASSERT_EQ(Ask(&table, Question(98, 97), rules, kNow + 20302).answer, GreyAnswer::kDefer);
  EXPECT_EQ(Ask(&table, Question(98, 96), rules, kNow + 20303),
            (GreyDecision{GreyAnswer::kUnrecorded, GreyReason::kFull}));
}

TEST(TripletTable, ForgetsUntilItIsAskedAgain) {
  const TripletRules rules{.credits = 0};
  TripletTable table(1000, 1);
  const TripletKey key{.network = 1, .fingerprint = 1};
  ASSERT_EQ(Ask(&table, Question(1, 1), rules, kNow).answer, GreyAnswer::kDefer);
  ASSERT_EQ(Ask(&table, Question(1, 1), rules, kNow + 300).answer, GreyAnswer::kMatured);
  const std::optional<TripletRow> marker = table.Forget(key, rules, kNow + 301);
  ASSERT_TRUE(marker);
  EXPECT_EQ(marker->epoch, MinutesOf(kNow + 301) / 1440);
  EXPECT_EQ(table.Find(key), marker);
  EXPECT_EQ(table.Look(Question(1, 1), rules, kNow + 301).answer, GreyAnswer::kDefer);
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow + 302).reason, GreyReason::kNew);
  EXPECT_EQ(table.Find(key)->epoch, marker->epoch + 1);
  // A copy of what was forgotten does not come back, nor does the marker.
  table.Load({.key = key, .first = kNow, .last_minutes = MinutesOf(kNow), .passed = true}, rules, kNow + 303);
  table.Load(*marker, rules, kNow + 303);
  EXPECT_EQ(table.Look(Question(1, 1), rules, kNow + 303).reason, GreyReason::kEarly);
  EXPECT_TRUE(table.Forget({.network = 8, .fingerprint = 8}, rules, kNow));
}

TEST(TripletTable, LoadingItsJournalInAnyOrderMakesTheSameTable) {
  const TripletRules rules{.lifetime_seconds = 40 * 3600};
  TripletTable table(10000, 1);
  TripletRing ring(1 << 17);
  Random random(5);
  uint32_t now = kNow;
  for (int i = 0; i < 20000; ++i) {
    now += static_cast<uint32_t>(random() % 60);
    TripletQuestion q = Question(random() % 5, random() % 50);
    q.domain = random() % 3;
    q.aligned = q.domain != 0 && random() % 4 == 0;
    Ask(&table, q, rules, now, &ring);
    if (i % 997 == 0) ring.Push(*table.Forget({.network = q.network, .fingerprint = random() % 50}, rules, now));
  }
  std::vector<TripletRow> journal;
  for (; ring.Front() != nullptr; ring.Pop()) journal.push_back(*ring.Front());
  ASSERT_GT(journal.size(), 1000u);
  const auto rows = [&](const TripletTable& of) {
    std::set<TripletRow> all;
    of.Walk([&](const TripletRow& row) {
      if (IsExpired(row, rules, now)) return;
      EXPECT_TRUE(all.insert(row).second);
    });
    return all;
  };
  std::set<TripletRow> in_order;
  for (int i = 0; i < 3; ++i) {
    if (i > 0) std::shuffle(journal.begin(), journal.end(), random);
    TripletTable loaded(10000, 2);
    for (const TripletRow& row : journal) loaded.Load(row, rules, now);
    if (i == 0) in_order = rows(loaded);
    EXPECT_EQ(rows(loaded), in_order);
  }
  // A reset starts anew in memory and keeps the earlier first on disk, if that is no older than the window: never
  // later.
  for (const TripletRow& row : rows(table)) {
    const auto same_key = [&](const TripletRow& other) { return other.key == row.key; };
    const auto found = std::find_if(in_order.begin(), in_order.end(), same_key);
    ASSERT_NE(found, in_order.end());
    EXPECT_LE(found->first, row.first);
    EXPECT_GE(found->passed, row.passed);
    EXPECT_EQ(found->epoch, row.epoch);
  }
}

TEST(TripletTable, WithoutRoomInTheJournalNothingIsRecordedAndNewMailPasses) {
  const TripletRules rules{.credits = 0};
  TripletTable table(1000, 1);
  TripletRing ring(4);
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow, &ring).answer, GreyAnswer::kDefer);
  EXPECT_EQ(Ask(&table, Question(1, 2), rules, kNow, &ring).answer, GreyAnswer::kDefer);
  EXPECT_EQ(Ask(&table, Question(1, 3), rules, kNow, &ring),
            (GreyDecision{GreyAnswer::kUnrecorded, GreyReason::kBehind}));
  EXPECT_FALSE(table.Find({.network = 1, .fingerprint = 3}));
  // What changes nothing is answered as ever.
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow + 1, &ring).reason, GreyReason::kEarly);
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow + 300, &ring).answer, GreyAnswer::kUnrecorded);
  while (ring.Front() != nullptr) ring.Pop();
  EXPECT_EQ(Ask(&table, Question(1, 1), rules, kNow + 301, &ring).answer, GreyAnswer::kMatured);
  ASSERT_NE(ring.Front(), nullptr);
  EXPECT_TRUE(ring.Front()->passed);
}

// The races that triplet_slots.h argues about, in the order that matters.
class TripletSlotsRace : public testing::Test {
 protected:
  [[nodiscard]] bool Insert(const TripletRow& row) {
    return slots.Insert(row, slots.HomeOf(row.key), records, rules, kNow);
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

TEST_F(TripletSlotsRace, OfTwoChangesFromOneLookTheSecondIsRefused) {
  ASSERT_TRUE(Insert(Row(1, kNow - 400)));
  auto one = slots.Find(Row(1, 0).key, slots.HomeOf(Row(1, 0).key));
  auto other = one;
  TripletRow next = one->row;
  next.passed = true;
  EXPECT_TRUE(slots.ChangeState(&*one, next));
  EXPECT_FALSE(slots.ChangeState(&*other, next));
}

TEST(NetworkRecords, KeepThoseThatHavePassedWhenALineIsFull) {
  const TripletRules rules;
  NetworkRecords records(8, 1);
  for (uint64_t network = 0; network < 7; ++network) records.NotePass(network, rules, kNow, kNow);
  for (uint64_t network = 100; network < 1100; ++network) records.NoteNewRow(network, rules, kNow);
  for (uint64_t network = 0; network < 7; ++network) EXPECT_TRUE(records.Look(network, rules, kNow).passed);
  EXPECT_EQ(records.Look(1099, rules, kNow).new_rows, 1u);
  EXPECT_FALSE(records.Look(1, rules, kNow + rules.lifetime_seconds + 86400).passed);
}

TEST(NetworkRecords, CountTheRowsOfThisWindow) {
  const TripletRules rules;
  NetworkRecords records(8, 1);
  const uint32_t begin = kNow / rules.RecentSeconds() * rules.RecentSeconds();
  for (int i = 0; i < 5; ++i) records.NoteNewRow(1, rules, begin);
  EXPECT_EQ(records.Look(1, rules, begin + rules.RecentSeconds() - 1).new_rows, 5u);
  EXPECT_EQ(records.Look(1, rules, begin + rules.RecentSeconds()).new_rows, 0u);
}

}  // namespace
}  // namespace rblitz
