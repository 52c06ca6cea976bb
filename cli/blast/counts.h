// What became of a load: sent = answered + lost; late ones are among the lost, wrong ones among the answered.
//
// Thread-safety: one thread writes; Add joins what several have counted. Units: ns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/blast/histogram.h"

namespace rblitz::blast {

inline constexpr size_t kToldMistakes = 10;

struct Counts {
  uint64_t sent = 0;
  uint64_t answered = 0;  // in time
  uint64_t lost = 0;      // not in time
  uint64_t late = 0;      // of those, the ones that were answered after all while somebody listened
  uint64_t unsent = 0;    // due, and never sent: the load was less than was asked for
  uint64_t wrong = 0;     // of the answered, those that are not what the oracle says
  uint64_t stray = 0;     // what belongs to no question
  uint64_t refused = 0;   // of whose questions the network said that nobody is there
  uint64_t elapsed = 0;   // while questions were sent
  std::array<uint64_t, 16> rcodes{};
  Histogram latency;                  // of the answered, from when the question was due
  std::vector<std::string> mistakes;  // the first ones: "QUESTION: want X, got Y"

  void Add(const Counts& other);
  [[nodiscard]] double seconds() const noexcept { return static_cast<double>(elapsed) / 1e9; }
  [[nodiscard]] double PerSecond(uint64_t n) const noexcept {
    return elapsed > 0 ? static_cast<double>(n) / seconds() : 0;
  }
  // Of all that were due, the share that got no answer in time. 1 when nothing was due.
  [[nodiscard]] double loss() const noexcept {
    const uint64_t due = sent + unsent;
    return due > 0 ? static_cast<double>(lost + unsent) / static_cast<double>(due) : 1;
  }
};

}  // namespace rblitz::blast
