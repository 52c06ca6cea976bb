#include "cli/blast/histogram.h"

#include <cmath>

namespace rblitz::blast {

void Histogram::Add(const Histogram& other) noexcept {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

uint64_t Histogram::Percentile(double share) const noexcept {
  const double rank = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const uint64_t wanted = std::clamp<uint64_t>(static_cast<uint64_t>(rank), 1, std::max<uint64_t>(count_, 1));
  if (wanted == count_) return max_;
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) return std::min(LargestOf(bucket), max_);
  }
  return max_;
}

}  // namespace rblitz::blast
