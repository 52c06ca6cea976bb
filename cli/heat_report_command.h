// `rblitz heat report`: own networks, or the clients of logs, against heat.
//
// Thread-safety: pure but for files and the socket. Errors: name the file, the socket, or the line of a file of own
// networks that is wrong; bad lines of logs are counted.
#pragma once

#include <string>
#include <vector>

#include "cli/heat/render_report.h"
#include "cli/options.h"
#include "tables/result.h"

namespace rblitz {

struct HeatReport {
  Rendered rendered;
  int exit_code = kExitSuccess;  // kExitWarm: something is; kExitListed: own addresses are listed
};

// `notes`: what is worth a warning. Writes --last, if that is given.
[[nodiscard]] Result<HeatReport> MakeHeatReport(const CommandOptions& options, std::vector<std::string>* notes);

}  // namespace rblitz
