// The immutable IPv4 table: address -> ValueId, for 0 to 4 billion listed addresses.
//
// Shape (docs/tables.md has pictures and bytes):
//  - up to kSmallPieces disjoint pieces: a sorted array, searched without branches;
//  - else a 2-bit map of the 256k /18s that stays in the core's own cache (nothing, single addresses only, look
//    further), a 2-bit map of the 16M /24s for those that must look further (nothing, single addresses, block), a /16
//    level that carries whole uniform /16s and the rank of each block, blocks for uniform and dense /24s, and a
//    quotiented table of single addresses: buckets of one cache line, chosen by the high bits of a seeded permutation
//    of the address, which then need only its low 16 bits.
//
// Thread-safety: const after Ip4Builder::Build. Lookups never allocate, lock or fail.
// Units: addresses are in host order.
// Cost: one read of the /18 map (64 KiB) and, where single addresses are near, one line of their table; near networks
// also one line of the /24 map (4 MiB). Source: quotienting after Cleary, "Compact hash tables using bidirectional
// linear probing", 1984.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "tables/verdict.h"

namespace rblitz {

// What one stage of a batch leaves for the next. The arrays are the caller's, with room for the batch. Bit i of a mask
// stands for addresses[i].
struct Ip4Cursor {
  uint32_t* permuted;     // where single addresses are looked for
  const uint8_t** lines;  // likewise: what Find reads
  uint64_t singles = 0;   // those that must be looked for among single addresses
  uint64_t furthers = 0;  // those that the /24 map must tell
};

// What decides for an address.
struct Ip4Match {
  ValueId value = kNotListed;
  uint8_t length = 0;  // of the prefix that lists it; 0 also where nothing does
};

class Ip4Table {
 public:
  Ip4Table(Ip4Table&&) noexcept;
  Ip4Table& operator=(Ip4Table&&) noexcept;
  ~Ip4Table();

  // The stages of a batch of at most kMaxBatch addresses. Callers that ask several tables run each stage over all
  // of them before the next, so that the memory of all is fetched at once.
  // values[i] becomes the id of addresses[i], kNotListed when it is not listed; Find has the last word.
  // After Sort the caller fetches cursor.lines, best with other work in between: prefetching one after another stalls.
  void Sort(std::span<const uint32_t> addresses, Ip4Cursor& cursor, ValueId* values) const noexcept;
  void Locate(std::span<const uint32_t> addresses, Ip4Cursor& cursor, ValueId* values) const noexcept;
  void Find(std::span<const uint32_t> addresses, const Ip4Cursor& cursor, ValueId* values) const noexcept;

  // Find in two steps, for callers that have other work for between them. The first returns those (bit i: addresses[i])
  // that the next line must tell, which is being fetched: of these the second has the last word.
  [[nodiscard]] uint64_t FindInLines(std::span<const uint32_t> addresses, const Ip4Cursor& cursor,
                                     ValueId* values) const noexcept;
  void FindBehind(const Ip4Cursor& cursor, uint64_t which, ValueId* values) const noexcept;

  // The same for addresses each of which asks a table of its own, tables[i]; lines are fetched already. Worth it where
  // every table has few of them: no kernel takes several at once.
  using Each = std::span<const Ip4Table* const>;
  static void SortEach(Each tables, std::span<const uint32_t> addresses, Ip4Cursor& cursor, ValueId* values) noexcept;
  static void LocateEach(Each tables, std::span<const uint32_t> addresses, Ip4Cursor& cursor, ValueId* values) noexcept;
  static void FindEach(Each tables, const Ip4Cursor& cursor, ValueId* values) noexcept;

  // All of them. LookupBatch takes at most kMaxBatch addresses; LookupMany any number, and asks for the lines of a
  // batch while it compares those of the one before.
  void LookupBatch(std::span<const uint32_t> addresses, ValueId* values) const noexcept;
  void LookupMany(std::span<const uint32_t> addresses, ValueId* values) const noexcept;
  [[nodiscard]] ValueId Lookup(uint32_t address) const noexcept;

  // Also which prefix decides: the first `length` bits of the address. REQUIRES: Ip4Builder::KeepLengths was called.
  [[nodiscard]] Ip4Match Match(uint32_t address) const noexcept;

  // Whether any address below prefix/length is listed, for length 8, 16 or 24: an empty non-terminal (RFC 8020).
  [[nodiscard]] bool AnyBelow(uint32_t prefix, unsigned length) const noexcept;

  // Calls visit(first, last, value) for pieces that are disjoint and together are all that is listed, in no order.
  // Cost: the whole table is read once.
  void Visit(const std::function<void(uint32_t first, uint32_t last, ValueId value)>& visit) const;

  // What was loaded: distinct networks, ranges and addresses, exclusions among them.
  [[nodiscard]] uint64_t entries() const noexcept;
  // Addresses listed. 0 to 2^32.
  [[nodiscard]] uint64_t addresses() const noexcept;
  // Memory held, in bytes.
  [[nodiscard]] size_t bytes() const noexcept;

  struct Rep;  // tables/ip4_rep.h, for those who build

 private:
  friend class Ip4Builder;
  friend class Ip4Union;
  explicit Ip4Table(std::unique_ptr<Rep> rep) noexcept;
  std::unique_ptr<const Rep> rep_;
};

}  // namespace rblitz
