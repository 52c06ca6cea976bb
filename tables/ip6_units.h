// The fine part of an Ip6Table: a quotiented map from /64s to codes, one cache line a probe and exact.
//
// A seeded bijection permutes the high half of an address. With n buckets the bucket is the permuted key times n,
// divided by 2^64: each bucket owns one contiguous interval of permuted keys. A few such intervals are narrower than
// some 2^t, so the low t bits (the tag) tell apart all keys that can meet in a bucket.
//
// A bucket is 64 bytes. Packed: eight words, each with tag, code and one bit of a filter. Wide, where tag and code do
// not fit into 63 bits (small maps, large codes): five whole keys, five codes and a filter of 32 bits. Keys of a full
// bucket go on to the next ones and set the filter's bit for their tag in every bucket that they pass, so that a key
// that is not there seldom costs a second line. The few for which none of the next buckets has room are stragglers, in
// a sorted array.
//
// Invariants: (1) a key stands at most kMaxDisplacement buckets behind its own, and (kMaxDisplacement + 1) intervals
// are narrower than the tag's range; (2) slots are filled from the first on, and an unused one is all zero, code
// included: code 0 is "not there"; (3) every bucket that a key passed is full and has its filter bit.
//
// Thread-safety: const after Finish. Cost: 10.7 bytes a key packed, 18 wide. Source: Cleary 1984 (quotienting).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tables/huge_array.h"

namespace rblitz {

// Mixes the bits of a key; a bijection for every seed. Source: Stafford's variant 13 of MurmurHash3's finalizer.
class Ip6Permutation {
 public:
  explicit Ip6Permutation(uint64_t seed) noexcept : first_(seed), second_(seed * 0x9e3779b97f4a7c15u) {}

  [[nodiscard]] uint64_t operator()(uint64_t key) const noexcept {
    uint64_t x = key ^ first_;
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= second_;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 31;
  }

 private:
  uint64_t first_;
  uint64_t second_;
};

class Ip6Units {
 public:
  static constexpr size_t kMaxCount = 64;

  Ip6Units() = default;
  // Room for `count` keys whose codes are 1 to `max_code`.
  Ip6Units(uint64_t count, uint32_t max_code);

  // REQUIRES: each key once; `count` of them at most; Finish after the last.
  void Insert(uint64_t permuted, uint32_t code);
  void Finish();

  [[nodiscard]] bool empty() const noexcept { return buckets_ == 0; }
  // Harmless when empty.
  void Prefetch(uint64_t permuted) const noexcept { __builtin_prefetch(LineAt(BucketOf(permuted)), 0, 3); }
  // For i < count <= kMaxCount: the code of the key permuted[i], or 0.
  void Find(const uint64_t* permuted, size_t count, uint32_t* codes) const noexcept;

  [[nodiscard]] size_t bytes() const noexcept {
    return lines_.bytes() + stragglers_.capacity() * sizeof(stragglers_[0]);
  }
  [[nodiscard]] size_t stragglers() const noexcept { return stragglers_.size(); }

 private:
  static constexpr size_t kWords = 8;  // of a line
  static constexpr uint64_t kMaxDisplacement = 7;

  struct Packed;
  struct Wide;

  template <class Layout>
  void InsertAs(uint64_t permuted, uint32_t code);
  template <class Layout>
  void FindAs(const uint64_t* permuted, size_t count, uint32_t* codes) const noexcept;
  template <class Layout>
  [[nodiscard]] uint32_t FindFurther(uint64_t permuted) const noexcept;

  [[nodiscard]] uint64_t BucketOf(uint64_t permuted) const noexcept {
    __extension__ using Product = unsigned __int128;
    return static_cast<uint64_t>(Product{permuted} * buckets_ >> 64);
  }
  [[nodiscard]] const uint64_t* LineAt(uint64_t bucket) const noexcept { return lines_.data() + bucket * kWords; }

  HugeArray<uint64_t> lines_;  // buckets_ + kMaxDisplacement buckets
  uint64_t buckets_ = 0;
  unsigned tag_bits_ = 64;  // 64: wide
  std::vector<std::pair<uint64_t, uint32_t>> stragglers_;
};

}  // namespace rblitz
