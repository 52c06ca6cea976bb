// What an Ip4Table holds; shared by its lookups (ip4_table.cc) and its builder (ip4_builder.cc, ip4_layout.cc).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tables/huge_array.h"
#include "tables/ip4_lengths.h"
#include "tables/ip4_singles.h"
#include "tables/ip4_table.h"

namespace rblitz {

static_assert(kMaxBatch <= Ip4Singles::kMaxCount);

// Up to this many pieces a sorted array is smaller than a map of all /24s.
inline constexpr size_t kSmallPieces = 65536;

// What the map says of a /24: two bits each, 32 to a word, so that a /16 is one cache line.
enum Ip4Kind : uint8_t { kNothing = 0, kSingles = 1, kBlock = 2 };

// What the coarse map says of a network of kCoarseLength bits, two bits each.
enum Ip4Coarse : uint8_t { kNothingNear = 0, kSinglesOnly = 1, kFurther = 2 };

// A /24 with many listed addresses.
struct Ip4Dense {
  static constexpr uint32_t kOneValue = 1u << 31;
  uint64_t listed[4];  // bit i of word i / 64: address i
  uint32_t values;     // kOneValue | the value of all, or where their values start in dense_values, by rank
};

struct Ip4Table::Rep {
  static constexpr size_t kMapWords = (size_t{1} << 24) / 32;
  // Longer prefixes send fewer addresses on to the /24 map, shorter ones stay in the core's own cache although packets
  // stream through it: 64 KiB (docs/performance.md has the measurement).
  static constexpr unsigned kCoarseLength = 18;
  static constexpr size_t kCoarseWords = (size_t{1} << kCoarseLength) / 32;
  static constexpr uint32_t kUniform16 = 1u << 31;  // in top: the whole /16 has this value
  static constexpr uint32_t kDense = 1u << 31;      // in blocks: index into dense, else the value of the whole /24

  explicit Rep(uint64_t seed) : permute(seed) {}

  bool small = true;

  // Small: piece i holds from starts[i] to starts[i + 1] - 1, gaps are pieces of kNotListed. starts[0] is 0.
  std::vector<uint32_t> starts;
  std::vector<ValueId> values;
  // An address is in one of `candidates` pieces, from piece firsts[address >> firsts_shift] on.
  std::vector<uint32_t> firsts;
  unsigned firsts_shift = 31;
  size_t candidates = 1;

  // Large.
  HugeArray<uint64_t> coarse;    // kCoarseWords: Ip4Coarse of every network of kCoarseLength
  HugeArray<uint64_t> map;       // kMapWords: Ip4Kind of every /24
  std::vector<uint32_t> top;     // by /16: kUniform16 | value, or the index in blocks of its first kBlock
  std::vector<uint32_t> blocks;  // kBlock /24s in address order
  std::vector<Ip4Dense> dense;
  std::vector<ValueId> dense_values;
  Ip4Singles singles;
  Ip4Permutation permute;
  std::bitset<65536> used16;  // /16s with anything listed

  std::bitset<256> used8;  // /8s with anything listed

  uint64_t entries = 0;
  uint64_t addresses = 0;

  // Keys that the lookups do not show, in order: all ranges, excluded addresses, and addresses that a range also
  // covers. Only compared with the next build (Ip4BuildReport).
  std::vector<std::pair<uint32_t, uint32_t>> hidden_keys;

  Ip4Lengths lengths;  // empty unless they are kept

  [[nodiscard]] static size_t CoarseWordOf(uint32_t address) noexcept { return (address >> (32 - kCoarseLength)) / 32; }
  [[nodiscard]] Ip4Coarse CoarseOf(uint32_t address) const noexcept {
    const uint32_t network = address >> (32 - kCoarseLength);
    return static_cast<Ip4Coarse>((coarse[CoarseWordOf(address)] >> (network % 32 * 2)) & 3);
  }
  [[nodiscard]] Ip4Kind KindOf(uint32_t address) const noexcept {
    return static_cast<Ip4Kind>((map[address >> 13] >> ((address >> 8 & 31) * 2)) & 3);
  }
  [[nodiscard]] ValueId ValueInBlock(uint32_t address) const noexcept;
  // Small: makes `firsts`. REQUIRES: the pieces are there.
  void IndexPieces();
  [[nodiscard]] size_t PieceOf(uint32_t address) const noexcept;
  template <size_t kCount>
  void PiecesOf(const uint32_t* wanted, size_t* pieces) const noexcept;
  // The parts of Ip4Table::Sort.
  void SortSmall(std::span<const uint32_t> batch, ValueId* found) const noexcept;
  void SortLarge(std::span<const uint32_t> batch, Ip4Cursor& cursor) const noexcept;
  // The same of address i of a batch alone.
  void SortLargeOne(uint32_t address, size_t i, Ip4Cursor& cursor) const noexcept;
  // Ip4Table::Locate of address i of a batch, which is one of `furthers`.
  void LocateOne(uint32_t address, size_t i, Ip4Cursor& cursor, ValueId* found) const noexcept;
};

}  // namespace rblitz
