// A Unix stream socket that listens, not blocking. One that an earlier server left behind is replaced, one that
// somebody listens on never is.
//
// Thread-safety: pure but for the socket. Errors: say which path, step and why.
#pragma once

#include <sys/types.h>

#include <string>

#include "loaders/unique_fd.h"
#include "tables/result.h"

namespace rblitz {

// `mode`: of the socket's file, less what the umask takes away.
[[nodiscard]] Result<UniqueFd> ListenUnix(const std::string& path, mode_t mode, int backlog);

}  // namespace rblitz
