// What an Ip6Table holds; shared by its lookups (ip6_table.cc) and its builder (ip6_builder.cc).
#pragma once

#include <cstdint>
#include <vector>

#include "tables/ip6_ranges.h"
#include "tables/ip6_table.h"
#include "tables/ip6_units.h"

namespace rblitz {

static_assert(kMaxBatch <= Ip6Units::kMaxCount && kMaxBatch <= Ip6Ranges::kMaxCount);

// A piece of a /64 whose addresses differ, four to a cache line. The pieces of one /64 stand together, in order; the
// first begins at 0, which need not be said: it says how many there are.
struct alignas(16) Ip6Inner {
  uint64_t first_or_count;
  Ip6Decision decision;
};
static_assert(sizeof(Ip6Inner) == 16);

struct Ip6Table::Rep {
  explicit Rep(uint64_t seed) : permute(seed) {}

  Ip6Permutation permute;
  // Codes: 0 not there; 1 to `values`: a whole /64 with the value code - 1, by an entry for just this /64; above: its
  // first piece is inner[code - 1 - values].
  Ip6Units units;
  uint32_t values = 0;
  HugeArray<Ip6Inner> inner;
  Ip6Ranges ranges;

  uint64_t entries = 0;

  // Seeded hashes of the keys that `units` does not show, sorted: all but those of /64s with one value. Only compared
  // with the next build (BuildReport). With a million of them a count is one off in one build of 18 million.
  std::vector<uint64_t> hidden_keys;

  [[nodiscard]] bool IsInner(uint32_t code) const noexcept { return code > values; }
  [[nodiscard]] const Ip6Inner* InnerOf(uint32_t code) const noexcept { return inner.data() + (code - 1 - values); }
  [[nodiscard]] static Ip6Decision DecisionIn(const Ip6Inner* pieces, uint64_t low) noexcept;
};

}  // namespace rblitz
