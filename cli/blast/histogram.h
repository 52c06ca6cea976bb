// How often each latency came: buckets that are as wide as their place asks, so that any percentile is known to less
// than one part in 128 without keeping the latencies themselves.
//
// Below 128 every value has a bucket of its own; above, each power of two is cut into 128. What is larger than
// kLargest counts as kLargest; the maximum is kept as it came.
//
// Thread-safety: one thread writes; Add(other) joins what several have written. Units: whatever is recorded, here ns.
// Cost: a few instructions to record; 28 KiB.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rblitz::blast {

class Histogram {
 public:
  static constexpr uint64_t kLargest = (uint64_t{1} << 40) - 1;  // ns: 18 minutes

  void Record(uint64_t value) noexcept {
    max_ = std::max(max_, value);
    ++count_;
    ++counts_[BucketOf(std::min(value, kLargest))];
  }
  void Add(const Histogram& other) noexcept;

  [[nodiscard]] uint64_t count() const noexcept { return count_; }
  [[nodiscard]] uint64_t max() const noexcept { return max_; }
  // The least value that `share` (0 to 1) of the values are not above, or at most 1/128 more; 0 of nothing.
  [[nodiscard]] uint64_t Percentile(double share) const noexcept;

  // The bucket that counts a value, and the largest value that it counts. REQUIRES: value <= kLargest.
  [[nodiscard]] static constexpr size_t BucketOf(uint64_t value) noexcept {
    if (value < kSteps) return static_cast<size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
    return static_cast<size_t>(shift * kSteps + (value >> shift));
  }
  [[nodiscard]] static constexpr uint64_t LargestOf(size_t bucket) noexcept {
    if (bucket < 2 * kSteps) return bucket;
    const size_t shift = bucket / kSteps - 1;
    return ((bucket - shift * kSteps + 1) << shift) - 1;
  }

 private:
  static constexpr unsigned kStepBits = 7;
  static constexpr uint64_t kSteps = uint64_t{1} << kStepBits;

  std::array<uint64_t, (40 - kStepBits + 1) * kSteps> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace rblitz::blast
