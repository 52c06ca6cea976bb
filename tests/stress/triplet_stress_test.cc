// Workers that ask for the same triplets at once, under a clock of the test's own: no triplet is held twice, none
// passes before its delay, each matures once, and every change was handed over; while others join and forget rows, what
// was forgotten does not come back.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "tables/triplet_table.h"

namespace rblitz {
namespace {

constexpr uint32_t kNow = 1800000000;
constexpr size_t kWorkers = 3;
constexpr uint64_t kBurstsAStep = 40;

struct Worker {
  TripletRing ring{1 << 16};
  std::atomic<uint64_t> bursts{0};
  std::map<uint64_t, uint32_t> first_asked;
  std::map<uint64_t, std::vector<uint32_t>> matured;
  std::set<std::pair<uint64_t, uint32_t>> started;  // triplets, and when they were answered as new
  std::vector<std::pair<uint64_t, GreyDecision>> matured_from;
  std::map<uint64_t, uint32_t> first_passed;
};

void Work(TripletTable* table, Worker* worker, const std::atomic<uint32_t>* clock, const TripletRules& rules,
          uint64_t triplets, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (uint32_t now = kNow; now < kNow + 1200;) {
    now = clock->load();
    TripletQuestion burst[16];
    for (TripletQuestion& q : burst) {
      q.triplet = random() % triplets;
      q.network = q.triplet % 7;
      q.client = q.network;
      q.sender = q.triplet;
      if (rules.credits == 0) continue;
      q.domain = 1 + q.triplet / 2;
      q.aligned = q.triplet % 4 == 0;
    }
    GreyDecision decisions[16];
    table->Decide(burst, rules, now, &worker->ring, decisions);
    // Another worker may have been ahead: what it decided shows here too.
    const uint32_t then = clock->load();
    for (size_t i = 0; i < 16; ++i) {
      worker->first_asked.try_emplace(burst[i].triplet, now);
      // A worker whose clock is a step behind takes first back to its own now.
      const bool is_taken_back = decisions[i].reason == GreyReason::kEarly && decisions[i].first == now;
      if (decisions[i].reason == GreyReason::kNew || decisions[i].reason == GreyReason::kLate || is_taken_back) {
        worker->started.emplace(burst[i].triplet, now);
      }
      if (decisions[i].answer == GreyAnswer::kMatured) {
        worker->matured[burst[i].triplet].push_back(now);
        worker->matured_from.emplace_back(burst[i].triplet, decisions[i]);
        EXPECT_GE(now - decisions[i].first, rules.delay_seconds);
      }
      if (decisions[i].answer != GreyAnswer::kDefer) worker->first_passed.try_emplace(burst[i].triplet, then);
    }
    worker->bursts.fetch_add(1, std::memory_order_relaxed);
    if (worker->ring.Room() < 1000) std::this_thread::yield();
  }
}

struct Outcome {
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<TripletRow> journal;
};

void Take(Outcome* run) {
  for (const auto& worker : run->workers) {
    for (; worker->ring.Front() != nullptr; worker->ring.Pop()) run->journal.push_back(*worker->ring.Front());
  }
}

Outcome AskAtOnce(TripletTable* table, const TripletRules& rules, uint64_t triplets) {
  Outcome run;
  std::atomic<uint32_t> clock{kNow};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kWorkers; ++i) {
    run.workers.push_back(std::make_unique<Worker>());
    threads.emplace_back(Work, table, run.workers[i].get(), &clock, rules, triplets, i);
  }
  // Meanwhile the journal's thread takes what changed, and walks.
  for (uint32_t now = kNow; now < kNow + 1200; now += 12) {
    clock = now;
    // However the machine shares its cores: nobody is left behind by more than a step.
    for (const auto& worker : run.workers) {
      for (const uint64_t until = worker->bursts.load() + kBurstsAStep; worker->bursts.load() < until;) {
        Take(&run);
        std::this_thread::yield();
      }
    }
    table->Walk([&](const TripletRow& row) { EXPECT_LE(row.first, now); });
  }
  clock = kNow + 1200;
  for (std::thread& thread : threads) thread.join();
  Take(&run);
  return run;
}

TEST(TripletStress, ATripletIsHeldOnceMaturesOnceAndNotBeforeItsDelay) {
  const TripletRules rules{.credits = 0, .new_rows = kMaxNewRows};
  constexpr uint64_t kTriplets = 500;
  TripletTable table(4000, 1);
  const Outcome run = AskAtOnce(&table, rules, kTriplets);
  std::map<TripletKey, TripletRow> rows;
  table.Walk([&](const TripletRow& row) { EXPECT_TRUE(rows.emplace(row.key, row).second); });
  EXPECT_EQ(rows.size(), kTriplets);
  for (uint64_t triplet = 0; triplet < kTriplets; ++triplet) {
    uint32_t asked = ~0u;
    uint32_t passed = ~0u;
    size_t matured = 0;
    for (const auto& worker : run.workers) {
      if (worker->first_asked.contains(triplet)) asked = std::min(asked, worker->first_asked.at(triplet));
      if (worker->first_passed.contains(triplet)) passed = std::min(passed, worker->first_passed.at(triplet));
      if (worker->matured.contains(triplet)) matured += worker->matured.at(triplet).size();
    }
    const TripletRow& row = rows.at({.network = triplet % 7, .fingerprint = triplet});
    EXPECT_EQ(row.first, asked);
    EXPECT_TRUE(row.passed);
    EXPECT_EQ(matured, 1u) << triplet;
    EXPECT_GE(passed, asked + rules.delay_seconds);
  }
  // What was handed over makes the same table. A worker whose clock is a step behind may set last back, a store does
  // not.
  TripletTable loaded(4000, 2);
  loaded.Load(run.journal, rules, kNow + 1201);
  for (const auto& [key, row] : rows) {
    const std::optional<TripletRow> found = loaded.Find(key);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->first, row.first);
    EXPECT_TRUE(found->passed);
    EXPECT_GE(found->last_minutes, row.last_minutes);
  }
}

