// Time by the processor's counter of cycles, which costs less to read than a clock.
//
// Thread-safety: pure, but for 50 ms at the first call. Source: Intel SDM volume 3B, 18.17 (an invariant TSC).
#pragma once

#include <x86intrin.h>

#include <chrono>
#include <cstdint>

namespace rblitz {

inline double SecondsPerCycle() {
  static const double seconds = [] {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    const uint64_t cycles = __rdtsc();
    while (Clock::now() - begin < std::chrono::milliseconds(50)) {
    }
    const std::chrono::duration<double> spent = Clock::now() - begin;
    return spent.count() / static_cast<double>(__rdtsc() - cycles);
  }();
  return seconds;
}

}  // namespace rblitz
