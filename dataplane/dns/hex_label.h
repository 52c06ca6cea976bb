// Hexadecimal digits of a label as bytes.
//
// Thread-safety: pure. Errors: what is no digit, in either case. Cost: a dozen instructions for sixteen digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tables/vectors.h"

namespace rblitz::dns {

// Reads sixteen digits, as the eight bytes that they stand for. False: some are none.
[[nodiscard]] inline bool ParseHex16(const uint8_t* digits, uint8_t* bytes) noexcept {
  const auto text = LoadVector<U8x16>(digits);
  const U8x16 decimal = text - '0';
  const U8x16 letter = (text | ('a' - 'A')) - 'a';
  const auto is_decimal = reinterpret_cast<U8x16>(decimal < 10);
  const auto is_letter = reinterpret_cast<U8x16>(letter < 6);
  const uint64_t pairs = JoinNibbles((is_decimal & decimal) | (is_letter & (letter + 10)));
  std::memcpy(bytes, &pairs, sizeof pairs);
  return MaskOf(is_decimal | is_letter) == 0xffff;
}

// The same for any multiple of sixteen digits.
[[nodiscard]] inline bool ParseHex(const uint8_t* digits, size_t count, uint8_t* bytes) noexcept {
  bool good = true;
  for (size_t i = 0; i < count; i += 16) good &= ParseHex16(digits + i, bytes + i / 2);
  return good;
}

}  // namespace rblitz::dns
