// Reads a journal or a snapshot of the greylist (loaders/grey_format.h) from beginning to end.
//
// Thread-safety: pure but for reading, and for the second name of a damaged file. Errors: with the file's name; what is
// wrong with single blocks is in the result. Cost: a buffer of 8 MiB.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "loaders/grey_format.h"
#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

// Called with the rows of a block.
using TakeGreyRows = std::function<void(std::span<const TripletRow>)>;

struct GreyFileRead {
  GreyHeader header;
  uint64_t rows = 0;
  uint64_t bytes = 0;      // that are whole, or were skipped within
  uint64_t cut_bytes = 0;  // that rows could not be taken from
  std::string note;        // what was wrong; empty: nothing
};

[[nodiscard]] Result<GreyHeader> ReadGreyHeader(const std::string& path);

// A damaged block is skipped where the next one's beginning is known; else what follows is left out. `is_last`: of the
// journals, so that a write that was stopped is expected. A file with other damage stays under its name and .damaged.
[[nodiscard]] Result<GreyFileRead> ReadGreyFile(const std::string& path, bool is_last, const TakeGreyRows& take);

}  // namespace rblitz
