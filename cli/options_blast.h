// The command line of rblitz-blast.
//
// Errors: as cli/options.h says.
#pragma once

#include "cli/blast/settings.h"
#include "cli/options.h"

namespace rblitz {

[[nodiscard]] Parsed<blast::Settings> ParseBlastOptions(int argc, const char* const* argv, std::ostream& out,
                                                        std::ostream& err);

}  // namespace rblitz
