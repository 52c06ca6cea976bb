#include "tables/heat_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <functional>
#include <utility>

#include "tables/vectors.h"
#include "tables/verdict.h"

namespace rblitz {

namespace {

constexpr unsigned kChildren = 4;

// To the nearest, and never to 0 what is known.
uint8_t Mean(uint32_t sum, uint32_t cells) noexcept {
  const uint32_t mean = (sum + cells / 2) / cells;
  return static_cast<uint8_t>(std::max<uint32_t>(mean, sum > 0));
}

// Bit i: byte i of a record is at least so much.
uint32_t MaskOfLeast(const uint8_t* record, uint8_t least) noexcept {
  const auto enough = All<U8x16>(least);
  const auto low = LoadAligned<U8x16>(record), high = LoadAligned<U8x16>(record + kVectorSize);
  return MaskOf(reinterpret_cast<U8x16>(low >= enough)) | MaskOf(reinterpret_cast<U8x16>(high >= enough))
                                                              << kVectorSize;
}

void JoinBlock(const HeatCells::Block& source, HeatJoin join, HeatCells::Block* cells) noexcept {
  if (join == HeatJoin::kMax) {
    for (size_t i = 0; i < kCellsInBlock; ++i) (*cells)[i] = std::max((*cells)[i], source[i]);
  } else {
    for (size_t i = 0; i < kCellsInBlock; ++i) {
      (*cells)[i] = static_cast<uint8_t>(std::min(255, int{(*cells)[i]} + int{source[i]}));
    }
  }
}

}  // namespace

constexpr std::array<uint8_t, HeatTable::kRecordSize> HeatTable::LengthsOfPlaces() noexcept {
  std::array<uint8_t, kRecordSize> lengths{};
  for (unsigned length = kLargest; length <= kFoot; length += 2) {
    const Places places = kPlaces[(kFoot - length) / 2];
    for (size_t i = 0; i <= places.mask; ++i) lengths[places.first + i] = static_cast<uint8_t>(length);
  }
  return lengths;
}

HeatLevels::HeatLevels(std::span<const uint8_t> lengths, uint8_t least) : least_(least) {
  assert(least > 0 && std::ranges::all_of(lengths, IsHeatLength) && std::ranges::is_sorted(lengths, std::greater()));
  for (const uint8_t length : lengths) {
    if (length < HeatTable::kLargest) {
      larger_.push_back(length);
      continue;
    }
    for (uint32_t cell = 0; cell < places_.size(); ++cell) {
      places_[cell] |= uint32_t{1} << HeatTable::PlaceOf(cell << (32 - HeatTable::kFoot), length);
    }
  }
}

HeatTable::HeatTable()
    : records_((size_t{1} << (32 - kRecordBits)) * kRecordSize),
      large_(LargeAt(0, kLargest + 2)),
      large_means_(LargeAt(0, kLargest)) {}

HeatTable HeatTable::Build(std::span<const HeatCells* const> sources, HeatJoin join) {
  HeatTable table;
  HeatCells::Block joined{};
  std::vector<uint32_t> sums(kHeatBlocks);
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    const HeatCells::Block* cells = nullptr;  // of the only source that has it, or `joined`
    for (const HeatCells* source : sources) {
      const HeatCells::Block* const given = source->block(block);
      if (given == nullptr) continue;
      if (cells == nullptr) {
        cells = given;
        continue;
      }
      if (cells != &joined) joined = *cells;
      JoinBlock(*given, join, &joined);
      cells = &joined;
    }
    if (cells != nullptr) sums[block] = table.BuildBlock(block, *cells);
  }
  table.BuildLarge(std::move(sums));
  return table;
}

// The records of a /16, and what is known of it as a whole.
uint32_t HeatTable::BuildBlock(uint32_t block, const HeatCells::Block& cells) noexcept {
  const uint32_t address = block << (32 - kLargest);
  uint8_t* const records = &records_[size_t{address >> kRecordBits} * kRecordSize];
  static_assert(kHeatBlocks == uint32_t{1} << kLargest);
  constexpr size_t kRecords = size_t{1} << (32 - kLargest - kRecordBits);
  constexpr size_t kCellsInRecord = kCellsInBlock / kRecords;
  for (size_t i = 0; i < kRecords; ++i) {
    std::copy_n(&cells[i * kCellsInRecord], kCellsInRecord, records + i * kRecordSize);
  }
  std::array<uint32_t, kCellsInBlock> sums;  // NOLINT(cppcoreguidelines-pro-type-member-init): written first
  std::ranges::copy(cells, sums.begin());
  size_t count = kCellsInBlock;
  for (unsigned length = kFoot - 2; length >= kLargest; length -= 2) {
    count /= kChildren;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t* const of = &sums[kChildren * i];
      sums[i] = of[0] + of[1] + of[2] + of[3];
      // In the record that it is in, or in all that are in it.
      const uint8_t mean = Mean(sums[i], 1u << (kFoot - length));
      const size_t begin = i << (32 - length);
      const size_t end = (i + 1) << (32 - length);
      const size_t place = PlaceOf(static_cast<uint32_t>(begin), length);
      for (size_t r = begin >> kRecordBits; r << kRecordBits < end; ++r) records[r * kRecordSize + place] = mean;
    }
  }
  large_[LargeAt(address, kLargest)] = {.highest = std::ranges::max(cells),
                                        .active = kCellsInBlock - static_cast<uint32_t>(std::ranges::count(cells, 0))};
  return sums[0];
}

