#include "tables/in_parallel.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <vector>

namespace rblitz {
namespace {

TEST(InParallel, DoesEachPartOnce) {
  for (const size_t parts : {0u, 1u, 2u, 3u, 1000u}) {
    for (const unsigned threads : {1u, 2u, 4u}) {
      std::vector<std::atomic<int>> done(parts);
      std::array<std::atomic<int>, 4> at_once = {};
      InParallel(parts, threads, [&](unsigned thread, size_t part) {
        ASSERT_LT(thread, threads);
        EXPECT_EQ(++at_once[thread], 1);
        ++done[part];
        --at_once[thread];
      });
      for (const std::atomic<int>& times : done) EXPECT_EQ(times, 1);
    }
  }
}

TEST(InParallel, ThrowsWhatAPartThrows) {
  for (const unsigned threads : {1u, 2u, 4u}) {
    std::atomic<int> begun = 0;
    const auto work = [&](unsigned /*thread*/, size_t part) {
      ++begun;
      if (part >= 10) throw std::runtime_error("part");
    };
    EXPECT_THROW(InParallel(1000, threads, work), std::runtime_error);
    EXPECT_GT(begun, 10);
    EXPECT_LE(begun, 10 + static_cast<int>(threads));
  }
}

}  // namespace
}  // namespace rblitz
