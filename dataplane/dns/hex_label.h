// Hexadecimal digits of a label as bytes.
//
// Thread-safety: pure. Errors: what is no digit, in either case. Cost: a dozen instructions for sixteen digits.
#pragma once

#include <tmmintrin.h>

#include <cstddef>
#include <cstdint>

namespace rblitz::dns {

// Reads sixteen digits, as the eight bytes that they stand for. False: some are none.
[[nodiscard]] inline bool ParseHex16(const uint8_t* digits, uint8_t* bytes) noexcept {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(digits));
  const auto is_below = [](__m128i values, uint8_t limit) {
    return _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(static_cast<char>(limit - 1))), values);
  };
  const __m128i decimal = _mm_sub_epi8(text, _mm_set1_epi8('0'));
  const __m128i letter = _mm_sub_epi8(_mm_or_si128(text, _mm_set1_epi8('a' - 'A')), _mm_set1_epi8('a'));
  const __m128i is_decimal = is_below(decimal, 10);
  const __m128i is_letter = is_below(letter, 6);
  const __m128i values = _mm_or_si128(_mm_and_si128(is_decimal, decimal),
                                      _mm_and_si128(is_letter, _mm_add_epi8(letter, _mm_set1_epi8(10))));
  // Pairs: sixteen times the first and the second.
  const __m128i pairs = _mm_maddubs_epi16(values, _mm_set1_epi16(0x0110));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes), _mm_packus_epi16(pairs, pairs));
  return _mm_movemask_epi8(_mm_or_si128(is_decimal, is_letter)) == 0xffff;
}

// The same for any multiple of sixteen digits.
[[nodiscard]] inline bool ParseHex(const uint8_t* digits, size_t count, uint8_t* bytes) noexcept {
  bool good = true;
  for (size_t i = 0; i < count; i += 16) good &= ParseHex16(digits + i, bytes + i / 2);
  return good;
}

}  // namespace rblitz::dns
