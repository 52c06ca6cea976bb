// The greylists of a status or a check as text for people.
//
// Thread-safety: pure. Errors: as cli/render.h.
#pragma once

#include <string>

#include "cli/json.h"

namespace rblitz {

// Tables with a line for each; nothing where there are none.
[[nodiscard]] std::string GreylistTable(const Json& greylists);
[[nodiscard]] std::string CheckedGreylists(const Json& greylists);

}  // namespace rblitz
