// The lines of a text file, one by one: what the load generator's files have in common.
//
// Thread-safety: one thread. Errors: "FILE: why", or "FILE:LINE: why" for the first ten bad lines, one below the other.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tables/result.h"

namespace rblitz::blast {

// Calls `take` with each line that is neither empty nor a comment (# or ;), without blanks at its ends. Any line that
// it refuses makes the whole fail, once all have been looked at.
[[nodiscard]] Status ReadLines(const std::string& path, const std::function<Status(std::string_view line)>& take);

}  // namespace rblitz::blast
