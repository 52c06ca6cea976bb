#include "tables/heat_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "tables/verdict.h"

namespace rblitz {

namespace {

constexpr unsigned kBlockLength = 16;
constexpr unsigned kFoot = 24;
constexpr unsigned kChildren = 4;

// Where the nodes of a length begin in an array of several.
constexpr size_t SmallAt(unsigned length) {
  size_t at = 0;
  for (unsigned before = 22; before > length; before -= 2) at += size_t{1} << before;
  return at;
}
constexpr size_t LargeAt(unsigned length) {
  size_t at = 0;
  for (unsigned before = 2; before < length; before += 2) at += size_t{1} << before;
  return at;
}

// To the nearest, and never to 0 what is known.
uint8_t Mean(uint32_t sum, uint32_t cells) noexcept {
  const uint32_t mean = (sum + cells / 2) / cells;
  return static_cast<uint8_t>(std::max<uint32_t>(mean, sum > 0));
}

void JoinBlock(const HeatCells::Block& source, HeatJoin join, uint8_t* cells) noexcept {
  if (join == HeatJoin::kMax) {
    for (size_t i = 0; i < kCellsInBlock; ++i) cells[i] = std::max(cells[i], source[i]);
  } else {
    for (size_t i = 0; i < kCellsInBlock; ++i) {
      cells[i] = static_cast<uint8_t>(std::min(255, int{cells[i]} + int{source[i]}));
    }
  }
}

}  // namespace

HeatTable::HeatTable()
    : cells_(kHeatCells),
      small_(SmallAt(kBlockLength)),
      small_means_(SmallAt(kBlockLength)),
      large_(LargeAt(kBlockLength + 2)),
      large_means_(LargeAt(kBlockLength + 2)) {
  for (unsigned length = 2; length <= kFoot; length += 2) {
    Level& level = levels_[length / 2];
    level.shift = 32 - length;
    if (length == kFoot) {
      level.scores = cells_.data();
    } else if (length > kBlockLength) {
      level.scores = small_means_.data() + SmallAt(length);
    } else {
      level.scores = large_means_.data() + LargeAt(length);
    }
  }
}

HeatTable HeatTable::Build(std::span<const HeatCells* const> sources, HeatJoin join) {
  HeatTable table;
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    uint8_t* const cells = table.cells_.data() + size_t{block} * kCellsInBlock;
    bool any = false;
    for (const HeatCells* source : sources) {
      const HeatCells::Block* const given = source->block(block);
      if (given == nullptr) continue;
      // Nothing is there yet: both ways of joining copy.
      if (any) {
        JoinBlock(*given, join, cells);
      } else {
        std::memcpy(cells, given->data(), kCellsInBlock);
      }
      any = true;
    }
    if (any) table.BuildBlock(block);
  }
  table.BuildLarge();
  return table;
}

// What stands above the cells of a /16.
void HeatTable::BuildBlock(uint32_t block) noexcept {
  struct Sum {
    uint32_t sum;
    uint8_t highest;
    uint8_t active;
  };
  Sum sums[kCellsInBlock / kChildren];
  const uint8_t* cell = cells_.data() + size_t{block} * kCellsInBlock;
  for (Sum& four : sums) {
    four.sum = uint32_t{cell[0]} + cell[1] + cell[2] + cell[3];
    four.highest = std::max(std::max(cell[0], cell[1]), std::max(cell[2], cell[3]));
    four.active = static_cast<uint8_t>((cell[0] != 0) + (cell[1] != 0) + (cell[2] != 0) + (cell[3] != 0));
    cell += kChildren;
  }
  size_t count = std::size(sums);
  for (unsigned length = 22; length > kBlockLength; length -= 2) {
    const size_t first = SmallAt(length) + size_t{block} * count;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t cells = 1u << (kFoot - length);
      small_[first + i] = {.highest = sums[i].highest, .active = sums[i].active};
      small_means_[first + i] = Mean(sums[i].sum, cells);
    }
    if (count == kChildren) break;
    count /= kChildren;
    for (size_t i = 0; i < count; ++i) {
      const Sum* const of = &sums[kChildren * i];
      sums[i] = {.sum = of[0].sum + of[1].sum + of[2].sum + of[3].sum,
                 .highest = std::max(std::max(of[0].highest, of[1].highest), std::max(of[2].highest, of[3].highest)),
                 .active = static_cast<uint8_t>(of[0].active + of[1].active + of[2].active + of[3].active)};
    }
  }
  Large& whole = large_[LargeAt(kBlockLength) + block];
  whole = {};
  for (size_t i = 0; i < kChildren; ++i) {
    whole.sum += sums[i].sum;
    whole.highest = std::max(whole.highest, sums[i].highest);
    whole.active += sums[i].active;
  }
  large_means_[LargeAt(kBlockLength) + block] = Mean(whole.sum, kCellsInBlock);
}

