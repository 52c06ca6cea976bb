// `rblitz grey merge`: two stores of greylists become one, with no server on them.
//
// The rows of both are joined (tables/triplet_row.h): which is named first makes no difference, and merging once more
// changes nothing. What is expired is left out before. The result is written as a snapshot that takes the place of what
// was there at once: a merge that is killed has changed nothing, or is done.
//
// Thread-safety: one thread; as root, the whole process acts as the owner of a store's folder while it writes there, so
// that the server can use what it wrote. Errors: what is no store, one that a server has, one whose files cannot be
// read or written. Cost: 48 bytes a row of both.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

struct GreyMerge {
  std::string a;
  std::string b;
  std::string into;  // empty: a
  TripletRules rules;
  uint32_t now = 0;
};

struct GreyMerged {
  uint64_t rows_a = 0;  // that are not expired
  uint64_t rows_b = 0;
  uint64_t rows = 0;               // of the result
  std::vector<std::string> notes;  // what could not be read of a file that was not whole
};

// Told now and then what is done and how many rows it has come to.
using GreyProgress = std::function<void(const std::string& what, uint64_t rows)>;

[[nodiscard]] Result<GreyMerged> MergeGreyStores(const GreyMerge& merge, const GreyProgress& progress = {});

}  // namespace rblitz
