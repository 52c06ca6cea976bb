#include "tables/ip6_units.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "tables/vectors.h"

namespace rblitz {

namespace {

constexpr uint64_t kFilterBit = uint64_t{1} << 63;

// What a probe of one line says.
struct Probe {
  uint32_t code;     // 0: not here
  uint32_t gone_on;  // 1: the key may stand in the next line
};

uint64_t BucketsFor(uint64_t count, uint64_t slots, uint64_t load_percent) {
  return count * 100 / (slots * load_percent) + 1;
}

}  // namespace

// Eight words: bit 63 of word i is bit i of the filter; below it the code, then the tag.
struct Ip6Units::Packed {
  static constexpr size_t kSlots = 8;
  static constexpr uint64_t kLoadPercent = 75;

  explicit Packed(unsigned bits) : tag_bits(bits), tag_mask((uint64_t{1} << bits) - 1) {}

  [[nodiscard]] Probe Find(const uint64_t* line, uint64_t permuted) const noexcept {
    const uint64_t tag = permuted & tag_mask;
    const auto wanted = All<U64x2>(tag);
    const auto mask = All<U64x2>(tag_mask);
    uint32_t match = 0;
    uint32_t filter = 0;
    for (unsigned v = 0; v < 4; ++v) {
      const auto words = LoadAligned<U64x2>(line + 2 * v);
      match |= MaskOf(reinterpret_cast<U64x2>((words & mask) == wanted)) << (2 * v);
      filter |= MaskOf(words) << (2 * v);
    }
    const uint64_t word = line[std::countr_zero(match | 1u << (kSlots - 1))] & ~kFilterBit;
    const auto here = 0u - static_cast<uint32_t>(match != 0);
    return {.code = static_cast<uint32_t>(word >> tag_bits) & here, .gone_on = filter >> (tag & 7) & 1};
  }

  [[nodiscard]] static bool IsFree(const uint64_t* line, size_t slot) noexcept { return (line[slot] << 1) == 0; }
  void Set(uint64_t* line, size_t slot, uint64_t permuted, uint32_t code) const noexcept {
    line[slot] |= uint64_t{code} << tag_bits | (permuted & tag_mask);
  }
  static void Pass(uint64_t* line, uint64_t permuted) noexcept { line[permuted & 7] |= kFilterBit; }

  unsigned tag_bits;
  uint64_t tag_mask;
};

// Five keys, five codes of 32 bits, 32 bits of filter.
struct Ip6Units::Wide {
  static constexpr size_t kSlots = 5;
  static constexpr uint64_t kLoadPercent = 70;

  explicit Wide(unsigned /*bits*/) {}

  [[nodiscard]] static Probe Find(const uint64_t* line, uint64_t permuted) noexcept {
    const auto wanted = All<U64x2>(permuted);
    uint32_t match = 0;
    for (unsigned v = 0; v < 3; ++v) {  // the sixth word is no key: bit 5 is masked away
      match |= MaskOf(reinterpret_cast<U64x2>(LoadAligned<U64x2>(line + 2 * v) == wanted)) << (2 * v);
    }
    match &= (1u << kSlots) - 1;
    const auto here = 0u - static_cast<uint32_t>(match != 0);
    const auto slot = static_cast<size_t>(std::countr_zero(match | 1u << (kSlots - 1)));
    return {.code = Codes(line, slot) & here, .gone_on = Codes(line, kFilter) >> (permuted & 31) & 1};
  }

  [[nodiscard]] static bool IsFree(const uint64_t* line, size_t slot) noexcept { return Codes(line, slot) == 0; }
  static void Set(uint64_t* line, size_t slot, uint64_t permuted, uint32_t code) noexcept {
    line[slot] = permuted;
    SetCodes(line, slot, code);
  }
  static void Pass(uint64_t* line, uint64_t permuted) noexcept {
    SetCodes(line, kFilter, Codes(line, kFilter) | 1u << (permuted & 31));
  }

 private:
  static constexpr size_t kFilter = kSlots;  // behind the codes

