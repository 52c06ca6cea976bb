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

PlainRun ReadPlainLinesPortable(const char* at, const char* end, std::span<uint32_t> out) noexcept {
  PlainRun run{.next = at};
  while (run.next < end && run.count < out.size()) {
    const char* in = run.next;
    uint32_t address = 0;
    for (unsigned octet = 0; octet < 4; ++octet) {
      in = ReadOctet(in, &address);
      if (in == nullptr || *in++ != (octet < 3 ? '.' : '\n')) return run;
    }
    out[run.count++] = address;
    run.next = in;
  }
  return run;
}

}  // namespace rblitz