void HeatTable::BuildLarge() noexcept {
  for (unsigned length = kBlockLength - 2; length >= 2; length -= 2) {
    for (size_t i = 0; i < size_t{1} << length; ++i) {
      const Large* const of = &large_[LargeAt(length + 2) + kChildren * i];
      Large& node = large_[LargeAt(length) + i];
      node = {};
      for (size_t child = 0; child < kChildren; ++child) {
        node.sum += of[child].sum;  // 2^22 cells of 255 are far from 2^32
        node.highest = std::max(node.highest, of[child].highest);
        node.active += of[child].active;
      }
      large_means_[LargeAt(length) + i] = Mean(node.sum, 1u << (kFoot - length));
    }
  }
}

HeatNode HeatTable::Node(uint32_t address, unsigned length) const noexcept {
  assert(IsHeatLength(length));
  const size_t at = address >> (32 - length);
  if (length == kFoot) {
    const uint8_t score = cells_[at];
    return {.highest = score, .mean = score, .active = score > 0};
  }
  if (length > kBlockLength) {
    const Small& node = small_[SmallAt(length) + at];
    return {.highest = node.highest, .mean = small_means_[SmallAt(length) + at], .active = node.active};
  }
  const Large& node = large_[LargeAt(length) + at];
  return {.highest = node.highest, .mean = large_means_[LargeAt(length) + at], .active = node.active};
}

HeatNode HeatTable::Root() const noexcept {
  HeatNode root;
  uint64_t sum = 0;
  for (size_t i = 0; i < kChildren; ++i) {
    root.highest = std::max(root.highest, large_[i].highest);
    root.active += large_[i].active;
    sum += large_[i].sum;
  }
  root.mean = static_cast<uint8_t>(std::max<uint64_t>((sum + kHeatCells / 2) / kHeatCells, sum > 0));
  return root;
}

void HeatTable::LookupBatch(std::span<const uint32_t> addresses, std::span<const uint8_t> lengths, uint8_t least,
                            HeatHit* hits) const noexcept {
  assert(addresses.size() <= kMaxBatch && least > 0);
  for (const uint8_t length : lengths) {
    const Level& level = levels_[length / 2];
    for (const uint32_t address : addresses) {
      __builtin_prefetch(level.scores + (address >> level.shift));
    }
  }
  std::fill_n(hits, addresses.size(), HeatHit{});
  // From the largest networks on: what is more specific has the last word. Selected, not branched for: which level
  // answers is as good as random.
  for (size_t l = lengths.size(); l > 0; --l) {
    const uint8_t length = lengths[l - 1];
    const Level level = levels_[length / 2];
    for (size_t i = 0; i < addresses.size(); ++i) {
      const uint8_t score = level.scores[addresses[i] >> level.shift];
      const bool answers = score >= least;
      hits[i].length = answers ? length : hits[i].length;
      hits[i].score = answers ? score : hits[i].score;
    }
  }
}

HeatHit HeatTable::Lookup(uint32_t address, std::span<const uint8_t> lengths, uint8_t least) const noexcept {
  HeatHit hit;
  LookupBatch({&address, 1}, lengths, least, &hit);
  return hit;
}

size_t HeatTable::bytes() const noexcept {
  return cells_.bytes() + small_.bytes() + small_means_.bytes() + large_.capacity() * sizeof(Large) +
         large_means_.capacity();
}

HeatChange CompareHeat(const HeatCells& before, const HeatCells& after) noexcept {
  static constexpr HeatCells::Block kNothing{};
  HeatChange change;
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    const HeatCells::Block* const old_block = before.block(block);
    const HeatCells::Block* const new_block = after.block(block);
    if (old_block == nullptr && new_block == nullptr) continue;
    const HeatCells::Block& was = old_block != nullptr ? *old_block : kNothing;
    const HeatCells::Block& is = new_block != nullptr ? *new_block : kNothing;
    for (size_t i = 0; i < kCellsInBlock; ++i) {
      change.added += (was[i] == 0) & (is[i] != 0);
      change.removed += (was[i] != 0) & (is[i] == 0);
      change.changed += (was[i] != 0) & (is[i] != 0) & (was[i] != is[i]);
    }
  }
  return change;
}

}  // namespace rblitz
