// The part of the command line that belongs to `rblitz heat`. For options.cc only.
//
// Thread-safety: pure. Errors: what is wrong with the usage, as text; nothing is printed here.
#pragma once

#include <boost/program_options.hpp>
#include <string>
#include <string_view>

#include "cli/options.h"

namespace rblitz {

// Lines of --help about its actions.
extern const std::string_view kHeatUsage;

// Its own options, which fill `options`.
[[nodiscard]] boost::program_options::options_description HeatDescription(HeatCommandOptions* options);

// Why `heat`, or an option of it with another command, cannot be given so; empty when it can.
[[nodiscard]] std::string WrongHeat(const CommandOptions& options);

}  // namespace rblitz
