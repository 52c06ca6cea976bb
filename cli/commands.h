// What `rblitz` does: asks the server on its control socket and shows the answer.
//
// Errors: to stderr as "rblitz: what: why".
#pragma once

#include "cli/options.h"

namespace rblitz {

// Returns the exit code.
int RunCommand(const CommandOptions& options);

}  // namespace rblitz
