// The checks of `rblitzd --check` and `rblitz check`: the configuration, and one load of every feed.
//
// Thread-safety: pure but for reading files.
#pragma once

#include <functional>
#include <string>

#include "cli/json.h"

namespace rblitz {

// What would be served: "ok", "zones", "greylists", "feeds", "warnings" and "errors". `progress` is told the name of
// each feed before it is loaded.
[[nodiscard]] Json CheckJson(const std::string& config_file, const std::function<void(const std::string&)>& progress);

// Runs the checks, prints what would be served on stdout and what is wrong on stderr; returns the exit code.
int RunCheck(const std::string& program, const std::string& config_file, bool json);

}  // namespace rblitz
