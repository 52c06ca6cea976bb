// What a fuzz target says of an input that breaks a promise: the process ends, and libFuzzer keeps the input.
#pragma once

#include <cstdlib>

namespace rblitz {

inline void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace rblitz
