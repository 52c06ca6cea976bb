#include "tables/fingerprints.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "tables/vectors.h"
#include "tables/verdict.h"

namespace rblitz {

namespace {

constexpr unsigned kLowBits = 32;

// Low words of the tags stand first, so that whole vectors of them are aligned; what such a vector takes of the words
// behind them is masked away.
struct NarrowLine {
  static constexpr size_t kSlots = 10;
  static constexpr uint64_t kPerMilleFull = 750;
  using High = uint16_t;
  uint32_t low[kSlots];
  uint32_t passed;
  High high[kSlots];  // tag bits from the 33rd on, above the number
};

struct WideLine {
  static constexpr size_t kSlots = 7;
  static constexpr uint64_t kPerMilleFull = 900;  // memory is dearer here
  using High = uint32_t;
  uint32_t low[kSlots];
  uint32_t passed;
  High high[kSlots];
  uint32_t unused;
};

static_assert(sizeof(NarrowLine) == Fingerprints::kLine && sizeof(WideLine) == Fingerprints::kLine);

// Bit i: low word i is this one.
template <class Line>
uint32_t MatchLow(const Line& line, uint32_t low) noexcept {
  const auto wanted = All<U32x4>(low);
  const auto is_low = [&](size_t slot) {
    return reinterpret_cast<U32x4>(LoadAligned<U32x4>(line.low + slot) == wanted);
  };
  const U16x8 first = JoinMasks(is_low(0), is_low(4));
  U16x8 rest{};
  if constexpr (Line::kSlots > 8) rest = JoinMasks(is_low(8), U32x4{});
  return MaskOf(JoinMasks(first, rest)) & ((1u << Line::kSlots) - 1);
}

// What a slot's high word holds for a fingerprint, the number left out.
template <class Line>
typename Line::High HighOf(uint64_t fingerprint, unsigned number_bits) noexcept {
  return static_cast<typename Line::High>(fingerprint >> kLowBits << number_bits);
}

// The filter's answer: 1 when an entry with such a tag went on from the bucket.
constexpr uint32_t Passed(uint32_t passed, uint64_t fingerprint) noexcept { return passed >> (fingerprint & 31) & 1; }

template <class Line>
uint64_t BucketsFor(uint64_t count) {
  return count * 1000 / (Line::kSlots * Line::kPerMilleFull) + 1;
}

}  // namespace

Fingerprints::Fingerprints(uint64_t count, uint32_t max_number)
    : number_bits_(std::max(1u, static_cast<unsigned>(std::bit_width(max_number)))) {
  const uint64_t narrow = BucketsFor<NarrowLine>(count);
  narrow_ = 48 - number_bits_ + static_cast<unsigned>(std::bit_width(narrow)) - 1 >= 64 && number_bits_ < 16;
  buckets_ = narrow_ ? narrow : BucketsFor<WideLine>(count);
  lines_ = HugeArray<uint8_t>(buckets_ * kLine);
}

void Fingerprints::Insert(uint64_t fingerprint, uint32_t number) {
  assert(number != 0);
  const size_t bucket = BucketOf(fingerprint);
  while (filling_ < bucket) FillLine(filling_++);
  own_.push_back({fingerprint, number});
}

void Fingerprints::Finish() {
  while (filling_ < buckets_) FillLine(filling_++);
  // Those that found no room up to the end go on at the beginning, where their buckets are filled to the same rule.
  for (size_t bucket = 0; !waiting_.empty(); ++bucket) FillLine(bucket % buckets_);
  own_ = std::vector<Entry>();
  waiting_ = std::vector<Entry>();
}

void Fingerprints::FillLine(size_t bucket) {
  if (narrow_) {
    Fill<NarrowLine>(bucket);
  } else {
    Fill<WideLine>(bucket);
  }
}

// The bucket's own entries go first, so that few stand elsewhere.
template <class Line>
void Fingerprints::Fill(size_t bucket) {
  if (own_.empty() && waiting_.empty()) return;
  auto* const line = reinterpret_cast<Line*>(lines_.data() + bucket * kLine);
  const auto number_of = [this, line](size_t at) { return line->high[at] & numbers(); };
  size_t slot = 0;
  while (slot < Line::kSlots && number_of(slot) != 0) ++slot;
  const auto put = [&](std::vector<Entry>& entries) {
    size_t taken = 0;
    for (; taken < entries.size() && slot < Line::kSlots; ++taken, ++slot) {
      const auto& [fingerprint, number] = entries[taken];
      line->low[slot] = static_cast<uint32_t>(fingerprint);
      line->high[slot] =
          static_cast<typename Line::High>(HighOf<Line>(fingerprint, number_bits_) | static_cast<uint32_t>(number));
    }
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(taken));
  };
  put(own_);
  put(waiting_);
  waiting_.insert(waiting_.end(), own_.begin(), own_.end());
  own_.clear();
  for (const Entry& entry : waiting_) line->passed |= 1u << (entry.fingerprint & 31);
}

