// The immutable table of digests (MD5, SHA-1, SHA-256): digest -> ValueId, exact: every digest is stored whole.
//
// One part for each size of digest: the digests themselves, those of one bucket one after another, and an index of
// where each bucket begins. Which bucket is a seeded hash, because somebody who can get a digest of his choice listed
// must not fill one bucket.
//
// Thread-safety: const after HashBuilder::Build. Lookups never allocate, lock or fail.
// Cost: a line of the index and one or two of digests a lookup, prefetched in a batch; 17, 21 and 34 bytes a digest
// while all have one value, 4 more otherwise.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "tables/digest.h"
#include "tables/verdict.h"

namespace rblitz {

// What one stage of a batch leaves for the next: by question, its bucket, then where that begins and ends.
struct DigestCursor {
  std::array<uint32_t, kMaxBatch> begin;
  std::array<uint32_t, kMaxBatch> end;
};

class HashTable {
 public:
  HashTable(HashTable&&) noexcept;
  HashTable& operator=(HashTable&&) noexcept;
  ~HashTable();

  // The three stages of a batch of at most kMaxBatch digests; values[i] becomes the id of digests[i], kNotListed when
  // it is not listed. Callers that ask several tables run each stage over all of them before the next.
  void Prefetch(std::span<const Digest> digests, DigestCursor& cursor) const noexcept;
  void Locate(std::span<const Digest> digests, DigestCursor& cursor) const noexcept;
  void Find(std::span<const Digest> digests, const DigestCursor& cursor, ValueId* values) const noexcept;

  // All three stages.
  void LookupBatch(std::span<const Digest> digests, ValueId* values) const noexcept;
  [[nodiscard]] ValueId Lookup(const Digest& digest) const noexcept;
  // Whether it was listed or excluded.
  [[nodiscard]] bool Contains(const Digest& digest) const noexcept;

  // Distinct digests, excluded ones among them.
  [[nodiscard]] uint64_t entries() const noexcept;
  // Memory held, in bytes.
  [[nodiscard]] size_t bytes() const noexcept;

  struct Rep;  // tables/hash_rep.h, for the builder

 private:
  friend class HashBuilder;
  explicit HashTable(std::unique_ptr<Rep> rep) noexcept;
  std::unique_ptr<const Rep> rep_;
};

}  // namespace rblitz
