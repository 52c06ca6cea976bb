// One number for each /24 of the IPv4 space, 0 where nothing is known: what a source of heat has. A block for each /16
// in use, so that a list of few networks is small and a map of all is little more than its numbers.
//
// Thread-safety: const once filled. Units: a cell is an address >> 8; a block a cell >> 8.
// Cost: 256 KiB and 256 numbers a /16 in use, 32 of which are allocated together. What is there stays where it is when
// more is added, so that no addition takes longer than some us.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace rblitz {

inline constexpr uint32_t kHeatCells = uint32_t{1} << 24;
inline constexpr uint32_t kHeatBlocks = uint32_t{1} << 16;
inline constexpr uint32_t kCellsInBlock = 256;

template <class T>
class CellBlocks {
 public:
  using Block = std::array<T, kCellsInBlock>;

  CellBlocks() : index_(kHeatBlocks) {}

  [[nodiscard]] T at(uint32_t cell) const noexcept {
    const uint32_t index = index_[cell / kCellsInBlock];
    return index == 0 ? T{} : At(index)[cell % kCellsInBlock];
  }
  // To be written to.
  [[nodiscard]] T& operator[](uint32_t cell) { return MutableBlock(cell / kCellsInBlock)[cell % kCellsInBlock]; }
  [[nodiscard]] Block& MutableBlock(uint32_t block) {
    uint32_t& index = index_[block];
    if (index == 0) {
      if (used_ == chunks_.size() * kBlocksInChunk) chunks_.emplace_back();
      index = static_cast<uint32_t>(++used_);
    }
    return chunks_[(index - 1) / kBlocksInChunk][(index - 1) % kBlocksInChunk];
  }
  // Fetches what `at` and `operator[]` will touch.
  void Prefetch(uint32_t cell) const noexcept {
    const uint32_t index = index_[cell / kCellsInBlock];
    if (index != 0) __builtin_prefetch(&At(index)[cell % kCellsInBlock], 1);
  }
  // Null: all of it is 0.
  [[nodiscard]] const Block* block(uint32_t block) const noexcept {
    const uint32_t index = index_[block];
    return index == 0 ? nullptr : &At(index);
  }

  // Cells that are not 0.
  [[nodiscard]] uint64_t active() const noexcept {
    uint64_t count = 0;
    for (const Chunk& chunk : chunks_) {
      for (const Block& block : chunk) {
        count += kCellsInBlock - static_cast<uint64_t>(std::count(block.begin(), block.end(), T{}));
      }
    }
    return count;
  }
  [[nodiscard]] size_t bytes() const noexcept {
    return index_.capacity() * sizeof(uint32_t) + chunks_.size() * sizeof(Chunk);
  }

 private:
  static constexpr size_t kBlocksInChunk = 32;
  using Chunk = std::array<Block, kBlocksInChunk>;

  [[nodiscard]] const Block& At(uint32_t index) const noexcept {
    return chunks_[(index - 1) / kBlocksInChunk][(index - 1) % kBlocksInChunk];
  }

  std::vector<uint32_t> index_;  // by block: its place among those in use, plus one; 0: none
  std::deque<Chunk> chunks_;     // a deque's elements stay
  size_t used_ = 0;              // blocks of the chunks
};

// Scores: 1 to 255, 0 where nothing is known.
using HeatCells = CellBlocks<uint8_t>;

// Cells that only one of two sources knows anything of, and those that both have with other scores.
struct HeatChange {
  uint64_t added = 0;
  uint64_t removed = 0;
  uint64_t changed = 0;
};
[[nodiscard]] HeatChange CompareHeat(const HeatCells& before, const HeatCells& after) noexcept;

}  // namespace rblitz
