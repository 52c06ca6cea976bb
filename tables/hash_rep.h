// What a HashTable holds; shared by its lookups (hash_table.cc) and its builder (hash_builder.cc).
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "tables/hash.h"
#include "tables/hash_table.h"
#include "tables/huge_array.h"

namespace rblitz {

// Digests of one size.
struct DigestPart {
  static constexpr uint32_t kPerBucket = 4;  // on average

  size_t size = 0;  // of a digest
  uint32_t buckets = 0;
  uint32_t count = 0;
  HugeArray<uint32_t> index;   // by bucket, its first digest; one more than there are buckets
  HugeArray<uint8_t> digests;  // count times size
  HugeArray<ValueId> values;   // by digest; none when all have the one
  ValueId common = kNotListed;

  [[nodiscard]] uint32_t BucketOf(const uint8_t* digest) const noexcept {
    const uint64_t hash = Hash64(digest, size, ProcessSeed());
    return static_cast<uint32_t>((hash >> 32) * buckets >> 32);
  }
  [[nodiscard]] const uint8_t* at(uint32_t i) const noexcept { return digests.data() + size * i; }
  [[nodiscard]] ValueId ValueOf(uint32_t i) const noexcept { return values.size() == 0 ? common : values[i]; }
  // The digest's place among those from begin to end, or end.
  [[nodiscard]] uint32_t Find(const uint8_t* digest, uint32_t begin, uint32_t end) const noexcept {
    while (begin < end && std::memcmp(at(begin), digest, size) != 0) ++begin;
    return begin;
  }
};

struct HashTable::Rep {
  std::array<DigestPart, kDigestSizes.size()> parts;

  // Of digests of this size. REQUIRES: it is one of kDigestSizes.
  [[nodiscard]] const DigestPart& PartOf(size_t size) const noexcept {
    return parts[size == kDigestSizes[0] ? 0 : size == kDigestSizes[1] ? 1 : 2];
  }
};

}  // namespace rblitz
