// Where something may change in ranges of addresses that somebody is interested in: each list's entries cut them into
// pieces, and what is said of one address of a piece is said of all.
//
// Thread-safety: none. Cost: a search an entry; memory for the ends of those that meet the ranges.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <vector>

#include "loaders/ip4_text.h"
#include "tables/ip6.h"

namespace rblitz {

struct Ip6Range {
  Ip6Address first;
  Ip6Address last;

  bool operator==(const Ip6Range&) const = default;
};

[[nodiscard]] constexpr uint32_t Next(uint32_t address) noexcept { return address + 1; }
[[nodiscard]] constexpr uint32_t Previous(uint32_t address) noexcept { return address - 1; }
[[nodiscard]] constexpr Ip6Address Next(Ip6Address address) noexcept {
  return {.high = address.high + (address.low == UINT64_MAX ? 1 : 0), .low = address.low + 1};
}
[[nodiscard]] constexpr Ip6Address Previous(Ip6Address address) noexcept {
  return {.high = address.high - (address.low == 0 ? 1 : 0), .low = address.low - 1};
}
[[nodiscard]] inline double CountOf(const AddressRange& range) noexcept {
  return static_cast<double>(range.last) - range.first + 1;
}
[[nodiscard]] inline double CountOf(const Ip6Range& range) noexcept {
  constexpr double kLow = 18446744073709551616.0;  // 2^64
  return (static_cast<double>(range.last.high - range.first.high)) * kLow + static_cast<double>(range.last.low) -
         static_cast<double>(range.first.low) + 1;
}

template <class Range>
class Pieces {
 public:
  // What is of interest; ranges may overlap.
  explicit Pieces(std::vector<Range> own) : own_(std::move(own)) {
    std::ranges::sort(own_, {}, &Range::first);
    for (const Range& range : own_) {
      if (!merged_.empty() && range.first <= merged_.back().last) {
        merged_.back().last = std::max(merged_.back().last, range.last);
      } else {
        merged_.push_back(range);
      }
    }
  }

  void Add(const Range& entry) {
    auto met = std::ranges::lower_bound(merged_, entry.first, {}, &Range::last);
    for (; met != merged_.end() && met->first <= entry.last; ++met) {
      entries_.push_back({std::max(entry.first, met->first), std::min(entry.last, met->last)});
    }
    // The same entries come from many feeds.
    if (entries_.size() >= tidy_at_) Tidy();
  }

  // What at least one entry covers, cut where an entry or a range of interest begins or ends.
  [[nodiscard]] std::vector<Range> Cut() {
    Tidy();
    std::vector<Range> pieces;
    const auto starts = Starts();
    size_t next = 0;  // entry
    auto covered_to = entries_.empty() ? decltype(Range::last)() : entries_.front().last;
    for (size_t i = 0; i < starts.size(); ++i) {
      const auto first = starts[i];
      for (; next < entries_.size() && entries_[next].first <= first; ++next) {
        covered_to = std::max(covered_to, entries_[next].last);
      }
      if (next == 0 || first > covered_to) continue;
      const auto last = i + 1 < starts.size() ? std::min(covered_to, Previous(starts[i + 1])) : covered_to;
      pieces.push_back({first, last});
    }
    return pieces;
  }

 private:
  void Tidy() {
    const auto by_ends = [](const Range& range) { return std::pair(range.first, range.last); };
    std::ranges::sort(entries_, {}, by_ends);
    const auto rest = std::unique(entries_.begin(), entries_.end());
    entries_.erase(rest, entries_.end());
    tidy_at_ = std::max(kTidyAt, 2 * entries_.size());
  }
  [[nodiscard]] auto Starts() const {
    std::vector<decltype(Range::first)> starts;
    for (const auto* const ranges : {&own_, &entries_}) {
      for (const Range& range : *ranges) {
        starts.push_back(range.first);
        // There is nothing behind the last address.
        if (Next(range.last) > range.last) starts.push_back(Next(range.last));
      }
    }
    std::ranges::sort(starts);
    const auto rest = std::unique(starts.begin(), starts.end());
    starts.erase(rest, starts.end());
    return starts;
  }

  static constexpr size_t kTidyAt = size_t{1} << 16;
  std::vector<Range> own_;
  std::vector<Range> merged_;   // disjoint, in order
  std::vector<Range> entries_;  // what of them meets these
  size_t tidy_at_ = kTidyAt;
};

}  // namespace rblitz
