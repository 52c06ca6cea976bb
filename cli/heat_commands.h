// What `rblitz heat` does: draws maps of heat, finds places on them, and shows what a server has
// (cli/heat_answers.h).
//
// Thread-safety: one thread. Errors: to `err` as "rblitz: heat ACTION: why".
#pragma once

#include <ostream>

#include "cli/options.h"

namespace rblitz {

struct HeatStreams {
  std::ostream& out;
  std::ostream& err;
};

// Returns the exit code.
[[nodiscard]] int RunHeat(const CommandOptions& options, const HeatStreams& streams);

}  // namespace rblitz
