// Seeded 64-bit hashing of a name's labels, one after another from the right: each with the hash of the rest of the
// name as parent. Of the process's seed, as tables/hash.h: nobody outside can tell which names collide.
//
// A label is a length byte and that many bytes. Of each but the last 16 of them the state takes the folded 128-bit
// product; the last 16, with zeros behind the label, are multiplied to 128 bits, those mixed with the parent, and
// multiplied and folded once more. Only this last step waits for the parent's hash.
//
// Thread-safety: pure. Cost: 15 instructions for up to 15 letters, no branch on their number, no call.
// Source: multiply and fold as in wyhash and XXH3; all constants are drawn from the seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tables/hash.h"
#include "tables/vectors.h"

namespace rblitz {

// Bytes behind a label that are read, whatever they are.
inline constexpr size_t kLabelSlack = 15;

struct LabelKey {
  uint64_t root;  // the hash of no label
  uint64_t state;
  uint64_t odd;
  uint64_t last;

  [[nodiscard]] static LabelKey Of(uint64_t seed) noexcept;
};

// ProcessSeed()'s.
[[nodiscard]] inline const LabelKey& ProcessLabelKey() noexcept {
  static const LabelKey key = LabelKey::Of(ProcessSeed());
  return key;
}

__extension__ using Product = unsigned __int128;  // of two words

[[nodiscard]] inline uint64_t Folded(Product product) noexcept {
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Takes all but the last block of a label of several blocks into the state; `label` and `size` become those of the
// last.
inline constexpr size_t kLabelBlock = kVectorSize;
[[nodiscard]] uint64_t HashLongLabel(const uint8_t*& label, size_t& size, const LabelKey& key) noexcept;

// REQUIRES: `label` points to a length byte, that many bytes and kLabelSlack that can be read.
[[nodiscard]] inline uint64_t HashLabel(const uint8_t* label, uint64_t parent, const LabelKey& key) noexcept {
  alignas(2 * kLabelBlock) static constexpr uint8_t kMask[2 * kLabelBlock] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                                              255, 255, 255, 255, 255, 255, 255, 255};
  size_t size = size_t{*label} + 1;
  uint64_t state = key.state;
  if (size > kLabelBlock) [[unlikely]]
    state = HashLongLabel(label, size, key);
  const U64x2 block = LoadVector<U64x2>(label) & LoadVector<U64x2>(kMask + kLabelBlock - size);
  const Product product = Product{block[0] ^ state} * (block[1] ^ key.odd);
  const uint64_t mixed = static_cast<uint64_t>(product) ^ parent;
  return Folded(Product{mixed} * (static_cast<uint64_t>(product >> 64) ^ key.last));
}

}  // namespace rblitz
