// The other end of the control socket: asks one question and waits for its answer.
//
// Thread-safety: pure but for the socket. Errors: say which socket and why; no server there is the usual one.
#pragma once

#include <sys/un.h>

#include <functional>
#include <string>
#include <string_view>

#include "tables/result.h"

namespace rblitz {

// "PATH: WHAT: " and what errno says.
[[nodiscard]] tl::unexpected<Error> FailErrno(const std::string& path, const char* what);

[[nodiscard]] Result<sockaddr_un> ControlAddress(const std::string& path);

// Told once a second how long the answer has been waited for.
using WaitingFor = std::function<void(int seconds)>;

// Sends one line and returns the answer's line; neither has its line end. Waits as long as the server works on it.
[[nodiscard]] Result<std::string> AskServer(const std::string& path, std::string_view request,
                                            const WaitingFor& waiting = {});

}  // namespace rblitz
