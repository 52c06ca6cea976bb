// The heat of IPv4 networks, as a zone serves it: a pyramid with the scores of all /24s at its foot and, for each
// network of every even length from /22 to /2, the highest and the mean score in it and how many of its /24s are known
// of. The sources of a zone are joined when it is built.
//
// Curve order is address order: a lookup is one shift and one read for each level (tables/hilbert.h is for pictures).
//
// Thread-safety: const after Build. Lookups never allocate, lock or fail.
// Units: addresses in host order; scores 1 to 255, 0 where nothing is known. The score of a network larger than a /24
// is its mean over all of its /24s, at least 1 where one of them is known.
// Cost: 33 MiB, of which pages that no known network falls into are never touched, but for 1 MiB of /16s and larger
// ones; a lookup reads at most one line of each level.
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

class HeatTable {
 public:
  [[nodiscard]] static HeatTable Build(std::span<const HeatCells* const> sources, HeatJoin join = HeatJoin::kMax);

  // Of the network of this length around the address. REQUIRES: IsHeatLength(length).
  [[nodiscard]] uint8_t Score(uint32_t address, unsigned length) const noexcept {
    const Level& level = levels_[length / 2];
    return level.scores[address >> level.shift];
  }
  [[nodiscard]] HeatNode Node(uint32_t address, unsigned length) const noexcept;
  // Of all /24s.
  [[nodiscard]] HeatNode Root() const noexcept;

  // Where the scores of networks of a length stand.
  void Locate(std::span<const uint32_t> addresses, unsigned length, const uint8_t** lines) const noexcept {
    const Level& level = levels_[length / 2];
    for (size_t i = 0; i < addresses.size(); ++i) {
      lines[i] = level.scores + (addresses[i] >> level.shift);
    }
  }
  // The first of `lengths` at which an address has `least` or more. REQUIRES: at most kMaxBatch addresses; lengths
  // fall; least is not 0.
  void LookupBatch(std::span<const uint32_t> addresses, std::span<const uint8_t> lengths, uint8_t least,
                   HeatHit* hits) const noexcept;
  [[nodiscard]] HeatHit Lookup(uint32_t address, std::span<const uint8_t> lengths, uint8_t least) const noexcept;

  // By address.
  [[nodiscard]] std::span<const uint8_t> cells() const noexcept { return {cells_.data(), cells_.size()}; }
  // Address space held; what was never touched is backed by nothing.
  [[nodiscard]] size_t bytes() const noexcept;

 private:
  // A /22, /20 or /18. What is looked up, the mean, stands by itself, so that many of them share a line.
  struct Small {
    uint8_t highest;
    uint8_t active;
  };
  struct Large {
    uint8_t highest;
    uint32_t active;
    uint32_t sum;  // of the scores, exactly
  };
  // Where the scores of one length stand.
  struct Level {
    const uint8_t* scores = nullptr;
    uint32_t shift = 0;  // of addresses
  };

  HeatTable();
  void BuildBlock(uint32_t block) noexcept;
  void BuildLarge() noexcept;

  HugeArray<uint8_t> cells_;
  HugeArray<Small> small_;  // /22s, /20s, /18s
  HugeArray<uint8_t> small_means_;
  std::vector<Large> large_;  // /2s to /16s
  std::vector<uint8_t> large_means_;
  std::array<Level, 13> levels_;  // by half their length
};

}  // namespace rblitz
