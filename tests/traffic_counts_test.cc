// The heat of the server's own traffic, from rings to what the control socket answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "cli/heat_answers.h"
#include "cli/traffic.h"

namespace rblitz {
namespace {

using namespace std::chrono_literals;

class TrafficCounts : public testing::Test {
 protected:
  static constexpr size_t kWorkers = 3;

  TrafficCounts() {
    for (size_t i = 0; i < kWorkers; ++i) counters_.push_back(std::make_unique<WorkerStats>());
  }

  void Push(uint32_t address, uint32_t weight, size_t worker = 0) {
    counters_[worker]->traffic.Push({.address = address, .weight = weight});
    pushed_ += weight > 0;
  }
  void Begin(const TrafficConfig& config = {}, bool is_wanted = false) {
    traffic_ = std::make_unique<Traffic>(
        counters_, config, [is_wanted] { return is_wanted; },
        [this](const std::shared_ptr<const HeatCells>& cells) {
          const std::lock_guard lock(mutex_);
          published_.push_back(cells);
        });
    traffic_->Start();
  }
  // False: it does not come true.
  template <class Condition>
  static bool Wait(Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }
  bool WaitForAll() {
    return Wait([&] { return traffic_->figures().samples + traffic_->figures().lost == pushed_; });
  }
  Json Answer(const Json& request) {
    const Result<Json> answer = HeatAnswers(*traffic_, nullptr, &readings_).Answer(request);
    return answer ? *answer : Json{{"error", answer.error().message}};
  }
  Json FirstPage() { return Answer({{"command", "heat"}, {"action", "cells"}, {"source", "traffic"}}); }
  Json PageBehind(const Json& page) {
    return Answer({{"command", "heat"}, {"action", "cells"}, {"reading", page["reading"]}, {"from", page["next"]}});
  }

