// A log that rather loses lines than waits for who reads it: for a process whose one thread answers others.
//
// Thread-safety: LoseLogLines before other threads are made, LostLogLines any thread. Errors: none: what can only be
// written by waiting (a file) is waited for.
#pragma once

#include <cstdint>

namespace rblitz {

// From now on a line for which a pipe, socket or terminal has no room is lost, and counted.
void LoseLogLines();

// Since the start of the process.
[[nodiscard]] uint64_t LostLogLines();

}  // namespace rblitz