// More triplets than slots: rows are replaced all the time.
TEST(TripletStress, NothingPassesEarlyWhileRowsAreReplaced) {
  const TripletRules rules{.new_rows = kMaxNewRows};
  TripletTable table(200, 1);
  const Outcome run = AskAtOnce(&table, rules, 3000);
  std::map<TripletKey, int> rows;
  table.Walk([&](const TripletRow& row) { EXPECT_EQ(++rows[row.key], 1); });
  EXPECT_GT(rows.size(), 100u);
  // What has matured was begun when it says that it was.
  size_t matured = 0;
  std::set<std::pair<uint64_t, uint32_t>> started;
  for (const auto& worker : run.workers) started.insert(worker->started.begin(), worker->started.end());
  for (const auto& worker : run.workers) {
    for (const auto& [triplet, decision] : worker->matured_from) {
      EXPECT_TRUE(started.contains({triplet, decision.first})) << triplet;
      ++matured;
    }
  }
  EXPECT_GT(matured, 0u);
}

// A table whose triplets have all passed once, and a thread each that forgets them, joins what they were, and asks.
class Meddled {
 public:
  static constexpr uint64_t kTriplets = 300;
  static constexpr uint32_t kStale = kNow - 1000;  // first of the copies that stores have

  Meddled() : is_forgotten_(kTriplets) {
    for (uint64_t i = 0; i < kTriplets; ++i) joined_.push_back(*table_.Join(Stale(i), rules_, kNow));
  }

  void Run() {
    std::vector<std::thread> threads;
    threads.emplace_back([this] { Forget(); });
    threads.emplace_back([this] { JoinCopies(); });
    for (size_t i = 0; i < workers_.size(); ++i) threads.emplace_back([this, i] { Ask(i); });
    for (uint32_t now = kNow; now < kNow + 1200; now += 12) {
      clock_ = now;
      ++step_;
      for (Worker& worker : workers_) {
        for (const uint64_t until = worker.bursts.load() + kBurstsAStep; worker.bursts.load() < until;) TakeAll();
      }
      while (forgets_ < step_ * kForgetsAStep || joins_ < step_ * kJoinsAStep) TakeAll();
    }
    done_ = true;
    for (std::thread& thread : threads) thread.join();
    TakeAll();
  }

