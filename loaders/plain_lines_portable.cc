#include "loaders/plain_lines.h"

namespace rblitz {

namespace {

// Reads one octet of at most three digits and without a leading zero. Null if there is none.
const char* ReadOctet(const char* at, uint32_t* address) noexcept {
  unsigned octet = 0;
  const char* digit = at;
  for (; digit < at + 3 && *digit >= '0' && *digit <= '9'; ++digit) {
    octet = 10 * octet + static_cast<unsigned>(*digit - '0');
  }
  if (digit == at || octet > 255 || (*at == '0' && digit != at + 1)) return nullptr;
  *address = *address << 8 | octet;
  return digit;
}

}  // namespace

unsigned ReadAddressPortable(const char* at, uint32_t* address) noexcept {
  const char* in = at;
  uint32_t read = 0;
  for (unsigned octet = 0; octet < 4; ++octet) {
    if (octet > 0 && *in++ != '.') return 0;
    in = ReadOctet(in, &read);
    if (in == nullptr) return 0;
  }
  if (*in == '.' || (*in >= '0' && *in <= '9')) return 0;
  *address = read;
  return static_cast<unsigned>(in - at);
}

PlainRun ReadPlainLinesPortable(const char* at, const char* end, std::span<uint32_t> out) noexcept {
  PlainRun run{.next = at};
  while (run.next < end && run.count < out.size()) {
    const unsigned length = ReadAddressPortable(run.next, &out[run.count]);
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
