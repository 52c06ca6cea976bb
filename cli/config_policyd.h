// The configuration of rblitz-policyd: a TOML file of its own, with keys at its top level (rblitz-policyd(8)).
//
// Thread-safety: pure but for the file. Errors: "file:line: key: what", one a line.
#pragma once

#include <string>

#include "cli/policy/settings.h"
#include "tables/result.h"

namespace rblitz {

// Relative paths are relative to the file. Nothing has to be there: the command line may have it.
[[nodiscard]] Result<policy::Settings> LoadPolicydConfig(const std::string& file);
[[nodiscard]] Result<policy::Settings> ParsePolicydConfig(std::string_view text, const std::string& file);

// What is so where nobody says otherwise.
[[nodiscard]] policy::Settings DefaultPolicydSettings();

// Of `listen`.
[[nodiscard]] Status CheckPolicydListen(const std::string& text);

// What both must have said in the end.
[[nodiscard]] Status CheckPolicydSettings(const policy::Settings& settings);

}  // namespace rblitz
