// Workers that sample while what they sample is counted, read and given another half-life: nothing is counted twice,
// and what is lost is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "cli/traffic.h"

namespace rblitz {
namespace {

TEST(TrafficStress, EachSampleIsCountedOrLostOnce) {
  constexpr size_t kWorkers = 3;
  constexpr uint32_t kSamples = 300000;
  std::vector<std::unique_ptr<WorkerStats>> counters;
  for (size_t i = 0; i < kWorkers; ++i) counters.push_back(std::make_unique<WorkerStats>());
  std::atomic<uint64_t> published{0};
  Traffic traffic(
      counters, {.publish_seconds = 1}, [] { return true; }, [&](const auto&) { ++published; });
  traffic.Start();
  std::atomic<size_t> working{kWorkers};
  std::vector<std::thread> threads;
  for (size_t worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([&, worker] {
      for (uint32_t i = 0; i < kSamples; ++i) {
        counters[worker]->traffic.Push({.address = i << 6, .weight = 1 + i % 64});
        counters[worker]->traffic.Push({.address = i, .weight = 0});
      }
      --working;
    });
  }
  uint32_t half_life = 1000;
  for (bool is_last = false; !is_last;) {
    is_last = working == 0;
    for (const Traffic::Network& network : traffic.Top(24, 5)) ASSERT_GT(network.questions, 0);
    ASSERT_LE(traffic.Cells()->active(), kHeatCells);
    traffic.Configure({.half_life_seconds = ++half_life, .publish_seconds = 1});
  }
  for (std::thread& thread : threads) thread.join();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto all = [&] { return traffic.figures().samples + traffic.figures().lost; };
  while (all() < kWorkers * kSamples && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(all(), kWorkers * kSamples);
  traffic.Stop();
}

TEST(TrafficStress, SamplesStandForWhatIsAskedAtEachPace) {
  constexpr size_t kWorkers = 3;
  constexpr uint32_t kBursts = 20'000;  // of 1 to 64 questions; a ring holds them all
  std::vector<std::unique_ptr<WorkerStats>> counters;
  for (size_t i = 0; i < kWorkers; ++i) counters.push_back(std::make_unique<WorkerStats>());
  Traffic traffic(
      counters, {}, [] { return false; }, [](const auto&) {});
  traffic.Start();
  std::vector<std::thread> threads;
  for (const auto& worker : counters) {
    threads.emplace_back([ring = &worker->traffic] {
      for (uint32_t i = 0; i < kBursts; ++i) {
        ring->Offer(i << 6, 1 + i % 64, true);
        if (i % 64 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  constexpr double kAsked = kWorkers * kBursts * 32.5;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (traffic.figures().questions < 0.98 * kAsked && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(350));  // and nothing more comes
  const Traffic::Figures figures = traffic.figures();
  EXPECT_EQ(figures.lost, 0u);
  EXPECT_NEAR(figures.questions, kAsked, 0.02 * kAsked);
  traffic.Stop();
}

}  // namespace
}  // namespace rblitz
