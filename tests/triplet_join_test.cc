// The greylist's table against its naive twin, while rows are forgotten and joined; joins and loads.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tables/triplet_table.h"
#include "tests/sanitizers.h"
#include "tests/triplet_ask.h"
#include "tests/triplet_model.h"

namespace rblitz {
namespace {

// Now and then a triplet is forgotten with its credits, or joined with a copy of what it was some time ago.
class Meddler {
 public:
  Meddler(TripletTable* table, TripletModel* model, const TripletRules& rules)
      : table_(table), model_(model), rules_(rules) {}

  void Meddle(const TripletQuestion& q, uint32_t now, Random* random) {
    switch ((*random)() % 40) {
      case 0:
        return Forget(q, now);
      case 1:
        return Remember(q);
      case 2:
        if (!copies_.empty()) Join(copies_[(*random)() % copies_.size()], now);
    }
  }

 private:
  struct Copy {
    TripletQuestion question;
    TripletRow row;
  };

  void Forget(const TripletQuestion& q, uint32_t now) {
    std::vector<TripletKey> keys = {KeyOf(q), {q.network, q.client, TripletKind::kClient}};
    if (q.domain != 0) keys.push_back({q.network, q.domain, TripletKind::kSenderDomain});
    for (const TripletKey& key : keys) {
      const auto marker = table_->Forget(key, rules_, now);
      ASSERT_TRUE(marker);
      EXPECT_EQ(table_->Find(key), marker);
    }
    model_->Forget(q, now);
  }
  void Remember(const TripletQuestion& q) {
    if (const auto row = table_->Find(KeyOf(q))) copies_.push_back({q, *row});
  }
  void Join(const Copy& copy, uint32_t now) {
    const auto joined = table_->Join(copy.row, rules_, now);
    EXPECT_EQ(joined.has_value(), !IsExpired(Clamped(copy.row, now), rules_, now));
    if (joined) {
      EXPECT_EQ(table_->Find(copy.row.key), joined);
    }
    model_->Join(copy.question, copy.row, now);
  }

  TripletTable* table_;
  TripletModel* model_;
  TripletRules rules_;
  std::vector<Copy> copies_;
};

TEST(TripletTable, AgreesWithTheModelOnRandomQuestions) {
  std::map<GreyReason, int> reasons;
  for (uint64_t seed = 1; seed <= UnlessAsan(40, 10); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const TripletRules rules{.lifetime_seconds = 40 * 3600, .credits = static_cast<uint32_t>(seed % 6)};
    const bool jumps = rules.credits == 0;
    TripletTable table(100000, seed);
    TripletModel model(rules);
    Meddler meddler(&table, &model, rules);
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
        ASSERT_LE(decisions[k].pushed_out, PushedOut::kExpired);
        expected.pushed_out = decisions[k].pushed_out;
        ASSERT_EQ(decisions[k], expected) << i << " " << static_cast<int>(decisions[k].reason);
        ++reasons[decisions[k].reason];
      }
      meddler.Meddle(burst[0], now, &random);
    }
  }
  EXPECT_EQ(reasons.size(), 7u);  // all but those of a table that is full
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
  const TripletRow copy{.key = key, .first = kNow, .last_minutes = MinutesOf(kNow), .passed = true};
  table.Load({&copy, 1}, rules, kNow + 303);
  table.Load({&*marker, 1}, rules, kNow + 303);
  EXPECT_EQ(table.Look(Question(1, 1), rules, kNow + 303).reason, GreyReason::kEarly);
  EXPECT_TRUE(table.Forget({.network = 8, .fingerprint = 8}, rules, kNow));
}

TEST(TripletTable, JoinsRowsOfAllKindsAsThePureJoinSays) {
  const TripletRules rules{.lifetime_seconds = 40 * 3600};
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    TripletTable table(100000, seed);
    std::map<TripletKey, TripletRow> expected;
    uint32_t now = kNow;
    for (int i = 0; i < 5000; ++i) {
      now += static_cast<uint32_t>(random() % 100);
      TripletRow row{.key = {.network = random() % 3, .fingerprint = random() % 4}};
      row.key.kind = static_cast<TripletKind>(random() % 4);
      row.first = now + 1000 - static_cast<uint32_t>(random() % 100000);
      row.last_minutes = MinutesOf(row.first + static_cast<uint32_t>(random() % 100000));
      row.epoch = static_cast<uint16_t>(static_cast<unsigned>(i) / 2000 + random() % 2);
      row.forgotten = random() % 10 == 0;
      row.passed = !row.forgotten && row.key.kind <= TripletKind::kDomain && random() % 2 == 0;
      if (row.key.kind == TripletKind::kClient && !row.forgotten) row.payload = WithCredit(row, row.first + 7200);
      if (row.key.kind == TripletKind::kSenderDomain && !row.forgotten) row.payload = WithSender(0, random() % 9);
      const std::optional<TripletRow> joined = table.Join(row, rules, now);
      row = Clamped(row, now);
      ASSERT_EQ(joined.has_value(), !IsExpired(row, rules, now));
      if (!joined) continue;
      const auto [at, is_new] = expected.try_emplace(row.key, row);
      const TripletRow there = Clamped(at->second, now);
      if (!is_new) at->second = IsExpired(there, rules, now) ? row : Join(there, row);
      ASSERT_EQ(*joined, at->second) << i;
    }
    std::map<TripletKey, TripletRow> rows;
    const size_t middle = random() % table.slots();
    for (const auto& [from, to] : {std::pair{middle, table.slots() + 99}, std::pair{size_t{0}, middle}}) {
      table.Walk(from, to, [&](const TripletRow& row) { EXPECT_TRUE(rows.emplace(row.key, row).second); });
    }
    for (const auto& [key, row] : expected) {
      if (!IsExpired(row, rules, now)) {
        EXPECT_EQ(rows[key], row);
      }
    }
  }
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
    loaded.Load(journal, rules, now);
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

}  // namespace
}  // namespace rblitz
