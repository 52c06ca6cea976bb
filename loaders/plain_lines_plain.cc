#include "loaders/plain_lines.h"

namespace rblitz {

PlainRun ReadPlainLines(const char* at, const char* end, std::span<uint32_t> out) noexcept {
  return ReadPlainLinesPortable(at, end, out);
}

}  // namespace rblitz
