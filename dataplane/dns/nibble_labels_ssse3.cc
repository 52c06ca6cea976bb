#include <emmintrin.h>
#include <tmmintrin.h>

#include "dataplane/dns/nibble_labels_kernels.h"
#include "tables/vectors.h"

namespace rblitz::dns {

// Length and digit of a label are one word of 16 bits: words are compared with length 1 and packed to 16 digits, pairs
// of digits to bytes.
void ParseNibbleLabelsSsse3(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good) {
  const __m128i low_bytes = _mm_set1_epi16(0xff);
  const __m128i length_one = _mm_set1_epi16(1);
  const __m128i weights = _mm_set1_epi16(0x1001);  // first of two digits times 1, second times 16
  for (size_t i = 0; i < count; ++i) {
    const auto* vectors = reinterpret_cast<const __m128i*>(names[i]);
    const __m128i a = _mm_loadu_si128(vectors);
    const __m128i b = _mm_loadu_si128(vectors + 1);
    const __m128i c = _mm_loadu_si128(vectors + 2);
    const __m128i d = _mm_loadu_si128(vectors + 3);
    const auto has_length_one = [&](__m128i labels) {
      return _mm_cmpeq_epi16(_mm_and_si128(labels, low_bytes), length_one);
    };
    const __m128i lengths = _mm_and_si128(_mm_and_si128(has_length_one(a), has_length_one(b)),
                                          _mm_and_si128(has_length_one(c), has_length_one(d)));
    const auto digits_of = [](__m128i first, __m128i second) {
      const __m128i characters = _mm_packus_epi16(_mm_srli_epi16(first, 8), _mm_srli_epi16(second, 8));
      return ReadHexDigits(reinterpret_cast<U8x16>(characters));
    };
    const auto low = digits_of(a, b);
    const auto high = digits_of(c, d);
    const auto bytes_of = [&](U8x16 digits) { return _mm_maddubs_epi16(reinterpret_cast<__m128i>(digits), weights); };
    const __m128i address = _mm_packus_epi16(bytes_of(low.values), bytes_of(high.values));
    const __m128i fine = _mm_and_si128(lengths, reinterpret_cast<__m128i>(low.are_digits & high.are_digits));
    const bool all = _mm_movemask_epi8(fine) == 0xffff;
    const uint64_t mask = 0 - static_cast<uint64_t>(all);
    addresses[i] = {.high = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(address, address))) & mask,
                    .low = static_cast<uint64_t>(_mm_cvtsi128_si64(address)) & mask};
    good[i] = all;
  }
}

}  // namespace rblitz::dns
