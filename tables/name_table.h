// The immutable table of domain names: name -> ValueId, by rbldnsd's rules for dnset.
//
// An entry is for a name itself, for all names below it, or for both, and lists or excludes. The entry for the very
// name decides; without one, of the entries for what is below a name the longest that fits. All values that one name
// was given at the deciding place are answered, unless it was excluded there too. The apex is never listed.
//
// No text is kept: a name is known by a seeded 64-bit fingerprint (tables/fingerprints.h), which leads to one of the
// few different nodes that a list has. Every name above an entry is kept as well, so that it is known when something
// lies below a name (RFC 8020).
//
// Odds: an unlisted name is taken for a listed one with a probability of about (entries and names above them) / 2^64
// for each suffix that is probed: docs/tables.md.
//
// Thread-safety: const after NameBuilder::Build. Lookups never allocate, lock or fail.
// Cost: a cache line for the name itself and one for each depth at which the table has entries for what is below; in a
// batch only as far down as the table has names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "tables/build_report.h"
#include "tables/hashed_name.h"
#include "tables/verdict.h"

namespace rblitz {

struct NameMatch {
  ValueId value = kNotListed;
  // Where the matched entry's name begins in the name that was asked for: rbldnsd's `$`.
  uint8_t offset = 0;
  // Something is listed below the name. Told of names that are not listed or have an entry of their own; what is listed
  // from above (offset is not 0) has that below it, whatever this says.
  bool below = false;

  bool operator==(const NameMatch&) const = default;
};

class NameTable {
 public:
  NameTable(NameTable&&) noexcept;
  NameTable& operator=(NameTable&&) noexcept;
  ~NameTable();

  // The two stages of a batch of at most kMaxBatch names. Callers that ask several tables prefetch from all of them
  // first; best some names at a time, while they hash the next ones.
  void Prefetch(std::span<const HashedName> names) const noexcept;
  void Find(std::span<const HashedName> names, NameMatch* matches) const noexcept;

  // Hashing and both stages, of one name.
  [[nodiscard]] NameMatch Lookup(std::span<const uint8_t> name) const noexcept;

  // The entry for the very name, which is all that the test points of RFC 5782 obey.
  [[nodiscard]] ExactEntry Exact(std::span<const uint8_t> name) const noexcept;

  // What was loaded: distinct names, apart by what they are for (themselves, what is below, both); exclusions among
  // them.
  [[nodiscard]] uint64_t entries() const noexcept;
  // Names kept: those of entries, and those above them.
  [[nodiscard]] uint64_t names() const noexcept;
  // Memory held, in bytes.
  [[nodiscard]] size_t bytes() const noexcept;

  struct Rep;  // tables/name_rep.h, for the builder

 private:
  friend class NameBuilder;
  explicit NameTable(std::unique_ptr<Rep> rep) noexcept;
  std::unique_ptr<const Rep> rep_;
};

}  // namespace rblitz
