// Counts of /24s that fade: half of what is counted is left after a half-life.
//
// Forward decay: what is added later weighs more, and all is divided when it is read, so that nothing has to be walked
// as time passes; but for once in 32 half-lives, and with another half-life, when next to nothing is forgotten.
//
// Thread-safety: none. Units: times in seconds from any one moment on, none before one that was given; counts in what
// is added. Cost: 256 KiB, and 1 KiB for each /16 in use, 64 MiB at most; twice that while all is walked.
// Source: Cormode, Shkapenyuk, Srivastava, Xu, "Forward decay", 2009.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "tables/cell_blocks.h"

namespace rblitz {

class DecayingCounts {
 public:
  explicit DecayingCounts(double half_life) : half_life_(half_life) {}

  struct Counted {
    uint32_t cell = 0;
    uint32_t count = 0;
  };
  // Fast where the cells are in order.
  void Add(std::span<const Counted> counted, double now);
  void Add(uint32_t cell, uint32_t count, double now) {
    const Counted one = {.cell = cell, .count = count};
    Add({&one, 1}, now);
  }
  // From now on.
  void SetHalfLife(double half_life, double now);
  [[nodiscard]] double half_life() const noexcept { return half_life_; }

  // Of all cells.
  [[nodiscard]] double Sum(double now) const noexcept { return sum_ * FactorAt(now); }
  [[nodiscard]] size_t bytes() const noexcept { return cells_.bytes(); }

  // visit(cell, count) of each that is not next to nothing, in order.
  template <class Visit>
  void ForEach(double now, Visit&& visit) const {
    const double factor = FactorAt(now);
    for (uint32_t block = 0; block < kHeatBlocks; ++block) {
      const CellBlocks<float>::Block* const counts = cells_.block(block);
      if (counts == nullptr) continue;
      for (uint32_t i = 0; i < kCellsInBlock; ++i) {
        const double count = double{(*counts)[i]} * factor;
        if (count >= kLeast) visit(block * kCellsInBlock + i, count);
      }
    }
  }

  // Below it nothing is left of a count.
  static constexpr double kLeast = 1.0 / 1024;

 private:
  [[nodiscard]] double FactorAt(double now) const noexcept { return std::exp2((base_ - now) / half_life_); }
  void Rebase(double now);

  double half_life_;
  double base_ = 0;  // the moment at which what is added weighs what it is
  double sum_ = 0;
  CellBlocks<float> cells_;
};

}  // namespace rblitz
