// A quotiented map of 64-bit fingerprints to small numbers, one cache line a probe: the memory of a NameTable.
//
// With n buckets a fingerprint's own bucket is its upper half times n, divided by 2^32, and the bucket stores only its
// low bits (the tag), beside the number in one slot. A line holds 10 slots of 48 bits where that keeps all 64 bits of
// a fingerprint (the bucket says the high ones), else 7 of 64 bits. What a bucket has no room for goes on to the next
// one, round the end; a bucket that was passed has the bit tag % 32 of its `passed` word set.
//
// Odds: of a fingerprint that was not inserted a probe finds a number with a probability of at most slots / 2^tag bits,
// about 7.5 / 2^(48 - b) and 6.3 / 2^(64 - b) for numbers of b bits (docs/tables.md).
//
// Invariants: (1) no slot in use holds the number 0, and empty slots are 0; (2) an entry stands in its own bucket, or
// every bucket from there to where it stands is full and has its bit; (3) some bucket has no bit set, so that a walk
// ends.
//
// Thread-safety: const after Finish. Cost: 8.5 or 10.2 bytes an entry.
// Source: Cleary 1984 (quotienting).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tables/huge_array.h"

namespace rblitz {

class Fingerprints {
 public:
  static constexpr size_t kLine = 64;

  Fingerprints() = default;
  // Room for `count` fingerprints with numbers up to `max_number`.
  Fingerprints(uint64_t count, uint32_t max_number);

  // Fingerprints ascend from call to call, each once; `number` is not 0. Finish after the last.
  void Insert(uint64_t fingerprint, uint32_t number);
  void Finish();

  void Prefetch(uint64_t fingerprint) const noexcept { __builtin_prefetch(LineOf(BucketOf(fingerprint)), 0, 3); }
  // The number, or 0.
  [[nodiscard]] uint32_t Find(uint64_t fingerprint) const noexcept;
  // The same of at most kMaxBatch fingerprints, which were prefetched.
  void Find(std::span<const uint64_t> fingerprints, uint32_t* numbers) const noexcept;

  // Bits of a fingerprint that a slot stores.
  [[nodiscard]] unsigned tag_bits() const noexcept { return (narrow_ ? 48u : 64u) - number_bits_; }
  [[nodiscard]] size_t bytes() const noexcept { return lines_.size(); }

 private:
  struct Entry {
    uint64_t fingerprint;
    uint32_t number;
  };
  template <class Line>
  void Fill(size_t bucket);
  void FillLine(size_t bucket);
  struct Seen;
  template <class Line>
  [[nodiscard]] Seen SeeLine(uint64_t fingerprint) const noexcept;
  template <class Line>
  void FindAll(std::span<const uint64_t> fingerprints, uint32_t* numbers) const noexcept;
  template <class Line>
  [[nodiscard]] uint32_t FindFurther(uint64_t fingerprint) const noexcept;
  // The largest number that a slot can hold.
  [[nodiscard]] uint32_t numbers() const noexcept { return (1u << number_bits_) - 1u; }

  [[nodiscard]] size_t BucketOf(uint64_t fingerprint) const noexcept {
    return static_cast<size_t>((fingerprint >> 32) * buckets_ >> 32);
  }
  [[nodiscard]] size_t After(size_t bucket) const noexcept { return bucket + 1 == buckets_ ? 0 : bucket + 1; }
  [[nodiscard]] const uint8_t* LineOf(size_t bucket) const noexcept { return lines_.data() + bucket * kLine; }

  bool narrow_ = false;
  unsigned number_bits_ = 1;
  uint64_t buckets_ = 1;  // below 2^32
  HugeArray<uint8_t> lines_;

  // While it is filled.
  size_t filling_ = 0;          // the bucket that own_ belongs to
  std::vector<Entry> own_;      // that came for it
  std::vector<Entry> waiting_;  // had no room in the buckets before; first come, first served
};

}  // namespace rblitz
