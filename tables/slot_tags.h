// Sixteen tags of eight bits, one for each slot of a group: which slots may hold a key is one comparison. Of the
// greylist's table (triplet_slots.h), whose invariants say who may change which.
//
// Thread-safety: reads from any thread; a tag is changed by one thread at a time, different tags by several. Cost:
// sixteen bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tables/vectors.h"

namespace rblitz {

class SlotTags {
 public:
  static constexpr size_t kSize = 16;

  // Bit i: slot i has this tag. `order` is of the loads.
  [[nodiscard]] uint32_t Matches(uint32_t tag, std::memory_order order) const noexcept {
    const auto all = reinterpret_cast<U8x16>(U64x2{words_[0].load(order), words_[1].load(order)});
    return MaskOf(reinterpret_cast<U8x16>(all == All<U8x16>(static_cast<uint8_t>(tag))));
  }

  // REQUIRES: nobody else changes this tag meanwhile. What others do to the other tags of its word, xor leaves alone.
  // seq_cst: triplet_slots.h, invariant 3.
  void Set(size_t slot, uint32_t tag) noexcept {
    std::atomic<uint64_t>& word = words_[slot / kTagsPerWord];
    const size_t shift = slot % kTagsPerWord * 8;
    const uint64_t change = (word.load(std::memory_order_relaxed) >> shift & 0xff) ^ tag;
    if (change != 0) word.fetch_xor(change << shift, std::memory_order_seq_cst);
  }

 private:
  static constexpr size_t kTagsPerWord = 8;

  // The tag of slot i is byte i % 8, from the lowest, of word i / 8.
  std::atomic<uint64_t> words_[kSize / kTagsPerWord];
};

}  // namespace rblitz
