// Frames come out of a ring as they went in, in order, or not at all: alone against a queue, and between two threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "dataplane/io/frame_ring.h"

namespace rblitz::io {
namespace {

std::vector<uint8_t> FrameOf(uint64_t number) {
  std::vector<uint8_t> frame(14 + number * 37 % (FrameRing::kMaxFrame - 13));
  for (size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<uint8_t>(number >> (8 * (i % 4)));
  return frame;
}

bool Same(std::span<const uint8_t> a, const std::vector<uint8_t>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

TEST(FrameRing, DoesWhatAQueueOfAsManyFramesDoes) {
  constexpr size_t kSlots = 8;
  FrameRing ring(kSlots);
  std::deque<std::vector<uint8_t>> model;
  std::mt19937 random(8);
  uint64_t refused = 0;
  for (uint64_t i = 0; i < 100000; ++i) {
    if (random() % 2 == 0) {
      const std::vector<uint8_t> frame = FrameOf(i);
      const bool has_room = model.size() < kSlots;
      ASSERT_EQ(ring.Push(frame), has_room);
      if (has_room) model.push_back(frame);
      refused += has_room ? 0 : 1;
    } else if (model.empty()) {
      ASSERT_TRUE(ring.Front().empty());
    } else {
      ASSERT_TRUE(Same(ring.Front(), model.front()));
      ring.Pop();
      model.pop_front();
    }
  }
  EXPECT_GT(refused, 0u);
}

TEST(FrameRing, TakesFramesUpToItsLargest) {
  FrameRing ring(2);
  const std::vector<uint8_t> large(FrameRing::kMaxFrame + 1, 7);
  EXPECT_FALSE(ring.Push(large));
  EXPECT_TRUE(ring.Front().empty());
  EXPECT_TRUE(ring.Push({large.data(), FrameRing::kMaxFrame}));
  EXPECT_EQ(ring.Front().size(), FrameRing::kMaxFrame);
}

TEST(FrameRing, LosesAndTearsNothingBetweenThreads) {
  constexpr uint64_t kFrames = 200000;
  FrameRing ring(16);
  std::thread pusher([&] {
    for (uint64_t i = 0; i < kFrames; ++i) {
      const std::vector<uint8_t> frame = FrameOf(i);
      while (!ring.Push(frame)) std::this_thread::yield();
    }
  });
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < kFrames; ++i) {
    while (ring.Front().empty()) std::this_thread::yield();
    wrong += Same(ring.Front(), FrameOf(i)) ? 0 : 1;
    ring.Pop();
  }
  pusher.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace rblitz::io
