// What a process that talks to strangers gives up before it reads what they say: capabilities and new privileges,
// writing to any file, making, removing and renaming, starting programs, new processes, tracing others.
//
// Sockets, and opening files to read, stay. What is refused fails with EPERM (seccomp) or EACCES (Landlock, where the
// kernel has it). The only file that includes seccomp.h is sandbox.cc.
//
// Thread-safety: before other threads are made. Errors: say which step failed; the process must end then.
#pragma once

#include "tables/result.h"

namespace rblitz::policy {

[[nodiscard]] Status EnterSandbox();

// What no program that is started later may have, whoever it is: for root, before it becomes somebody else. Where that
// is not allowed (a service manager has taken it away before) nothing is lost: EnterSandbox lets nothing be started.
void DropBoundingSet();

}  // namespace rblitz::policy
