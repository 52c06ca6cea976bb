#include "loaders/plain_lines.h"

namespace rblitz {

unsigned ReadAddress(const char* at, uint32_t* address) noexcept { return ReadAddressPortable(at, address); }

PlainRun ReadPlainLines(const char* at, const char* end, std::span<uint32_t> out) noexcept {
  return ReadPlainLinesPortable(at, end, out);
}

}  // namespace rblitz
