#include "tables/decaying_counts.h"

#include <utility>

namespace rblitz {

namespace {

// What is added weighs up to 2^32 by then: far from what a float holds.
constexpr double kMostHalfLives = 32;

}  // namespace

void DecayingCounts::Add(uint32_t cell, double count, double now) {
  if (now - base_ > kMostHalfLives * half_life_) Rebase(now);
  const double weighed = count / FactorAt(now);
  cells_[cell] += static_cast<float>(weighed);
  sum_ += weighed;
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