void HeatTable::BuildLarge(std::vector<uint32_t> sums) noexcept {
  for (unsigned length = kLargest - 2; length >= 2; length -= 2) {
    for (size_t i = 0; i < size_t{1} << length; ++i) {
      const Large* const of = &large_[LargeAt(0, length + 2) + kChildren * i];
      Large& node = large_[LargeAt(0, length) + i];
      uint32_t sum = 0;  // 2^22 cells of 255 are far from 2^32
      for (size_t child = 0; child < kChildren; ++child) {
        sum += sums[kChildren * i + child];
        node.highest = std::max(node.highest, of[child].highest);
        node.active += of[child].active;
      }
      sums[i] = sum;
      large_means_[LargeAt(0, length) + i] = Mean(sum, 1u << (kFoot - length));
    }
  }
  for (size_t i = 0; i < kChildren; ++i) sum_ += sums[i];
}

HeatNode HeatTable::Node(uint32_t address, unsigned length) const noexcept {
  assert(IsHeatLength(length));
  HeatNode node{.mean = Score(address, length)};
  if (length <= kLargest) {
    const Large& large = large_[LargeAt(address, length)];
    node.highest = large.highest;
    node.active = large.active;
    return node;
  }
  const uint32_t first = address >> (32 - length) << (kFoot - length);
  for (uint32_t cell = first; cell < first + (1u << (kFoot - length)); ++cell) {
    const uint8_t score = Score(cell << (32 - kFoot), kFoot);
    node.highest = std::max(node.highest, score);
    node.active += score > 0;
  }
  return node;
}

HeatNode HeatTable::Root() const noexcept {
  HeatNode root{.mean = static_cast<uint8_t>(std::max<uint64_t>((sum_ + kHeatCells / 2) / kHeatCells, sum_ > 0))};
  for (size_t i = 0; i < kChildren; ++i) {
    root.highest = std::max(root.highest, large_[i].highest);
    root.active += large_[i].active;
  }
  return root;
}

void HeatTable::LookupBatch(std::span<const uint32_t> addresses, const HeatLevels& levels,
                            HeatHit* hits) const noexcept {
  static constexpr auto kLengths = LengthsOfPlaces();
  assert(addresses.size() <= kMaxBatch);
  if (levels.has_any_in_record()) {
    for (const uint32_t address : addresses) __builtin_prefetch(RecordOf(address));
    // No branch: which level answers is as good as random.
    for (size_t i = 0; i < addresses.size(); ++i) {
      const uint8_t* const record = RecordOf(addresses[i]);
      const uint32_t hot = MaskOfLeast(record, levels.least_) & levels.places_[addresses[i] >> (32 - kFoot) & 15];
      const auto place = static_cast<size_t>(std::countr_zero(hot | uint32_t{1} << kNowhere));
      hits[i] = {.length = kLengths[place], .score = record[place]};
    }
  } else {
    std::fill_n(hits, addresses.size(), HeatHit{});
  }
  for (const uint8_t length : levels.larger_) {
    const uint8_t* const scores = &large_means_[LargeAt(0, length)];
    for (size_t i = 0; i < addresses.size(); ++i) {
      const uint8_t score = scores[addresses[i] >> (32 - length)];
      const bool answers = (hits[i].length == 0) & (score >= levels.least_);
      const auto mask = static_cast<uint8_t>(-int{answers});  // a conditional would become a branch
      hits[i].length |= length & mask;
      hits[i].score |= score & mask;
    }
  }
}

HeatHit HeatTable::Lookup(uint32_t address, const HeatLevels& levels) const noexcept {
  HeatHit hit;
  LookupBatch({&address, 1}, levels, &hit);
  return hit;
}

size_t HeatTable::bytes() const noexcept {
  return records_.bytes() + large_.capacity() * sizeof(Large) + large_means_.capacity();
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
