// The server's JSON as text for people: short, aligned, one fact a line.
//
// Thread-safety: pure. Errors: JSON of another shape throws nlohmann's exceptions, which main catches.
#pragma once

#include <string>

#include "cli/json.h"

namespace rblitz {

[[nodiscard]] std::string RenderStatus(const Json& status);
[[nodiscard]] std::string RenderStats(const Json& stats);
[[nodiscard]] std::string RenderReload(const Json& reload);
// ", reading drop, 1200000 lines" while a status says that something is read; else nothing.
[[nodiscard]] std::string RenderProgress(const Json& status);
[[nodiscard]] std::string RenderLookup(const Json& lookup);
[[nodiscard]] std::string RenderList(const Json& list);
[[nodiscard]] std::string RenderCheck(const Json& check);

// One line of `stats --watch`: what happened between two answers that lie `seconds` apart.
[[nodiscard]] std::string RenderChange(const Json& before, const Json& after, double seconds);

}  // namespace rblitz
