#include <immintrin.h>

#include "dataplane/dns/nibble_labels_kernels.h"

namespace rblitz::dns {

// Each name is one vector of 32 words, length and digit of a label.
void ParseNibbleLabelsAvx512(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good) {
  constexpr __mmask64 kLengths = 0x5555555555555555;
  constexpr __mmask32 kEveryDigit = 0xffffffff;
  const __m256i weights = _mm256_set1_epi16(0x1001);  // first of two digits times 1, second times 16
  for (size_t i = 0; i < count; ++i) {
    const __m512i labels = _mm512_loadu_si512(names[i]);
    const __mmask64 wrong = _mm512_mask_cmpneq_epi8_mask(kLengths, labels, _mm512_set1_epi8(1));
    const __m256i characters = _mm512_cvtepi16_epi8(_mm512_srli_epi16(labels, 8));
    const __m256i decimal = _mm256_sub_epi8(characters, _mm256_set1_epi8('0'));
    const __m256i letter = _mm256_sub_epi8(_mm256_or_si256(characters, _mm256_set1_epi8(0x20)), _mm256_set1_epi8('a'));
    const __mmask32 is_decimal = _mm256_cmple_epu8_mask(decimal, _mm256_set1_epi8(9));
    const __mmask32 is_letter = _mm256_cmple_epu8_mask(letter, _mm256_set1_epi8(5));
    const __m256i values = _mm256_mask_add_epi8(decimal, is_letter, letter, _mm256_set1_epi8(10));
    const __m128i address = _mm256_cvtepi16_epi8(_mm256_maddubs_epi16(values, weights));
    const bool all = (wrong == 0) & ((is_decimal | is_letter) == kEveryDigit);
    const uint64_t mask = 0 - static_cast<uint64_t>(all);
    addresses[i] = {.high = static_cast<uint64_t>(_mm_extract_epi64(address, 1)) & mask,
                    .low = static_cast<uint64_t>(_mm_cvtsi128_si64(address)) & mask};
    good[i] = all;
  }
}

}  // namespace rblitz::dns
