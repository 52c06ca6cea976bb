#include "tables/ip4_paint.h"

#include <algorithm>
#include <span>
#include <tuple>

namespace rblitz {

ValueId Ip4Uniter::Unite(std::vector<ValueId>& values) {
  if (values.size() == 1 || precedence_ == Precedence::kLongestMatch) return values.front();
  std::sort(values.begin(), values.end());
  if (values.front() == values.back()) return values.front();
  std::vector<Verdict> united;
  for (const ValueId value : values) {
    if (value == kNotListed) return kNotListed;
    for (const Verdict& verdict : verdicts_->at(value)) {
      if (united.size() == kMaxVerdicts) break;
      if (std::find(united.begin(), united.end(), verdict) == united.end()) united.push_back(verdict);
    }
  }
  return verdicts_->Intern(united);
}

namespace {

using Ranges = std::span<const Ip4Range>;

// One level's ranges, sorted by first address: they may overlap; the segments do not.
class LevelSweep {
 public:
  LevelSweep(Ranges ranges, Ip4Uniter& uniter) : ranges_(ranges), uniter_(uniter) {}

  std::vector<Ip4Segment> Run() {
    uint64_t at = 0;
    size_t next = 0;
    while (next < ranges_.size() || !active_.empty()) {
      if (active_.empty()) at = ranges_[next].first;
      while (next < ranges_.size() && ranges_[next].first == at) active_.push_back(&ranges_[next++]);
      uint64_t end = next < ranges_.size() ? ranges_[next].first : uint64_t{1} << 32;
      for (const Ip4Range* range : active_) end = std::min(end, uint64_t{range->last} + 1);
      Append(at, end);
      at = end;
      std::erase_if(active_, [at](const Ip4Range* range) { return range->last < at; });
    }
    return std::move(segments_);
  }

 private:
  void Append(uint64_t begin, uint64_t end) {
    std::sort(active_.begin(), active_.end(),
              [](const Ip4Range* a, const Ip4Range* b) { return a->sequence < b->sequence; });
    values_.clear();
    for (const Ip4Range* range : active_) values_.push_back(range->value);
    segments_.push_back(
        {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - 1), uniter_.Unite(values_), ranges_.front().level});
  }

  Ranges ranges_;
  Ip4Uniter& uniter_;
  std::vector<const Ip4Range*> active_;
  std::vector<ValueId> values_;
  std::vector<Ip4Segment> segments_;
};

// `over` as it is; of `under` what `over` leaves free.
std::vector<Ip4Segment> Overlay(const std::vector<Ip4Segment>& over, const std::vector<Ip4Segment>& under) {
  std::vector<Ip4Segment> merged;
  merged.reserve(over.size() + under.size());
  size_t next = 0;  // of over
  for (const Ip4Segment& segment : under) {
    uint64_t at = segment.first;
    const uint64_t end = uint64_t{segment.last} + 1;
    while (at < end) {
      // Segments of `over` that end before `at` come first; one that covers `at` hides up to its end.
      while (next < over.size() && over[next].last < at) merged.push_back(over[next++]);
      if (next < over.size() && over[next].first <= at) {
        at = uint64_t{over[next].last} + 1;
        continue;
      }
      const uint64_t stop = next < over.size() ? std::min<uint64_t>(end, over[next].first) : end;
      merged.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(stop - 1), segment.value, segment.level});
      at = stop;
    }
  }
  merged.insert(merged.end(), over.begin() + static_cast<ptrdiff_t>(next), over.end());
  return merged;
}

}  // namespace

std::vector<Ip4Segment> PaintRanges(std::vector<Ip4Range>& ranges, Ip4Uniter& uniter) {
  // Most specific level first; within a level by address, so that each level is one sweep.
  std::sort(ranges.begin(), ranges.end(), [](const Ip4Range& a, const Ip4Range& b) {
    return std::tuple(-int{a.level}, a.first, a.last, a.sequence) <
           std::tuple(-int{b.level}, b.first, b.last, b.sequence);
  });
  std::vector<Ip4Segment> painted;
  for (size_t begin = 0; begin < ranges.size();) {
    size_t end = begin;
    while (end < ranges.size() && ranges[end].level == ranges[begin].level) ++end;
    const auto level = LevelSweep(Ranges(ranges).subspan(begin, end - begin), uniter).Run();
    painted = painted.empty() ? level : Overlay(painted, level);
    begin = end;
  }
  return painted;
}

}  // namespace rblitz
