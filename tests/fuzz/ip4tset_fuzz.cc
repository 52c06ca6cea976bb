#include "tests/fuzz/format_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rblitz::FuzzFormat("ip4tset", rblitz::ParseIp4TsetLine, {reinterpret_cast<const char*>(data), size});
  return 0;
}
