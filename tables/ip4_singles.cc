#include "tables/ip4_singles.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "tables/in_parallel.h"
#include "tables/ip4_kernels.h"
#include "tables/vectors.h"

namespace rblitz {

namespace {

// 16-bit tags need narrow intervals: with at least this many buckets four neighbours share 2^16 permuted addresses.
constexpr uint32_t kMinBuckets16 = 1u << 18;
// With 32-bit tags chains could be of any length. Twice as many buckets keep the wrapped tags that empty buckets hold
// (invariant 2) away from the addresses that are looked up there.
constexpr uint32_t kMaxDisplacement32 = 8;
constexpr uint32_t kMinBuckets32 = 2 * kMaxDisplacement32;

struct NoValue {};

template <class TagT, class ValueT>
struct Bucket {
  using Tag = TagT;
  using Value = ValueT;
  static constexpr bool kHasValue = !std::is_same_v<ValueT, NoValue>;
  static constexpr size_t kValueBytes = kHasValue ? sizeof(Value) : 0;
  static constexpr size_t kSlots = Ip4Singles::kLine / (sizeof(Tag) + kValueBytes);

  // The two parts of a line.
  static Tag* Tags(uint8_t* line) { return reinterpret_cast<Tag*>(line); }
  static Value* Values(uint8_t* line) { return reinterpret_cast<Value*>(line + kSlots * sizeof(Tag)); }
  static const Tag* Tags(const uint8_t* line) { return reinterpret_cast<const Tag*>(line); }
  static const Value* Values(const uint8_t* line) {
    return reinterpret_cast<const Value*>(line + kSlots * sizeof(Tag));
  }

  // Bit i: slot i holds this tag. Loads whole vectors; what they take of the values is masked away.
  static uint32_t Match(const uint8_t* line, Tag tag) noexcept {
    constexpr uint32_t kMask = kSlots == 32 ? ~0u : (1u << kSlots) - 1;
    uint32_t match = 0;
    if constexpr (sizeof(Tag) == 2) {
      const auto wanted = All<U16x8>(tag);
      for (size_t slot = 0; slot < kSlots; slot += 16) {
        const auto low = reinterpret_cast<U16x8>(LoadAligned<U16x8>(line + 2 * slot) == wanted);
        const auto high = reinterpret_cast<U16x8>(LoadAligned<U16x8>(line + 2 * slot + kVectorSize) == wanted);
        match |= MaskOf(JoinMasks(low, high)) << slot;
      }
    } else {
      const auto wanted = All<U32x4>(tag);
      for (size_t slot = 0; slot < kSlots; slot += 4) {
        match |= MaskOf(reinterpret_cast<U32x4>(LoadAligned<U32x4>(line + 4 * slot) == wanted)) << slot;
      }
    }
    return match & kMask;
  }

  static constexpr size_t kLast = kSlots - 1;

