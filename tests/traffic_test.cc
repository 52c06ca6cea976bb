// What workers sample, and how it fades.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "tables/decaying_counts.h"
#include "tables/traffic_ring.h"

namespace rblitz {
namespace {

using Sample = TrafficRing::Sample;

TEST(TrafficRing, GivesWhatWasPushed) {
  const auto ring = std::make_unique<TrafficRing>();
  std::vector<Sample> samples;
  EXPECT_EQ(ring->Drain(&samples), 0u);
  EXPECT_TRUE(samples.empty());
  ring->Push({.address = 0xc0000201, .weight = 7});
  ring->Push({.address = 0xffffffff, .weight = 64});
  EXPECT_EQ(ring->Drain(&samples), 0u);
  ring->Push({.address = 1, .weight = 0});
  ring->Push({.address = 2, .weight = 0});
  EXPECT_EQ(ring->Drain(&samples), 0u);
  ring->Push({.address = 3, .weight = 1});
  EXPECT_EQ(ring->Drain(&samples), 0u);
  EXPECT_EQ(samples, (std::vector<Sample>{{0xc0000201, 7}, {0xffffffff, 64}, {3, 1}})) << "none is no sample";
}

TEST(TrafficRing, LosesTheOldestAndCountsThem) {
  const auto ring = std::make_unique<TrafficRing>();
  std::vector<Sample> samples;
  for (uint32_t round = 0; round < 5; ++round) {
    const auto count = static_cast<uint32_t>(TrafficRing::kSlots / 2 * (round + 1) + round);
    for (uint32_t i = 0; i < count; ++i) ring->Push({.address = i, .weight = round + 1});
    samples.clear();
    const uint64_t lost = ring->Drain(&samples);
    ASSERT_EQ(lost + samples.size(), count);
    if (count < TrafficRing::kSlots) {
      ASSERT_EQ(lost, 0u);
    }
    for (size_t i = 0; i < samples.size(); ++i) {
      ASSERT_EQ(samples[i], (Sample{static_cast<uint32_t>(lost + i), round + 1}));
    }
  }
}

TEST(TrafficRing, EachIsASampleForItsBurst) {
  const auto ring = std::make_unique<TrafficRing>();
  std::vector<Sample> samples;
  ring->Offer(1, 64, true);
  ring->Offer(2, 64, false);
  ring->Offer(3, 1, true);
  EXPECT_EQ(ring->Drain(&samples), 0u);
  EXPECT_EQ(samples, (std::vector<Sample>{{1, 64}, {3, 1}}))
      << "what does not count stands for its own burst, not the next";
}

TEST(TrafficRing, AtAPaceASampleStandsForSeveralBursts) {
  const auto ring = std::make_unique<TrafficRing>();
  std::vector<Sample> samples;
  ring->SetPace(10);
  for (const uint32_t questions : {4u, 5u, 2u, 8u, 64u, 9u}) ring->Offer(100 + questions, questions, true);
  EXPECT_EQ(ring->Drain(&samples), 0u);
  EXPECT_EQ(samples, (std::vector<Sample>{{102, 10}, {164, 64}, {109, 10}}));
}

TEST(TrafficRing, NothingOfAnEarlierPaceIsLeft) {
  const auto ring = std::make_unique<TrafficRing>();
  std::vector<Sample> samples;
  ring->SetPace(1000);
  ring->Offer(1, 999, true);
  ring->SetPace(2);
  for (int i = 0; i < 4; ++i) ring->Offer(2, 1, true);
  EXPECT_EQ(ring->Drain(&samples), 0u);
  EXPECT_EQ(samples, (std::vector<Sample>{{2, 2}, {2, 2}}));
}

// One network asks in bursts of 1 alone, and one has no address: what samples stand for is what was asked, at any pace.
TEST(TrafficRing, SamplesStandForWhatWasAsked) {
  constexpr uint32_t kBursts = 400'000;
  constexpr uint32_t kSmall = 1;
  constexpr uint32_t kNone = 2;
  for (const uint32_t pace : {1u, 2u, 10u, 33u, 64u, 65u, 200u, 1000u}) {
    std::mt19937 random(pace);
    const auto ring = std::make_unique<TrafficRing>();
    ring->SetPace(pace);
    std::map<uint32_t, double> asked;
    std::map<uint32_t, double> counted;
    double of_all = 0;
    size_t taken = 0;
    std::vector<Sample> samples;
    for (uint32_t i = 0; i < kBursts; ++i) {
      const bool is_small = random() % 10 != 0;
      const uint32_t questions = is_small ? 1 : 64;
      const uint32_t who = is_small ? kSmall : static_cast<uint32_t>(kNone + random() % 3);
      ring->Offer(who, questions, who != kNone);
      if (who != kNone) asked[who] += questions;
      of_all += questions;
      if (i % 10'000 != 0 && i + 1 < kBursts) continue;
      samples.clear();
      ASSERT_EQ(ring->Drain(&samples), 0u);
      taken += samples.size();
      for (const Sample& sample : samples) counted[sample.address] += sample.weight;
    }
    ASSERT_EQ(counted.size(), asked.size());
    for (const auto& [who, questions] : asked) {
      const double error = pace == 1 ? 0 : 4 * std::sqrt(questions * std::max(pace, 64u));
      EXPECT_NEAR(counted[who], questions, error) << who << " at " << pace;
    }
    EXPECT_LE(static_cast<double>(taken), of_all / pace);
  }
}

// Whoever drains beside the worker gets each sample once, in order, or has it among the lost.
TEST(TrafficRing, CountsAllWhileItIsWrittenTo) {
  constexpr uint32_t kCount = 3'000'000;
  const auto ring = std::make_unique<TrafficRing>();
  std::atomic<bool> done{false};
  std::thread worker([&] {
    for (uint32_t i = 0; i < kCount; ++i) ring->Push({.address = i, .weight = ~i});
    done.store(true);
  });
  uint64_t next = 0;
  std::vector<Sample> samples;
  for (bool last = false; !last;) {
    last = done.load();
    samples.clear();
    next += ring->Drain(&samples);
    for (const Sample& sample : samples) {
      ASSERT_EQ(sample.address, next);
      ASSERT_EQ(sample.weight, ~sample.address);
      ++next;
    }
  }
  worker.join();
  EXPECT_EQ(next, kCount);
}

std::map<uint32_t, double> All(const DecayingCounts& counts, double now) {
  std::map<uint32_t, double> all;
  counts.ForEach(now, [&](uint32_t cell, double count) { all[cell] = count; });
  return all;
}

TEST(DecayingCounts, HalfIsLeftAfterAHalfLife) {
  DecayingCounts counts(100);
  counts.Add(5, 8, 0);
  counts.Add(5, 8, 100);
  counts.Add(0xffffff, 1, 200);
  EXPECT_NEAR(All(counts, 200).at(5), 6, 1e-4);
  EXPECT_NEAR(All(counts, 300).at(5), 3, 1e-4);
  EXPECT_NEAR(All(counts, 300).at(0xffffff), 0.5, 1e-4);
  EXPECT_NEAR(counts.Sum(300), 3.5, 1e-4);
  EXPECT_EQ(All(counts, 100 * 20).size(), 0u);
}

TEST(DecayingCounts, AnotherHalfLifeCountsFromThenOn) {
  DecayingCounts counts(100);
  counts.Add(1, 64, 0);
  counts.SetHalfLife(10, 100);
  EXPECT_NEAR(All(counts, 100).at(1), 32, 1e-4);
  EXPECT_NEAR(All(counts, 120).at(1), 8, 1e-4);
  counts.SetHalfLife(10, 130);
  EXPECT_NEAR(All(counts, 130).at(1), 4, 1e-4);
}

TEST(DecayingCounts, ForgetsWhatHasFaded) {
  DecayingCounts counts(1);
  for (uint32_t block = 0; block < 1000; ++block) counts.Add(block * kCellsInBlock, 5, 0);
  const size_t full = counts.bytes();
  counts.Add(7, 1, 1000);
  EXPECT_EQ(All(counts, 1000).size(), 1u);
  EXPECT_NEAR(counts.Sum(1000), 1, 1e-6);
  EXPECT_LT(counts.bytes(), full);
}

TEST(DecayingCounts, CountsAsANaiveTwinDoes) {
  std::mt19937 random(1);
  DecayingCounts counts(30);
  struct Added {
    uint32_t cell;
    uint32_t count;
    double at;
  };
  std::vector<Added> added;
  double now = 0;
  for (int i = 0; i < 300; ++i) {
    now += static_cast<double>(random() % 50);
    std::vector<DecayingCounts::Counted> together(random() % 40);
    for (auto& [cell, count] : together) {
      cell = static_cast<uint32_t>(random() % 50) * 1000;
      count = static_cast<uint32_t>(1 + random() % 64);
      added.push_back({cell, count, now});
    }
    counts.Add(together, now);
  }
  std::map<uint32_t, double> model;
  for (const Added& one : added) model[one.cell] += one.count * std::exp2((one.at - now) / 30);
  const std::map<uint32_t, double> all = All(counts, now);
  double sum = 0;
  for (const auto& [cell, count] : model) {
    sum += count;
    if (count < 0.01) continue;
    ASSERT_NEAR(all.at(cell), count, count * 1e-4 + 1e-3);
  }
  EXPECT_NEAR(counts.Sum(now), sum, sum * 1e-4);
}

}  // namespace
}  // namespace rblitz
