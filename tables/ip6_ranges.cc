#include "tables/ip6_ranges.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>

#include "tables/vectors.h"

namespace rblitz {

namespace {

constexpr int64_t kPad = std::numeric_limits<int64_t>::max();

int64_t Flipped(uint64_t key) noexcept { return static_cast<int64_t>(key ^ uint64_t{1} << 63); }

// How many of a line's eight starts are not above the key.
inline size_t CountNotAbove(const int64_t* line, uint64_t key) noexcept {
  const auto wanted = All<I64x2>(Flipped(key));
  const auto are_above = [&](size_t at) { return reinterpret_cast<I64x2>(LoadAligned<I64x2>(line + at) > wanted); };
  const I64x2 above = (are_above(0) + are_above(2)) + (are_above(4) + are_above(6));  // minus how many are above
  return 8 - static_cast<size_t>(-(above[0] + above[1]));
}

}  // namespace

Ip6Ranges::Ip6Ranges(std::span<const Ip6Piece> pieces) {
  if (pieces.size() == 1 && pieces[0].decision.value == kNotListed) return;
  values_.reserve(pieces.size());
  lengths_.reserve(pieces.size());
  for (const Ip6Piece& piece : pieces) {
    values_.push_back(piece.decision.value);
    lengths_.push_back(piece.decision.length);
  }
  Fill(pieces);
}

// Upwards from the leaves; a line of an upper level holds the first starts of its second to ninth child. Pads stand for
// what is not there: only the highest key of all is not below them, and Descend keeps that one in the last line.
void Ip6Ranges::Fill(std::span<const Ip6Piece> pieces) {
  std::array<size_t, kMaxLevels> lines{(pieces.size() + kKeys - 1) / kKeys};  // leaves first
  for (depth_ = 1; lines[depth_ - 1] > 1; ++depth_) lines[depth_] = (lines[depth_ - 1] + kKeys) / (kKeys + 1);
  size_t all = 0;
  for (size_t l = 0; l < depth_; ++l) {
    levels_[l] = {.first = all, .lines = lines[depth_ - 1 - l]};
    all += levels_[l].lines;
  }
  starts_ = HugeArray<int64_t>(all * kKeys);
  std::fill_n(starts_.data(), all * kKeys, kPad);

  size_t below = 1;  // leaf lines under a child of the level
  for (size_t l = depth_; l-- > 0;) {
    int64_t* const out = starts_.data() + levels_[l].first * kKeys;
    if (l + 1 == depth_) {
      for (size_t i = 0; i < pieces.size(); ++i) out[i] = Flipped(pieces[i].first);
      continue;
    }
    for (size_t line = 0; line < levels_[l].lines; ++line) {
      for (size_t k = 0; k < kKeys; ++k) {
        const size_t piece = (line * (kKeys + 1) + k + 1) * below * kKeys;
        if (piece < pieces.size()) out[line * kKeys + k] = Flipped(pieces[piece].first);
      }
    }
    below *= kKeys + 1;
  }
}

template <bool kLeaf>
inline void Ip6Ranges::Descend(const Level& level, const Level& next, const uint64_t* keys, size_t count,
                               size_t* at) const noexcept {
  const int64_t* const lines = starts_.data() + level.first * kKeys;
  const int64_t* const children = starts_.data() + next.first * kKeys;
  for (size_t i = 0; i < count; ++i) {
    const size_t not_above = CountNotAbove(lines + at[i] * kKeys, keys[i]);
    if constexpr (kLeaf) {
      at[i] = std::min(at[i] * kKeys + not_above, values_.size()) - 1;
    } else {
      at[i] = std::min(at[i] * (kKeys + 1) + not_above, next.lines - 1);
      __builtin_prefetch(children + at[i] * kKeys, 0, 3);
    }
  }
}

void Ip6Ranges::Locate(const uint64_t* keys, size_t count, size_t* ranges) const noexcept {
  std::fill_n(ranges, count, size_t{0});
  for (size_t l = 0; l + 1 < depth_; ++l) Descend<false>(levels_[l], levels_[l + 1], keys, count, ranges);
  Descend<true>(levels_[depth_ - 1], {}, keys, count, ranges);
}

void Ip6Ranges::Find(const uint64_t* keys, const uint8_t* indices, size_t count, ValueId* values) const noexcept {
  assert(count <= kMaxCount && !empty());
  size_t ranges[kMaxCount];
  Locate(keys, count, ranges);
  for (size_t i = 0; i < count; ++i) __builtin_prefetch(&values_[ranges[i]], 0, 3);
  for (size_t i = 0; i < count; ++i) values[indices[i]] = values_[ranges[i]];
}

Ip6Decision Ip6Ranges::Find(uint64_t key) const noexcept {
  if (empty()) return {};
  size_t range = 0;
  Locate(&key, 1, &range);
  return {.value = values_[range], .length = lengths_[range]};
}

}  // namespace rblitz