  // More came by than it has slots: the last one is a filter.
  static bool Spills(const uint8_t* line) noexcept { return Tags(line)[0] > Tags(line)[1]; }
  // 1 when an address with this tag may have gone on from here.
  static uint32_t MayHaveGoneOn(const uint8_t* line, Tag tag, bool spills) noexcept {
    return static_cast<uint32_t>(Tags(line)[kLast] >> (tag & 15)) & static_cast<uint32_t>(spills);
  }
  // Slots of a bucket that hold addresses.
  static uint32_t InUse(bool spills) noexcept { return ~(static_cast<uint32_t>(spills) << kLast); }
};

// Calls f.template operator()<Bucket<...>>() for the shape: the one place that knows them all.
template <class F>
auto WithLayout(Ip4Singles::Shape shape, F&& f) {
  using Shape = Ip4Singles::Shape;
  switch (shape) {
    case Shape::kTag16:
      return f.template operator()<Bucket<uint16_t, NoValue>>();
    case Shape::kTag16Value16:
      return f.template operator()<Bucket<uint16_t, uint16_t>>();
    case Shape::kTag16Value32:
      return f.template operator()<Bucket<uint16_t, uint32_t>>();
    case Shape::kTag32:
      return f.template operator()<Bucket<uint32_t, NoValue>>();
    case Shape::kTag32Value16:
      return f.template operator()<Bucket<uint32_t, uint16_t>>();
    case Shape::kTag32Value32:
      break;
  }
  return f.template operator()<Bucket<uint32_t, uint32_t>>();
}

// Buckets for a load of 4/5 (wide buckets) or 3/4.
uint64_t BucketsFor(uint64_t count, size_t slots) {
  const uint64_t per_mille = slots >= 32 ? 800 : 750;
  return count * 1000 / (slots * per_mille) + 1;
}

}  // namespace

Ip4Singles::Ip4Singles(uint64_t count, ValueId max_value, ValueId common) : common_(common) {
  const size_t value_bytes = common != kNotListed ? 0 : max_value <= 0xffff ? 2 : 4;
  const uint64_t narrow = std::max<uint64_t>(BucketsFor(count, kLine / (2 + value_bytes)), kMinBuckets16);
  const uint64_t wide = std::max<uint64_t>(BucketsFor(count, kLine / (4 + value_bytes)), kMinBuckets32);
  const bool narrow_tags = narrow <= wide;
  shape_ = static_cast<Shape>((narrow_tags ? 0 : 3) + value_bytes / 2);
  buckets_ = static_cast<uint32_t>(narrow_tags ? narrow : wide);
  // Invariant 3, with room for the tag of an empty bucket: intervals are at most 2^32/n + 1 wide.
  const uint64_t interval = (uint64_t{1} << 32) / buckets_ + 1;
  max_displacement_ = narrow_tags ? static_cast<uint32_t>(0xfffd / interval - 1) : kMaxDisplacement32;
  const size_t lines = size_t{buckets_} + max_displacement_;
  lines_ = HugeArray<uint8_t>(lines * kLine);
  used_ = HugeArray<uint32_t>(lines);
}

// Neighbours in `permuted` belong to one bucket mostly, and would wait for each other: four runs take turns.
void Ip4Singles::CountOwn(Own own, std::span<const uint32_t> permuted, std::vector<uint32_t>& others) {
  constexpr size_t kRuns = 4;
  const auto count = [&](uint32_t each) {
    const uint32_t bucket = BucketOf(each);
    if (bucket - own.first < own.end - own.first) [[likely]] {
      ++used_[bucket];
    } else {
      others.push_back(each);
    }
  };
  const size_t run = permuted.size() / kRuns;
  for (size_t i = 0; i < run; ++i) {
    for (size_t k = 0; k < kRuns; ++k) count(permuted[k * run + i]);
  }
  for (const uint32_t each : permuted.subspan(kRuns * run)) count(each);
}

// Which buckets will be passed by: what a bucket cannot hold goes to the next, wherever it came from.
template <class Layout>
void Ip4Singles::PlanAs() {
  spills_.assign(used_.size(), false);
  size_t carried = 0;
  for (size_t bucket = 0; bucket < used_.size(); ++bucket) {
    const size_t all = carried + used_[bucket];
    spills_[bucket] = all > Layout::kSlots;
    carried = spills_[bucket] ? all - Layout::kLast : 0;
    used_[bucket] = 0;
  }
}

void Ip4Singles::Plan() {
  WithLayout(shape_, [&]<class Layout>() { PlanAs<Layout>(); });
}

template <class Layout>
inline bool Ip4Singles::InsertAs(uint32_t permuted, ValueId value, size_t end) {
  const auto tag = static_cast<typename Layout::Tag>(permuted);
  const size_t own = BucketOf(permuted);
  const size_t stop = std::min(end, own + max_displacement_ + 1);
  for (size_t bucket = own; bucket < stop; ++bucket) {
    uint8_t* const line = lines_.data() + bucket * kLine;
    if (used_[bucket] == Layout::kSlots - spills_[bucket]) {
      Layout::Tags(line)[Layout::kLast] |= static_cast<typename Layout::Tag>(1u << (tag & 15));
      continue;
    }
    const uint32_t slot = used_[bucket]++;
    Layout::Tags(line)[slot] = tag;
    if constexpr (Layout::kHasValue) Layout::Values(line)[slot] = static_cast<typename Layout::Value>(value);
    return true;
  }
  return false;
}

void Ip4Singles::Insert(uint32_t permuted, ValueId value) {
  WithLayout(shape_, [&]<class Layout>() {
    if (!InsertAs<Layout>(permuted, value, all_buckets())) stragglers_.emplace_back(permuted, value);
  });
}

void Ip4Singles::InsertOwn(Own own, std::span<const uint32_t> permuted, ValueId value, std::vector<uint32_t>& others) {
  WithLayout(shape_, [&]<class Layout>() {
    for (const uint32_t each : permuted) {
      if (BucketOf(each) < own.first || !InsertAs<Layout>(each, value, own.end)) [[unlikely]]
        others.push_back(each);
    }
  });
}

template <class Layout>
void Ip4Singles::FinishAs(size_t first, size_t end) {
  for (size_t bucket = first; bucket < end; ++bucket) {
    uint8_t* const line = lines_.data() + bucket * kLine;
    auto* const tags = Layout::Tags(line);
    const size_t used = used_[bucket];
    // Stragglers were planned to come by and did not: a bucket with room let nothing pass.
    const bool spills = spills_[bucket] && used == Layout::kLast;
    if (used == 0) {
      // Invariant 2: the first permuted address of the next interval is never looked up here.
      const uint64_t next = ((uint64_t{bucket} + 1) << 32) / buckets_ + 1;
      tags[0] = static_cast<typename Layout::Tag>(next);
    }
    if (!spills) {
      for (size_t slot = std::max<size_t>(used, 1); slot < Layout::kSlots; ++slot) tags[slot] = tags[0];
    }
    // The order of the first two says whether it spills.
    if (tags[0] != tags[1] && (tags[0] > tags[1]) != spills) {
      std::swap(tags[0], tags[1]);
      if constexpr (Layout::kHasValue) std::swap(Layout::Values(line)[0], Layout::Values(line)[1]);
    }
  }
}

void Ip4Singles::Finish() {
  constexpr size_t kPart = size_t{1} << 15;  // buckets
  WithLayout(shape_, [&]<class Layout>() {
    InParallel((used_.size() + kPart - 1) / kPart, WorkThreads(), [&](unsigned /*thread*/, size_t part) {
      FinishAs<Layout>(part * kPart, std::min((part + 1) * kPart, used_.size()));
    });
  });
  std::sort(stragglers_.begin(), stragglers_.end());
  stragglers_.shrink_to_fit();
  used_ = {};
  spills_ = std::vector<bool>();
}

template <class Layout>
ValueId Ip4Singles::FurtherAs(uint32_t permuted) const noexcept {
  const size_t own = BucketOf(permuted);
  const auto tag = static_cast<typename Layout::Tag>(permuted);
  for (size_t bucket = own; bucket <= own + max_displacement_; ++bucket) {
    const uint8_t* line = lines_.data() + bucket * kLine;
    const bool spills = Layout::Spills(line);
    const uint32_t match = Layout::Match(line, tag) & Layout::InUse(spills);
    if (match != 0) {
      if constexpr (!Layout::kHasValue) {
        return common_;
      } else {
        return Layout::Values(line)[std::countr_zero(match)];
      }
    }
    if (Layout::MayHaveGoneOn(line, tag, spills) == 0) return kNotListed;
  }
  const auto straggler = std::lower_bound(stragglers_.begin(), stragglers_.end(), std::pair(permuted, kNotListed));
  return straggler != stragglers_.end() && straggler->first == permuted ? straggler->second : kNotListed;
}

// Without a branch: half of all questions miss.
template <class Layout>
inline Ip4Singles::Seen Ip4Singles::SeeAs(uint32_t permuted, const uint8_t* line) const noexcept {
  const auto tag = static_cast<typename Layout::Tag>(permuted);
  const bool spills = Layout::Spills(line);
  const uint32_t match = Layout::Match(line, tag) & Layout::InUse(spills);
  const ValueId hit = 0u - static_cast<ValueId>(match != 0);  // all ones or none
  ValueId value = common_;
  if constexpr (Layout::kHasValue) value = Layout::Values(line)[std::countr_zero(match | 1u << Layout::kLast)];
  return {.value = value & hit, .may_have_gone_on = Layout::MayHaveGoneOn(line, tag, spills) & ~hit};
}

template <class Layout, bool kFetches>
uint64_t Ip4Singles::FindInLinesAs(const uint32_t* permuted, const uint8_t* const* lines, size_t count, uint64_t which,
                                   ValueId* values, const uint8_t* const* fetch) const noexcept {
  uint64_t gone_on = 0;
  size_t plain_from = 0;
  if constexpr (sizeof(typename Layout::Tag) == 2) {
    if (const Ip4Kernel* const kernel = BestIp4Kernel(); kernel != nullptr) {
      plain_from = count / kIp4KernelStep * kIp4KernelStep;
      const Ip4Comparison comparison = {Layout::kSlots, Layout::kValueBytes, common_};
      gone_on = kernel->find(comparison, permuted, lines, plain_from, which, values, fetch);
    }
  }
  // Which addresses are asked here is as random as the questions, too.
  for (size_t i = plain_from; i < count; ++i) {
    const Seen seen = SeeAs<Layout>(permuted[i], lines[i]);
    if constexpr (kFetches) __builtin_prefetch(fetch[i], 0, 3);
    const ValueId asked = 0u - static_cast<ValueId>(which >> i & 1);  // all ones or none
    values[i] = (seen.value & asked) | (values[i] & ~asked);
    gone_on |= uint64_t{seen.may_have_gone_on} << i;
  }
  gone_on &= which;
  for (uint64_t rest = gone_on; rest != 0; rest &= rest - 1) {
    __builtin_prefetch(lines[std::countr_zero(rest)] + kLine, 0, 3);
  }
  return gone_on;
}

uint64_t Ip4Singles::FindInLines(const uint32_t* permuted, const uint8_t* const* lines, size_t count, uint64_t which,
                                 ValueId* values, const uint8_t* const* fetch) const noexcept {
  return WithLayout(shape_, [&]<class Layout>() {
    return fetch == nullptr ? FindInLinesAs<Layout, false>(permuted, lines, count, which, values, fetch)
                            : FindInLinesAs<Layout, true>(permuted, lines, count, which, values, fetch);
  });
}

void Ip4Singles::FindBehind(const uint32_t* permuted, uint64_t which, ValueId* values) const noexcept {
  WithLayout(shape_, [&]<class Layout>() {
    for (; which != 0; which &= which - 1) {
      const int i = std::countr_zero(which);
      values[i] = FurtherAs<Layout>(permuted[i]);
    }
  });
}

Ip4Singles::Seen Ip4Singles::See(uint32_t permuted, const uint8_t* line) const noexcept {
  return WithLayout(shape_, [&]<class Layout>() { return SeeAs<Layout>(permuted, line); });
}

ValueId Ip4Singles::Further(uint32_t permuted) const noexcept {
  return WithLayout(shape_, [&]<class Layout>() { return FurtherAs<Layout>(permuted); });
}

// A tag and where it stands tell the address: of the permuted addresses that can stand there, which are fewer than a
// tag has values, one has this tag.
template <class Layout>
void Ip4Singles::VisitAs(const std::function<void(uint32_t, ValueId)>& visit) const {
  const size_t buckets = lines_.size() / kLine;
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    const uint8_t* const line = lines_.data() + bucket * kLine;
    const auto* const tags = Layout::Tags(line);
    const size_t first_bucket = bucket - std::min<size_t>(bucket, max_displacement_);
    const uint64_t first = ((uint64_t{first_bucket} << 32) + buckets_ - 1) / buckets_;
    const size_t slots = Layout::Spills(line) ? Layout::kLast : Layout::kSlots;
    for (size_t slot = 0; slot < slots; ++slot) {
      // Repetitions stand behind the first two, either of which they may repeat.
      if ((slot > 0 && tags[slot] == tags[0]) || (slot > 1 && tags[slot] == tags[1])) continue;
      const uint64_t permuted = first + static_cast<typename Layout::Tag>(tags[slot] - first);
      if (permuted > UINT32_MAX) continue;  // of an empty bucket, as is one that belongs to a bucket behind this
      const size_t own = BucketOf(static_cast<uint32_t>(permuted));
      if (own < first_bucket || own > bucket) continue;
      ValueId value = common_;
      if constexpr (Layout::kHasValue) value = Layout::Values(line)[slot];
      visit(static_cast<uint32_t>(permuted), value);
    }
  }
  for (const auto& [permuted, value] : stragglers_) visit(permuted, value);
}

void Ip4Singles::Visit(const std::function<void(uint32_t, ValueId)>& visit) const {
  WithLayout(shape_, [&]<class Layout>() { VisitAs<Layout>(visit); });
}

}  // namespace rblitz
