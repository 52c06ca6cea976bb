// The lines of a text that a command of heat is given: a file, compressed (gzip, zstd) or not, a pipe, or standard
// input, "-". Unlike a feed a file may grow while it is read, as logs do: what is there when its end is reached counts.
//
// Thread-safety: pure but for the file. Errors: name the file. Cost: memory for a block of lines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tables/result.h"

namespace rblitz {

struct PlacedLine {
  std::string_view text;      // without its end; kBlockSlack bytes behind it may be read (loaders/line_reader.h)
  uint64_t number = 0;        // from 1
  const char* bad = nullptr;  // why the line is not kept; then there is no text
};

// Gives each line to `take`, until that fails.
[[nodiscard]] Status EachLine(const std::string& path, const std::function<Status(const PlacedLine&)>& take);

// The name for messages.
[[nodiscard]] std::string InputName(const std::string& path);

}  // namespace rblitz