// What a fingerprint's own line says.
struct Fingerprints::Seen {
  uint32_t number;   // or 0
  uint32_t further;  // 1: not so, it may be elsewhere, or behind another slot with the same low word
};

// Questions are listed or not as it comes: what is so for nearly all of them is decided without a branch.
template <class Line>
inline Fingerprints::Seen Fingerprints::SeeLine(uint64_t fingerprint) const noexcept {
  const auto& line = *reinterpret_cast<const Line*>(LineOf(BucketOf(fingerprint)));
  const uint32_t match = MatchLow(line, static_cast<uint32_t>(fingerprint));
  const auto slot = static_cast<unsigned>(std::countr_zero(match | 1u << (Line::kSlots - 1)));
  const uint32_t found = line.high[slot] ^ static_cast<uint32_t>(HighOf<Line>(fingerprint, number_bits_));
  const uint32_t any = 0u - uint32_t{match != 0};          // all ones, or none
  const auto is_other = uint32_t{found - 1 >= numbers()};  // with the same low word
  const uint32_t passed = Passed(line.passed, fingerprint);
  return {.number = found & any, .further = (is_other & any) | (passed & ~any)};
}

// What may go on (in narrow lines one in 66 of what is not listed) has its next line fetched while the others are
// looked at.
template <class Line>
void Fingerprints::FindAll(std::span<const uint64_t> fingerprints, uint32_t* numbers) const noexcept {
  static_assert(kMaxBatch <= 64);
  uint64_t further = 0;
  for (size_t i = 0; i < fingerprints.size(); ++i) {
    const Seen seen = SeeLine<Line>(fingerprints[i]);
    numbers[i] = seen.number;
    further |= uint64_t{seen.further} << i;
    // Its own line, which is there, where it does not go on: cheaper than a branch. Past the last one nothing is read.
    __builtin_prefetch(LineOf(BucketOf(fingerprints[i]) + seen.further), 0, 3);
  }
  for (; further != 0; further &= further - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(further));
    numbers[i] = FindFurther<Line>(fingerprints[i]);
  }
}

template <class Line>
uint32_t Fingerprints::FindFurther(uint64_t fingerprint) const noexcept {
  const uint32_t high = HighOf<Line>(fingerprint, number_bits_);
  for (size_t bucket = BucketOf(fingerprint);; bucket = After(bucket)) {
    const auto& line = *reinterpret_cast<const Line*>(LineOf(bucket));
    for (uint32_t match = MatchLow(line, static_cast<uint32_t>(fingerprint)); match != 0; match &= match - 1) {
      const uint32_t found = line.high[std::countr_zero(match)] ^ high;
      if (found - 1 < numbers()) return found;
    }
    if (Passed(line.passed, fingerprint) == 0) return 0;
  }
}

uint32_t Fingerprints::Find(uint64_t fingerprint) const noexcept {
  const Seen seen = narrow_ ? SeeLine<NarrowLine>(fingerprint) : SeeLine<WideLine>(fingerprint);
  if (seen.further == 0) return seen.number;
  return narrow_ ? FindFurther<NarrowLine>(fingerprint) : FindFurther<WideLine>(fingerprint);
}

void Fingerprints::Find(std::span<const uint64_t> fingerprints, uint32_t* numbers) const noexcept {
  if (narrow_) {
    FindAll<NarrowLine>(fingerprints, numbers);
  } else {
    FindAll<WideLine>(fingerprints, numbers);
  }
}

}  // namespace rblitz