  std::vector<std::unique_ptr<WorkerStats>> counters_;
  HeatReadings readings_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const HeatCells>> published_;
  std::unique_ptr<Traffic> traffic_;  // last: it ends before what it reads
  uint64_t pushed_ = 0;
};

TEST_F(TrafficCounts, CountsSamplesOfAllWorkers) {
  Push(0xcb007109, 64, 0);
  Push(0xcb0071ff, 64, 1);
  Push(0xc0000201, 3, 2);
  // Samples for no question are none.
  for (uint32_t i = 0; i < 100; ++i) Push(i << 8, 0, i % kWorkers);
  Begin();
  ASSERT_TRUE(WaitForAll());
  const Traffic::Figures figures = traffic_->figures();
  EXPECT_EQ(figures.samples, 3u);
  EXPECT_EQ(figures.lost, 0u);
  EXPECT_EQ(figures.networks, 2u);
  EXPECT_NEAR(figures.questions, 131, 0.1);
  EXPECT_EQ(figures.half_life_seconds, TrafficConfig().half_life_seconds);
}

// More than are counted at once.
TEST_F(TrafficCounts, CountsEachOfManyNetworks) {
  constexpr uint32_t kNetworks = 1000;
  double questions = 0;
  for (uint32_t i = 0; i < kNetworks; ++i) {
    Push(0x0a000000 + (i << 8), i + 1, i % kWorkers);
    questions += i + 1;
  }
  Begin();
  ASSERT_TRUE(WaitForAll());
  EXPECT_EQ(traffic_->figures().networks, kNetworks);
  EXPECT_NEAR(traffic_->figures().questions, questions, questions / 1000);
  const auto top = traffic_->Top(24, kNetworks);
  ASSERT_EQ(top.size(), kNetworks);
  for (uint32_t i = 0; i < kNetworks; ++i) {
    EXPECT_EQ(top[i].prefix, 0x0a000000 + ((kNetworks - 1 - i) << 8));
    EXPECT_NEAR(top[i].questions, kNetworks - i, (kNetworks - i) / 1000.0);
  }
}

// Of what comes faster than there is use for, fewer samples are taken, each for more, by all workers at one pace; of
// what comes slowly, all again.
TEST_F(TrafficCounts, KeepsItsWorkWithinBounds) {
  constexpr uint32_t kQuestions = 64;
  const auto pace = [&](size_t worker) { return counters_[worker]->traffic.pace(); };
  Begin();
  EXPECT_EQ(pace(0), 1u);
  double asked = 0;
  ASSERT_TRUE(Wait([&] {  // 250 bursts in some 5 ms
    for (uint32_t i = 0; i < 250; ++i, asked += kQuestions) counters_[0]->traffic.Offer(i << 8, kQuestions, true);
    return pace(1) > kQuestions;
  })) << "of more bursts than are wanted some give no sample";
  ASSERT_TRUE(Wait([&] { return pace(0) == 1 && pace(1) == 1; })) << "with nothing asked";
  EXPECT_EQ(traffic_->figures().lost, 0u);
  EXPECT_NEAR(traffic_->figures().questions, asked, asked * 0.02);
}

TEST_F(TrafficCounts, AFewSamplesThatStandForMuchAreNoHeat) {
  for (uint32_t i = 0; i < 100; ++i) Push(i << 8, 1000);
  Begin();
  ASSERT_TRUE(WaitForAll());
  EXPECT_LT(traffic_->Top(24, 1).at(0).score, 255 * 2 / 3);
}

TEST_F(TrafficCounts, LosesOnlyWhatWasSampled) {
  constexpr uint32_t kTooMany = TrafficRing::kSlots + 1000;
  for (uint32_t i = 0; i < kTooMany; ++i) {
    Push(0xcb007100, 1);
    for (int none = 0; none < 3; ++none) Push(0xc0000200, 0);
  }
  Begin();
  ASSERT_TRUE(WaitForAll());
  // The slot that may be written to next is not read.
  EXPECT_EQ(traffic_->figures().lost, 1000u + 1);
  EXPECT_EQ(traffic_->figures().networks, 1u);
}

TEST_F(TrafficCounts, FindsTheBusiestAsANaiveTwinDoes) {
  std::mt19937 random(1);
  std::map<unsigned, std::map<uint32_t, double>> model;  // by length and prefix
  for (int i = 0; i < 20000; ++i) {
    const auto drawn = [&](uint32_t most) { return static_cast<uint32_t>(random()) % most; };
    const uint32_t address = drawn(8) << 24 | drawn(4) << 16 | drawn(64) << 8 | drawn(256);
    const uint32_t weight = 1 + drawn(64);
    Push(address, weight, random() % kWorkers);
    for (const unsigned length : {8u, 16u, 24u}) model[length][address & ~(UINT32_MAX >> length)] += weight;
  }
  Begin();
  ASSERT_TRUE(WaitForAll());
  for (const unsigned length : {8u, 16u, 24u}) {
    for (const size_t most : {size_t{0}, size_t{1}, size_t{7}, size_t{5000}}) {
      const auto top = traffic_->Top(length, most);
      ASSERT_EQ(top.size(), std::min(most, model[length].size()));
      double before = 1e9;
      for (const Traffic::Network& network : top) {
        ASSERT_NEAR(network.questions, model[length].at(network.prefix), 1);
        ASSERT_LE(network.questions, before);
        before = network.questions;
        ASSERT_GT(network.highest, 0);
        ASSERT_GT(network.active, 0u);
        ASSERT_LE(network.score, network.highest);
      }
      if (top.empty()) continue;
      for (const auto& [prefix, questions] : model[length]) {
        if (top.size() == most && questions < before + 1) continue;
        ASSERT_TRUE(std::ranges::any_of(top, [&, p = prefix](const auto& one) { return one.prefix == p; }));
      }
    }
  }
}

// A handful of questions is no heat.
TEST_F(TrafficCounts, ScoresAgainstAThousandQuestionsAtLeast) {
  Push(0xcb007109, 10);
  Begin();
  ASSERT_TRUE(WaitForAll());
  EXPECT_EQ(traffic_->Cells()->at(0xcb0071), std::lround(255 * std::log1p(10) / std::log1p(1000)));
  for (int i = 0; i < 100; ++i) Push(0xc0000201, 20);
  ASSERT_TRUE(WaitForAll());
  EXPECT_EQ(traffic_->Cells()->at(0xc00002), 255);
  EXPECT_NEAR(traffic_->Cells()->at(0xcb0071), 255 * std::log1p(10) / std::log1p(2000), 1.5);
  traffic_->Configure({.scale_max = 10});
  EXPECT_EQ(traffic_->Cells()->at(0xcb0071), 255);
}

TEST_F(TrafficCounts, PublishesWhereItIsWanted) {
  Push(0xcb007109, 64);
  Begin({.publish_seconds = 1}, true);
  ASSERT_TRUE(Wait([&] {
    const std::lock_guard lock(mutex_);
    return published_.size() >= 2;
  }));
  traffic_->Stop();
  EXPECT_GT(published_.back()->at(0xcb0071), 0);
}

// Scores of all /24s, their table and zones over it take longer than rings have room for.
TEST_F(TrafficCounts, LosesNothingWhileItPublishes) {
  std::atomic<bool> is_publishing{false};
  std::atomic<bool> may_end{false};
  traffic_ = std::make_unique<Traffic>(
      counters_, TrafficConfig{.publish_seconds = 1}, [] { return true; },
      [&](const auto&) {
        is_publishing = true;
        while (!may_end) std::this_thread::sleep_for(1ms);
      });
  traffic_->Start();
  EXPECT_TRUE(Wait([&] { return is_publishing.load(); }));
  for (int round = 0; round < 5; ++round) {
    for (size_t i = 0; i < TrafficRing::kSlots / 2; ++i) Push(0xcb007109, 1);
    EXPECT_TRUE(WaitForAll()) << round;
  }
  EXPECT_EQ(traffic_->figures().lost, 0u);
  may_end = true;
}

TEST_F(TrafficCounts, PagesAreOfOneMoment) {
  // Every other /24, so that each is a run of its own, one more than a page has.
  constexpr auto kRuns = static_cast<uint32_t>(HeatAnswers::kMostRuns + 1);
  for (uint32_t i = 0; i < kRuns; ++i) Push(i << 9, 8, i % kWorkers);
  Begin();
  ASSERT_TRUE(WaitForAll());
  const Json first = FirstPage();
  ASSERT_EQ(first["runs"].size(), HeatAnswers::kMostRuns);
  Push(0xdf000001, 1000000);
  ASSERT_TRUE(WaitForAll());
  const Json second = PageBehind(first);
  ASSERT_EQ(second["runs"].size(), 1u) << "what came later is not among them";
  EXPECT_EQ(second["runs"][0][0], (kRuns - 1) << 1);
  EXPECT_EQ(second["runs"][0][2], first["runs"][0][2]);
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_TRUE(PageBehind(first).contains("error")) << "it has been read to its end";
  // The next reader begins with what there is by then.
  EXPECT_EQ(PageBehind(FirstPage())["runs"].size(), 2u);
}

TEST_F(TrafficCounts, AnswersTheBusiest) {
  Push(0xcb007109, 60);
  Push(0xcb007209, 20);
  Begin();
  ASSERT_TRUE(WaitForAll());
  const Json top = Answer({{"command", "heat"}, {"action", "top"}, {"level", 24u}, {"n", 1u}});
  EXPECT_EQ(top["samples"], 2u);
  ASSERT_EQ(top["top"].size(), 1u);
  EXPECT_EQ(top["top"][0]["prefix"], "203.0.113.0/24");
  EXPECT_NEAR(top["top"][0]["share"].get<double>(), 0.75, 0.01);
  EXPECT_EQ(Answer({{"action", "top"}, {"level", 20u}})["error"], "heat top: level must be 8, 16 or 24");
}

}  // namespace
}  // namespace rblitz
