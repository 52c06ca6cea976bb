// The heat of IPv4 networks, as a zone serves it: a pyramid with the scores of all /24s at its foot and, for each
// network of every even length from /22 to /2, the highest and the mean score in it and how many of its /24s are known
// of. The sources of a zone are joined when it is built.
//
// Curve order is address order: a lookup needs no curve arithmetic (tables/hilbert.h is for pictures). The scores of a
// /20's /24s and of all networks around them up to the /16 stand in one record of half a line, most specific first, so
// that one comparison of all of it and the lowest bit of what comes out say which level answers, however many are
// asked.
//
// Thread-safety: const after Build. Lookups never allocate, lock or fail.
// Units: addresses in host order; scores 1 to 255, 0 where nothing is known. The score of a network larger than a /24
// is its mean over all of its /24s, at least 1 where one of them is known.
// Cost: 33 MiB, of which pages that no known network falls into are never touched, but for 1 MiB of /16s and larger
// ones; a lookup reads one line for all levels to /16, and one of at most 16 KiB for each above.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tables/cell_blocks.h"
#include "tables/huge_array.h"

namespace rblitz {

// How the scores of several sources for one /24 become one.
enum class HeatJoin : uint8_t {
  kMax,
  kSum,  // 255 at most
};

// What is known of a network.
struct HeatNode {
  uint8_t highest = 0;
  uint8_t mean = 0;
  uint32_t active = 0;  // /24s with a score

  bool operator==(const HeatNode&) const = default;
};

// The level that answers; length 0: none does.
struct HeatHit {
  uint8_t length = 0;
  uint8_t score = 0;

  bool operator==(const HeatHit&) const = default;
};

[[nodiscard]] constexpr bool IsHeatLength(unsigned length) noexcept {
  return length >= 2 && length <= 24 && length % 2 == 0;
}

// What is asked of a table, put so that a lookup does not look at lengths.
class HeatLevels {
 public:
  // The first of `lengths` answers at which an address has `least` or more. REQUIRES: lengths fall, as IsHeatLength
  // says; least is not 0.
  HeatLevels(std::span<const uint8_t> lengths, uint8_t least);

 private:
  friend class HeatTable;

  [[nodiscard]] bool has_any_in_record() const noexcept { return places_[0] != 0; }

  std::array<uint32_t, 16> places_{};  // of a record that count, by where in it the /24 of an address stands
  std::vector<uint8_t> larger_;        // lengths that are in no record
  uint8_t least_;
};

class HeatTable {
 public:
  [[nodiscard]] static HeatTable Build(std::span<const HeatCells* const> sources, HeatJoin join = HeatJoin::kMax);

  // Of the network of this length around the address. REQUIRES: IsHeatLength(length).
  [[nodiscard]] uint8_t Score(uint32_t address, unsigned length) const noexcept {
    return length < kLargest ? large_means_[LargeAt(address, length)] : RecordOf(address)[PlaceOf(address, length)];
  }
  // The same; of networks smaller than a /16 all /24s are read.
  [[nodiscard]] HeatNode Node(uint32_t address, unsigned length) const noexcept;
  // Of all /24s.
  [[nodiscard]] HeatNode Root() const noexcept;

  // What LookupBatch reads first, to be fetched.
  void Locate(std::span<const uint32_t> addresses, const HeatLevels& levels, const uint8_t** lines) const noexcept {
    if (levels.has_any_in_record()) {
      for (size_t i = 0; i < addresses.size(); ++i) lines[i] = RecordOf(addresses[i]);
    } else {
      const uint8_t length = levels.larger_.front();
      for (size_t i = 0; i < addresses.size(); ++i) lines[i] = &large_means_[LargeAt(addresses[i], length)];
    }
  }
  // The level that answers for each. REQUIRES: at most kMaxBatch addresses.
  void LookupBatch(std::span<const uint32_t> addresses, const HeatLevels& levels, HeatHit* hits) const noexcept;
  [[nodiscard]] HeatHit Lookup(uint32_t address, const HeatLevels& levels) const noexcept;

  // Address space held; what was never touched is backed by nothing.
  [[nodiscard]] size_t bytes() const noexcept;

 private:
  friend class HeatLevels;

  static constexpr unsigned kFoot = 24;
  static constexpr unsigned kLargest = 16;     // that is in a record
  static constexpr unsigned kRecordBits = 12;  // of an address, below its record's number
  static constexpr size_t kRecordSize = 32;
  static constexpr size_t kNowhere = kRecordSize - 1;  // of a record, where 0 stands

  // Where the networks of a length stand in the record of a /20: sixteen /24s, four /22s, then one of each.
  struct Places {
    uint8_t first;
    uint8_t shift;  // of addresses
    uint8_t mask;
  };
  static constexpr std::array<Places, 5> kPlaces = {{{0, 8, 15}, {16, 10, 3}, {20, 12, 0}, {21, 14, 0}, {22, 16, 0}}};

  struct Large {
    uint8_t highest;
    uint32_t active;
  };

  [[nodiscard]] static constexpr size_t PlaceOf(uint32_t address, unsigned length) noexcept {
    const Places places = kPlaces[(kFoot - length) / 2];
    return places.first + (address >> places.shift & places.mask);
  }
  // By place; 0: none stands there.
  [[nodiscard]] static constexpr std::array<uint8_t, kRecordSize> LengthsOfPlaces() noexcept;
  // Where a /16 or a larger network stands in an array of all of them.
  [[nodiscard]] static constexpr size_t LargeAt(uint32_t address, unsigned length) noexcept {
    return ((size_t{1} << length) - 4) / 3 + (address >> (32 - length));
  }
  [[nodiscard]] const uint8_t* RecordOf(uint32_t address) const noexcept {
    return records_.data() + size_t{address >> kRecordBits} * kRecordSize;
  }

  HeatTable();
  // Returns the sum of the scores.
  uint32_t BuildBlock(uint32_t block, const HeatCells::Block& cells) noexcept;
  // From the sums of all /16s.
  void BuildLarge(std::vector<uint32_t> sums) noexcept;

  HugeArray<uint8_t> records_;
  std::vector<Large> large_;          // /2s to /16s
  std::vector<uint8_t> large_means_;  // /2s to /14s
  uint64_t sum_ = 0;                  // of all scores
};

}  // namespace rblitz
