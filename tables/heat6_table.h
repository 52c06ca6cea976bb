// The heat of IPv6 networks: the scores of those of some lengths that something is known of. There are too many to have
// a place for each, so that those of a zone are hashed; its sources are joined when it is built.
//
// Thread-safety: const after Build. Lookups never allocate, lock or fail.
// Units: prefixes are the high half of an address, bits behind the length 0; scores 1 to 255.
// Cost: 32 to 64 bytes a network; a lookup reads one line for each length, or a few.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tables/heat_table.h"
#include "tables/ip6.h"

namespace rblitz {

inline constexpr std::array<uint8_t, 5> kHeat6Lengths = {32, 40, 48, 56, 64};

[[nodiscard]] constexpr bool IsHeat6Length(unsigned length) noexcept {
  return length >= 32 && length <= 64 && length % 8 == 0;
}
// The place of a length among kHeat6Lengths. REQUIRES: IsHeat6Length(length).
[[nodiscard]] constexpr size_t Heat6Index(unsigned length) noexcept { return length / 8 - 4; }

// What a source has: by length, each network once, by address.
struct Heat6Networks {
  struct One {
    uint64_t prefix = 0;
    uint8_t score = 0;

    bool operator==(const One&) const = default;
  };
  std::array<std::vector<One>, kHeat6Lengths.size()> of_length;

  [[nodiscard]] uint64_t count() const noexcept;
  [[nodiscard]] size_t bytes() const noexcept;
};

[[nodiscard]] HeatChange CompareHeat(const Heat6Networks& before, const Heat6Networks& after);

class Heat6Table {
 public:
  [[nodiscard]] static Heat6Table Build(std::span<const Heat6Networks* const> sources, HeatJoin join = HeatJoin::kMax);

  // 0: nothing is known. REQUIRES: IsHeat6Length(length).
  [[nodiscard]] uint8_t Score(const Ip6Address& address, unsigned length) const noexcept;
  // The first of `lengths` at which the address has `least` or more; length 0: none. REQUIRES: least is not 0.
  [[nodiscard]] HeatHit Lookup(const Ip6Address& address, std::span<const uint8_t> lengths,
                               uint8_t least) const noexcept;
  // Fetches what Lookup will read.
  void Prefetch(const Ip6Address& address, std::span<const uint8_t> lengths) const noexcept;

  [[nodiscard]] bool empty() const noexcept;
  [[nodiscard]] size_t bytes() const noexcept;
  // All networks of kHeat6Lengths[index], in no order that means anything, and free places between them, whose score is
  // 0.
  [[nodiscard]] std::span<const Heat6Networks::One> slots(size_t index) const noexcept { return slots_[index]; }

 private:
  // Open addressing, a power of two of slots, at most half of them used; score 0: free.
  using Slots = std::vector<Heat6Networks::One>;

  [[nodiscard]] static size_t SlotOf(const Slots& slots, uint64_t prefix, unsigned length) noexcept;

  std::array<Slots, kHeat6Lengths.size()> slots_;  // empty: no network of that length
};

}  // namespace rblitz
