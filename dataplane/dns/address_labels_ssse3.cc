#include <tmmintrin.h>

#include "dataplane/dns/address_labels_kernels.h"

namespace rblitz::dns {

// One name a step: a shuffle aligns the digits of the four labels, two multiply-adds make four numbers of them.
void ParseAddressLabelsSsse3(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes) {
  const __m128i zero_digit = _mm_set1_epi8('0');
  const __m128i nine = _mm_set1_epi8(9);
  const __m128i weights = _mm_set1_epi32(0x00010a64);  // 100, 10, 1, 0
  const __m128i ones = _mm_set1_epi16(1);
  const __m128i max_octet = _mm_set1_epi32(255);
  for (size_t i = 0; i < count; ++i) {
    const LabelLengths lengths = ReadLabelLengths(names[i]);
    const __m128i name = _mm_loadu_si128(reinterpret_cast<const __m128i*>(names[i]));
    const __m128i shuffle = _mm_load_si128(reinterpret_cast<const __m128i*>(kDigitShuffles[lengths.packed].data()));
    const __m128i digits = _mm_shuffle_epi8(_mm_sub_epi8(name, zero_digit), shuffle);
    const __m128i octets = _mm_madd_epi16(_mm_maddubs_epi16(digits, weights), ones);
    const __m128i no_digit = _mm_subs_epu8(digits, nine);  // not zero where a byte is above 9
    const __m128i too_large = _mm_cmpgt_epi32(octets, max_octet);
    const __m128i wrong = _mm_or_si128(no_digit, too_large);
    const int fine = _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128()));
    const __m128i words = _mm_packs_epi32(octets, octets);
    const bool good = (fine == 0xffff) & lengths.good;
    addresses[i] = good ? static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_packus_epi16(words, words))) : 0;
    sizes[i] = good ? static_cast<uint8_t>(lengths.end) : uint8_t{0};
  }
}

}  // namespace rblitz::dns
