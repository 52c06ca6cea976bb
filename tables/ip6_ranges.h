// The coarse part of an Ip6Table: what prefixes shorter than /64 say of every /64, as disjoint ranges in a static
// search tree of eight starts a cache line, nine ways a step.
//
// Thread-safety: const after construction. Units: a key is the high half of an address.
// Cost: 8 bytes a range and an eighth of that for the upper levels, 5 for value and prefix length. Seven lines for two
// million ranges, of which all but the last two stay in the core's caches; a batch fetches each level's lines together.
// Source: Rao, Ross, "Cache Conscious Indexing for Decision-Support in Main Memory", VLDB 1999 (implicit children).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tables/huge_array.h"
#include "tables/ip6_sweep.h"
#include "tables/verdict.h"

namespace rblitz {

class Ip6Ranges {
 public:
  static constexpr size_t kMaxCount = 64;

  Ip6Ranges() = default;
  // REQUIRES: pieces as Ip6Sweep makes them.
  explicit Ip6Ranges(std::span<const Ip6Piece> pieces);

  // Nothing is listed anywhere.
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }

  // For i < count <= kMaxCount: values[indices[i]] becomes the value of keys[i].
  void Find(const uint64_t* keys, const uint8_t* indices, size_t count, ValueId* values) const noexcept;
  [[nodiscard]] Ip6Decision Find(uint64_t key) const noexcept;

  [[nodiscard]] size_t bytes() const noexcept {
    return starts_.bytes() + values_.capacity() * sizeof(ValueId) + lengths_.capacity();
  }

 private:
  static constexpr size_t kKeys = 8;        // of a line
  static constexpr size_t kMaxLevels = 21;  // 9^21 > 2^64

  struct Level {
    size_t first = 0;  // its first line in starts_
    size_t lines = 0;
  };

  void Fill(std::span<const Ip6Piece> pieces);
  // Brings each range[i] from the line of a level to the line of the next one, or to the range itself.
  template <bool kLeaf>
  void Descend(const Level& level, const Level& next, const uint64_t* keys, size_t count, size_t* at) const noexcept;
  void Locate(const uint64_t* keys, size_t count, size_t* ranges) const noexcept;

  HugeArray<int64_t> starts_;  // by level, root first; the sign bit is flipped, for signed comparison
  std::array<Level, kMaxLevels> levels_;
  size_t depth_ = 0;  // levels in use; the last one has the starts of all ranges
  std::vector<ValueId> values_;
  std::vector<uint8_t> lengths_;
};

}  // namespace rblitz
