// Where the time of a burst goes, for benchmarks: with RBLITZ_STAGE_TIMES defined the way of most bursts reads the
// processor's counter at the end of each stage; else nothing of this is compiled.
//
// Units: cycles of the invariant time stamp counter (on arm64 of the generic timer). A reading costs about 25 of them,
// a burst has seven; what the core began early of the next stage counts for the one before. Thread-safety: each thread
// has its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rblitz {

enum class Stage : uint8_t { kReceive, kLabels, kLines, kCompare, kFind, kWrite, kSend };

inline constexpr std::array kStageNames = {"receive", "labels", "lines", "compare", "find", "write", "send"};

#ifdef RBLITZ_STAGE_TIMES
struct StageTimes {
  std::array<uint64_t, kStageNames.size()> cycles{};
  uint64_t last = 0;
};
inline thread_local StageTimes stage_times;

[[nodiscard]] inline uint64_t ReadCounter() noexcept {
#ifdef __x86_64__
  return __builtin_ia32_rdtsc();
#else
  uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#endif
}

inline void BeginStages() noexcept { stage_times.last = ReadCounter(); }

inline void EndStage(Stage stage) noexcept {
  const uint64_t now = ReadCounter();
  stage_times.cycles[static_cast<size_t>(stage)] += now - stage_times.last;
  stage_times.last = now;
}
#else
inline void BeginStages() noexcept {}
inline void EndStage(Stage /*stage*/) noexcept {}
#endif

}  // namespace rblitz
