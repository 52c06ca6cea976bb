// A question to the server, and what it says to it.
//
// Thread-safety: pure but for the socket. Errors: those of the socket, those that the server tells of, and an answer
// that is none.
#pragma once

#include <string>

#include "cli/control_client.h"
#include "cli/json.h"
#include "tables/result.h"

namespace rblitz {

// The answer's "result", or its "error" as an Error.
[[nodiscard]] Result<Json> Ask(const std::string& control, const Json& request, const WaitingFor& waiting = {});

}  // namespace rblitz
