// Standard output of a program, which is a success only once it is written: a disk may be full.
//
// Errors: to stderr as "program: standard output: why".
#pragma once

#include <string>

namespace rblitz {

// Writes what is still buffered. Returns `code`, or kExitFailure when anything of the output was lost.
[[nodiscard]] int FlushOutput(const std::string& program, int code);

}  // namespace rblitz
