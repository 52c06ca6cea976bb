#include "cli/output.h"

#include <cerrno>
#include <cstring>
#include <iostream>

#include "cli/options.h"

namespace rblitz {

int FlushOutput(const std::string& program, int code) {
  if (std::cout.flush()) return code;
  std::cerr << program << ": standard output: " << std::strerror(errno) << "\n";
  return kExitFailure;
}

}  // namespace rblitz