  // What all of them handed over makes the same rows. A worker whose clock is a step behind takes first back by that.
  void ExpectTheJournalMakesTheTable() {
    TripletTable loaded(20000, 2);
    journal_.insert(journal_.end(), markers_.begin(), markers_.end());
    journal_.insert(journal_.end(), joined_.begin(), joined_.end());
    loaded.Load(journal_, rules_, kNow + 1201);
    std::set<TripletKey> keys;
    table_.Walk([&](const TripletRow& row) {
      EXPECT_TRUE(keys.insert(row.key).second);
      const std::optional<TripletRow> found = loaded.Find(row.key);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->epoch, row.epoch);
      EXPECT_EQ(found->forgotten, row.forgotten);
      EXPECT_LE(found->first, row.first + 12);
      EXPECT_GE(found->passed, row.passed);
      EXPECT_EQ(found->payload, row.payload);
    });
    EXPECT_GT(markers_.size(), 0u);
    EXPECT_GT(matured_.load(), 0u);
  }

 private:
  static TripletQuestion Question(uint64_t triplet) {
    return {.network = triplet % 7,
            .client = triplet % 7,
            .triplet = triplet,
            .sender = triplet,
            .domain = 1 + triplet / 2,
            .aligned = triplet % 4 == 0};
  }
  static TripletKey KeyOf(uint64_t triplet) {
    const TripletQuestion q = Question(triplet);
    if (q.aligned) return {.network = q.domain, .fingerprint = triplet, .kind = TripletKind::kDomain};
    return {.network = q.network, .fingerprint = triplet};
  }
  static TripletRow Stale(uint64_t triplet) {
    return {.key = KeyOf(triplet), .first = kStale, .last_minutes = MinutesOf(kStale + 400), .passed = true};
  }

  // However the machine shares its cores: a share for each step, and no more, so that triplets mature in between.
  static constexpr uint64_t kForgetsAStep = 4;
  static constexpr uint64_t kJoinsAStep = 640;

  void AwaitShare(std::atomic<uint64_t>* done_so_far, uint64_t a_step) {
    for (++*done_so_far; *done_so_far >= step_ * a_step && !done_;) std::this_thread::yield();
  }

  void Forget() {
    std::mt19937_64 random(77);
    while (!done_) {
      const uint64_t triplet = random() % kTriplets;
      const TripletQuestion q = Question(triplet);
      for (const TripletKey& key : {KeyOf(triplet), TripletKey{q.network, q.domain, TripletKind::kSenderDomain}}) {
        if (const auto marker = table_.Forget(key, rules_, clock_)) markers_.push_back(*marker);
      }
      is_forgotten_[triplet] = true;
      AwaitShare(&forgets_, kForgetsAStep);
    }
  }

  // As it was at first, as it is, and as another appliance has begun it anew.
  void JoinCopies() {
    std::mt19937_64 random(78);
    while (!done_) {
      const uint64_t triplet = random() % kTriplets;
      TripletRow row = table_.Find(KeyOf(triplet)).value_or(Stale(triplet));
      const uint64_t kind = random() % 64;
      if (kind > 8) row = Stale(triplet);
      if (kind == 0 && row.epoch < kMaxEpoch && is_forgotten_[triplet]) {
        row = {.key = row.key, .first = clock_, .last_minutes = MinutesOf(clock_), .epoch = row.epoch};
        row.epoch += 1;
      }
      const std::optional<TripletRow> joined = table_.Join(row, rules_, clock_);
      ASSERT_TRUE(joined);
      if (joined->first != kStale || joined->epoch > 0) joined_.push_back(*joined);
      AwaitShare(&joins_, kJoinsAStep);
    }
  }

  void Ask(size_t i) {
    std::mt19937_64 random(i);
    while (!done_) {
      const uint32_t now = clock_;
      TripletQuestion burst[16];
      bool is_forgotten[16];
      for (size_t k = 0; k < 16; ++k) {
        burst[k] = Question(random() % kTriplets);
        is_forgotten[k] = is_forgotten_[burst[k].triplet];
      }
      GreyDecision decisions[16];
      table_.Decide(burst, rules_, now, &workers_[i].ring, decisions);
      const uint32_t then = clock_;
      for (size_t k = 0; k < 16; ++k) Check(decisions[k], is_forgotten[k], then);
      workers_[i].bursts.fetch_add(1);
      if (workers_[i].ring.Room() < 1000) std::this_thread::yield();
    }
  }

  void Check(const GreyDecision& decision, bool is_forgotten, uint32_t then) {
    if (decision.answer == GreyAnswer::kMatured) ++matured_;
    if (decision.answer != GreyAnswer::kMatured && decision.answer != GreyAnswer::kKnown) return;
    if (is_forgotten) {
      EXPECT_NE(decision.first, kStale);
    }
    EXPECT_GE(then - decision.first, rules_.delay_seconds);
  }

  void TakeAll() {
    for (Worker& worker : workers_) {
      for (; worker.ring.Front() != nullptr; worker.ring.Pop()) journal_.push_back(*worker.ring.Front());
    }
    std::this_thread::yield();
  }

  const TripletRules rules_{.new_rows = kMaxNewRows};
  TripletTable table_{20000, 1};
  std::atomic<uint32_t> clock_{kNow};
  std::atomic<bool> done_{false};
  std::atomic<uint64_t> step_{0};
  std::atomic<uint64_t> forgets_{0};
  std::atomic<uint64_t> joins_{0};
  std::atomic<uint64_t> matured_{0};
  std::vector<std::atomic<bool>> is_forgotten_;
  std::array<Worker, 2> workers_;
  std::vector<TripletRow> journal_;
  std::vector<TripletRow> markers_;
  std::vector<TripletRow> joined_;
};

TEST(TripletStress, WhatIsForgottenDoesNotComeBackWhileCopiesOfItAreJoined) {
  Meddled meddled;
  meddled.Run();
  meddled.ExpectTheJournalMakesTheTable();
}

}  // namespace
}  // namespace rblitz
