// What a builder says of the entries that it was given, whatever kind of table it makes.
#pragma once

#include <cstdint>

#include "tables/verdict.h"

namespace rblitz {

// What became of the entries; compared with the table that was served before, by key (network, range or address).
struct BuildReport {
  uint64_t entries = 0;     // distinct keys
  uint64_t duplicates = 0;  // keys given again
  uint64_t added = 0;
  uint64_t removed = 0;
};

// An entry for exactly one address, which is all that RFC 5782's test points obey: nothing, its value, or excluded.
struct ExactEntry {
  bool present = false;
  ValueId value = kNotListed;
};

}  // namespace rblitz
