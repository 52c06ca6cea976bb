// `rblitz heat map`: what its options ask for, drawn and written as PNG.
//
// Thread-safety: pure but for files and the socket. Errors: name what is wrong; then there is no new file.
#pragma once

#include <string>
#include <vector>

#include "cli/heat/source.h"
#include "cli/options.h"
#include "tables/result.h"

namespace rblitz {

// What the options say of the heat that a map or a report is of.
[[nodiscard]] HeatRequest HeatRequestOf(const CommandOptions& options);

// `notes`: what is worth a warning.
[[nodiscard]] Status WriteHeatMap(const CommandOptions& options, std::vector<std::string>* notes);

}  // namespace rblitz
