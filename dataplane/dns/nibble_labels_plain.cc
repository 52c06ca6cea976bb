#include "dataplane/dns/nibble_labels_kernels.h"

namespace rblitz::dns {

namespace {

constexpr unsigned kLabels = 32;

// The value of a hexadecimal digit, or 16.
unsigned HexDigit(uint8_t c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const unsigned letter = c | 0x20u;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 16;
}

}  // namespace

void ParseNibbleLabelsPlain(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good) {
  for (size_t i = 0; i < count; ++i) {
    uint64_t halves[2] = {};  // low, high: the name begins with the last digit
    bool all = true;
    for (unsigned label = 0; label < kLabels; ++label) {
      const unsigned digit = HexDigit(names[i][2 * label + 1]);
      all = all && names[i][2 * label] == 1 && digit < 16;
      halves[label / 16] |= uint64_t{digit & 15} << (label % 16 * 4);
    }
    addresses[i] = all ? NibbleAddress{.high = halves[1], .low = halves[0]} : NibbleAddress{};
    good[i] = all;
  }
}

}  // namespace rblitz::dns
