// Where the time of a burst goes, for benchmarks: with RBLITZ_STAGE_TIMES defined the way of most bursts reads the
// processor's counter at the end of each stage; else nothing of this is compiled.
//
// Units: cycles of the invariant time stamp counter. A reading costs about 25 of them, a burst has seven; what the core
// began early of the next stage counts for the one before. Thread-safety: each thread has its own.
#pragma once

#ifdef RBLITZ_STAGE_TIMES
#include <x86intrin.h>
#endif

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

inline void BeginStages() noexcept { stage_times.last = __rdtsc(); }

inline void EndStage(Stage stage) noexcept {
  const uint64_t now = __rdtsc();
  stage_times.cycles[static_cast<size_t>(stage)] += now - stage_times.last;
  stage_times.last = now;
}
#else
inline void BeginStages() noexcept {}
inline void EndStage(Stage /*stage*/) noexcept {}
#endif

}  // namespace rblitz
