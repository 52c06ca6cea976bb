// What `rblitz heat top` and `rblitz heat cells` do: ask the server (cli/heat_answers.h) and print.
//
// Thread-safety: one thread. Errors: Result's, without the program's name.
#pragma once

#include <ostream>

#include "cli/options.h"
#include "tables/result.h"

namespace rblitz {

[[nodiscard]] Status RunHeat(const CommandOptions& options, std::ostream& out);

}  // namespace rblitz
