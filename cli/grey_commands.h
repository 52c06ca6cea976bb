// What `rblitz grey` does: asks the server's greylists, changes them, moves their rows, and joins stores on the disk.
//
// Thread-safety: one thread. Errors: to `err` as "rblitz: grey ACTION: why".
#pragma once

#include <istream>
#include <ostream>

#include "cli/options.h"

namespace rblitz {

struct GreyStreams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool shows_progress = false;  // on err
};

// Returns the exit code.
[[nodiscard]] int RunGrey(const CommandOptions& options, const GreyStreams& streams);

}  // namespace rblitz
