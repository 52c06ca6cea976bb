// Hexadecimal digits of a label as bytes.
//
// Thread-safety: pure. Errors: what is no digit in lower case. Cost: a dozen instructions for eight digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rblitz::dns {

// Reads eight digits; `bytes` are the four that they stand for, the first digits' in the lowest. False: some are none.
[[nodiscard]] inline bool ParseHex8(const uint8_t* digits, uint32_t& bytes) noexcept {
  constexpr uint64_t kEach = 0x0101010101010101;
  constexpr uint64_t kTop = 0x80 * kEach;
  uint64_t text;
  std::memcpy(&text, digits, sizeof text);
  // The top bit of each byte says that the digit is at least so large; the rest of a byte cannot carry into the next.
  const uint64_t low = text & ~kTop;
  const auto at_least = [low](uint8_t least) { return low + (0x80u - least) * kEach; };
  const uint64_t is_decimal = at_least('0') & ~at_least('9' + 1);
  const uint64_t is_letter = at_least('a') & ~at_least('f' + 1);
  const uint64_t values = (text & 0x0f * kEach) + 9 * ((text >> 6) & kEach);
  uint64_t pairs = (values << 4 | values >> 8) & 0x00ff00ff00ff00ff;
  pairs = (pairs | pairs >> 8) & 0x0000ffff0000ffff;
  bytes = static_cast<uint32_t>(pairs | pairs >> 16);
  return (((is_decimal | is_letter) & ~text) & kTop) == kTop;
}

// The same for any multiple of eight digits.
[[nodiscard]] inline bool ParseHex(const uint8_t* digits, size_t count, uint8_t* bytes) noexcept {
  bool good = true;
  for (size_t i = 0; i < count; i += 8) {
    uint32_t four;
    good &= ParseHex8(digits + i, four);
    std::memcpy(bytes + i / 2, &four, sizeof four);
  }
  return good;
}

}  // namespace rblitz::dns
