// The immutable IPv6 table: address -> ValueId by longest match, for any number of prefixes of any length.
//
// Shape (docs/tables.md has a picture and bytes), all precedence resolved by the builder:
//  - a /64 that has an entry of its own, or entries inside, stands in a quotiented map of /64s (ip6_units.h), which
//  says
//    its value, or where its pieces stand when it has several;
//  - what prefixes shorter than /64 say is a search tree of disjoint ranges (ip6_ranges.h), asked for the rest. Absent
//    when there are none.
//
// Thread-safety: const after Ip6Builder::Build. Lookups never allocate, lock or fail.
// Cost: one line of the map for a /64 that is listed whole, or for any other where nothing is shorter than /64; one
// more where addresses inside a /64 differ. Else the tree: its lines of all questions of a batch are fetched together.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "tables/ip6.h"
#include "tables/verdict.h"

namespace rblitz {

// What Locate leaves for Find. The array is the caller's, with room for the batch.
struct Ip6Cursor {
  uint64_t* permuted;  // the keys of the /64s
};

// What decides for an address.
struct Ip6Match {
  ValueId value = kNotListed;
  uint8_t length = 0;  // of the prefix that lists it; 0 also where nothing does
};

class Ip6Table {
 public:
  Ip6Table(Ip6Table&&) noexcept;
  Ip6Table& operator=(Ip6Table&&) noexcept;
  ~Ip6Table();

  // Fetches the line of the address's /64, which every lookup reads: best while the next question is read.
  void Prefetch(const Ip6Address& address) const noexcept;

  // The two stages of a batch of at most kMaxBatch addresses. Callers that ask several tables run each stage over all
  // of them before the next, so that the memory of all is fetched at once.
  void Locate(std::span<const Ip6Address> addresses, Ip6Cursor& cursor) const noexcept;
  // values[i] becomes the id of addresses[i], kNotListed when it is not listed.
  void Find(std::span<const Ip6Address> addresses, const Ip6Cursor& cursor, ValueId* values) const noexcept;

  // Both stages.
  void LookupBatch(std::span<const Ip6Address> addresses, ValueId* values) const noexcept;
  [[nodiscard]] ValueId Lookup(const Ip6Address& address) const noexcept;

  // Also which prefix decides: the first `length` bits of the address. Lists of networks answer with it.
  [[nodiscard]] Ip6Match Match(const Ip6Address& address) const noexcept;

  // What was loaded: distinct prefixes, exclusions among them.
  [[nodiscard]] uint64_t entries() const noexcept;
  // Memory held, in bytes.
  [[nodiscard]] size_t bytes() const noexcept;

  struct Rep;  // tables/ip6_rep.h, for the builder

 private:
  friend class Ip6Builder;
  explicit Ip6Table(std::unique_ptr<Rep> rep) noexcept;
  std::unique_ptr<const Rep> rep_;
};

}  // namespace rblitz
