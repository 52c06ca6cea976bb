#include "tables/triplet_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "tests/sanitizers.h"
#include "tests/triplet_ask.h"

namespace rblitz {
namespace {

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
  const char* const longer = std::getenv("RBLITZ_GREY_FLOOD");
  const uint64_t flood = longer != nullptr ? std::strtoull(longer, nullptr, 10) : UnlessAsan(5000000, 200000);
  for (uint64_t i = 0; i < flood; ++i) {
    const GreyDecision decision =
        Ask(&table, Question(random(), random()), rules, now + static_cast<uint32_t>(i % 200));
    unrecorded += decision.answer == GreyAnswer::kUnrecorded;
    ASSERT_TRUE(decision.answer == GreyAnswer::kDefer || decision.answer == GreyAnswer::kUnrecorded);
  }
  EXPECT_LT(unrecorded, flood / 2000);
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
  EXPECT_EQ(Ask(&table, Question(99, 99), rules, kNow + 20000).pushed_out, PushedOut::kConfirmed);
  for (uint64_t i = 0; i < 16; ++i) EXPECT_EQ(table.Find({i, i}).has_value(), i != 0) << i;
  // A pending row of a network that has never passed goes before they do.
  EXPECT_EQ(Ask(&table, Question(98, 98), rules, kNow + 20001).pushed_out, PushedOut::kPending);
  EXPECT_FALSE(table.Find({99, 99}));
  EXPECT_TRUE(table.Find({1, 1}));
  // Of a network that has, it does not: nothing can go, and the mail passes.
  ASSERT_EQ(Ask(&table, Question(98, 98), rules, kNow + 20301).answer, GreyAnswer::kMatured);
  ASSERT_EQ(Ask(&table, Question(98, 97), rules, kNow + 20302).answer, GreyAnswer::kDefer);
  EXPECT_EQ(Ask(&table, Question(98, 96), rules, kNow + 20303),
            (GreyDecision{GreyAnswer::kUnrecorded, GreyReason::kFull}));
}

TEST(TripletTable, SaysWhatNewRowsPushedOut) {
  const TripletRules rules{.credits = 1};
  TripletTable table(1, 1);
  for (uint64_t i = 0; i < 16; ++i) {
    EXPECT_EQ(Ask(&table, Question(i, i), rules, kNow).pushed_out, PushedOut::kNothing);
  }
  const uint32_t day = 24 * 3600;
  EXPECT_EQ(Ask(&table, Question(20, 20), rules, kNow + day + 1).pushed_out, PushedOut::kExpired);
  for (uint64_t i = 21; i < 36; ++i) Ask(&table, Question(i, i), rules, kNow + day + 2);
  // The credit of one that matures needs room too.
  const GreyDecision matured = Ask(&table, Question(20, 20), rules, kNow + day + 400);
  EXPECT_EQ(matured.answer, GreyAnswer::kMatured);
  EXPECT_EQ(matured.pushed_out, PushedOut::kPending);
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

}  // namespace
}  // namespace rblitz