  static uint32_t Codes(const uint64_t* line, size_t at) noexcept {
    uint32_t code = 0;
    std::memcpy(&code, reinterpret_cast<const char*>(line + kSlots) + at * sizeof code, sizeof code);
    return code;
  }
  static void SetCodes(uint64_t* line, size_t at, uint32_t code) noexcept {
    std::memcpy(reinterpret_cast<char*>(line + kSlots) + at * sizeof code, &code, sizeof code);
  }
};

Ip6Units::Ip6Units(uint64_t count, uint32_t max_code) {
  if (count == 0) return;
  buckets_ = BucketsFor(count, Packed::kSlots, Packed::kLoadPercent);
  // Invariant 1: intervals are at most 2^64/n + 1 wide.
  const uint64_t interval = ~uint64_t{0} / buckets_ + 1;
  const auto window_bits = static_cast<unsigned>(std::bit_width(interval)) + std::bit_width(kMaxDisplacement);
  const auto code_bits = static_cast<unsigned>(std::bit_width(max_code));
  if (buckets_ > 1 && window_bits + code_bits <= 63) {
    tag_bits_ = static_cast<unsigned>(63 - code_bits);
  } else {
    buckets_ = BucketsFor(count, Wide::kSlots, Wide::kLoadPercent);
  }
  lines_ = HugeArray<uint64_t>((buckets_ + kMaxDisplacement) * kWords);
}

template <class Layout>
void Ip6Units::InsertAs(uint64_t permuted, uint32_t code) {
  const Layout layout(tag_bits_);
  const uint64_t own = BucketOf(permuted);
  for (uint64_t bucket = own; bucket <= own + kMaxDisplacement; ++bucket) {
    uint64_t* const line = lines_.data() + bucket * kWords;
    for (size_t slot = 0; slot < Layout::kSlots; ++slot) {
      if (!layout.IsFree(line, slot)) continue;
      layout.Set(line, slot, permuted, code);
      return;
    }
    layout.Pass(line, permuted);
  }
  stragglers_.emplace_back(permuted, code);
}

void Ip6Units::Insert(uint64_t permuted, uint32_t code) {
  assert(code != 0);
  tag_bits_ == 64 ? InsertAs<Wide>(permuted, code) : InsertAs<Packed>(permuted, code);
}

void Ip6Units::Finish() {
  std::sort(stragglers_.begin(), stragglers_.end());
  stragglers_.shrink_to_fit();
}

template <class Layout>
uint32_t Ip6Units::FindFurther(uint64_t permuted) const noexcept {
  const Layout layout(tag_bits_);
  const uint64_t own = BucketOf(permuted);
  for (uint64_t bucket = own; bucket <= own + kMaxDisplacement; ++bucket) {
    const Probe probe = layout.Find(LineAt(bucket), permuted);
    if (probe.code != 0 || probe.gone_on == 0) return probe.code;
  }
  const auto straggler = std::lower_bound(stragglers_.begin(), stragglers_.end(), std::pair(permuted, uint32_t{0}));
  return straggler != stragglers_.end() && straggler->first == permuted ? straggler->second : 0;
}

template <class Layout>
void Ip6Units::FindAs(const uint64_t* permuted, size_t count, uint32_t* codes) const noexcept {
  const Layout layout(tag_bits_);
  uint8_t further[kMaxCount];
  size_t furthers = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t* const line = LineAt(BucketOf(permuted[i]));
    const Probe probe = layout.Find(line, permuted[i]);
    codes[i] = probe.code;
    if ((probe.gone_on & static_cast<uint32_t>(probe.code == 0)) != 0) [[unlikely]] {
      __builtin_prefetch(line + kWords, 0, 3);
      further[furthers++] = static_cast<uint8_t>(i);
    }
  }
  for (size_t f = 0; f < furthers; ++f) codes[further[f]] = FindFurther<Layout>(permuted[further[f]]);
}

void Ip6Units::Find(const uint64_t* permuted, size_t count, uint32_t* codes) const noexcept {
  assert(count <= kMaxCount);
  if (empty()) {
    std::fill_n(codes, count, 0u);
  } else if (tag_bits_ == 64) {
    FindAs<Wide>(permuted, count, codes);
  } else {
    FindAs<Packed>(permuted, count, codes);
  }
}

}  // namespace rblitz
