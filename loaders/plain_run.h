// The loop that both readers of plain lines share (plain_lines.h).
#pragma once

#include "loaders/plain_lines.h"

namespace rblitz {

template <class ReadOne>
PlainRun ReadRun(const char* at, const char* end, std::span<uint32_t> out, ReadOne read_one) noexcept {
  PlainRun run{.next = at};
  while (run.next < end && run.count < out.size()) {
    const unsigned length = read_one(run.next, &out[run.count]);
    if (length == 0) break;
    const char* line_end = run.next + length;
    if (*line_end == '\r') ++line_end;
    if (*line_end != '\n') break;
    run.next = line_end + 1;
    ++run.count;
  }
  return run;
}

}  // namespace rblitz
