#include "tables/decaying_counts.h"

#include <utility>

namespace rblitz {

namespace {

// What is added weighs up to 2^32 by then: far from what a float holds.
constexpr double kMostHalfLives = 32;

}  // namespace

void DecayingCounts::Add(std::span<const Counted> counted, double now) {
  constexpr size_t kAhead = 16;  // cells under way from memory
  if (now - base_ > kMostHalfLives * half_life_) Rebase(now);
  const double weight = 1 / FactorAt(now);
  uint64_t sum = 0;
  for (size_t i = 0; i < counted.size(); ++i) {
    if (i + kAhead < counted.size()) cells_.Prefetch(counted[i + kAhead].cell);
    cells_[counted[i].cell] += static_cast<float>(counted[i].count * weight);
    sum += counted[i].count;
  }
  sum_ += static_cast<double>(sum) * weight;
}

void DecayingCounts::SetHalfLife(double half_life, double now) {
  if (half_life == half_life_) return;
  Rebase(now);
  half_life_ = half_life;
}

void DecayingCounts::Rebase(double now) {
  CellBlocks<float> left;
  double sum = 0;
  ForEach(now, [&](uint32_t cell, double count) {
    left[cell] = static_cast<float>(count);
    sum += count;
  });
  cells_ = std::move(left);
  sum_ = sum;
  base_ = now;
}

}  // namespace rblitz
