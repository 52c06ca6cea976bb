// What a builder says of the entries that it was given, whatever kind of table it makes.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tables/verdict.h"

namespace rblitz {

inline constexpr size_t kWidestKept = 5;

// What became of the entries; compared with the table that was served before, by key (network, range or address).
struct BuildReport {
  uint64_t entries = 0;     // distinct keys
  uint64_t duplicates = 0;  // keys given again
  uint64_t added = 0;
  uint64_t removed = 0;
  // Of IPv4: the widest networks and ranges, first and last address, that the table served before did not have; at most
  // kWidestKept, widest first, in address order where equal. None without such a table.
  std::vector<std::pair<uint32_t, uint32_t>> widest_added;

  // Of different tables of one feed: at most one of them has anything wide.
  BuildReport& operator+=(const BuildReport& other) {
    entries += other.entries;
    duplicates += other.duplicates;
    added += other.added;
    removed += other.removed;
    if (widest_added.empty()) widest_added = other.widest_added;
    return *this;
  }
};

// An entry for exactly one address, which is all that RFC 5782's test points obey: nothing, its value, or excluded.
struct ExactEntry {
  bool present = false;
  ValueId value = kNotListed;
};

}  // namespace rblitz
