#include <immintrin.h>

#include "dataplane/dns/address_labels_kernels.h"

namespace rblitz::dns {

namespace {

__m256i Pair(const void* low, const void* high) {
  const __m128i first = _mm_loadu_si128(static_cast<const __m128i*>(low));
  const __m128i second = _mm_loadu_si128(static_cast<const __m128i*>(high));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

}  // namespace

// Two names a step, one in each half of the registers; otherwise as the SSSE3 kernel, which takes an odd last one.
void ParseAddressLabelsAvx2(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes) {
  const __m256i zero_digit = _mm256_set1_epi8('0');
  const __m256i nine = _mm256_set1_epi8(9);
  const __m256i weights = _mm256_set1_epi32(0x00010a64);  // 100, 10, 1, 0
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i max_octet = _mm256_set1_epi32(255);
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const LabelLengths a = ReadLabelLengths(names[i]);
    const LabelLengths b = ReadLabelLengths(names[i + 1]);
    const __m256i shuffle = Pair(kDigitShuffles[a.packed].data(), kDigitShuffles[b.packed].data());
    const __m256i digits = _mm256_shuffle_epi8(_mm256_sub_epi8(Pair(names[i], names[i + 1]), zero_digit), shuffle);
    const __m256i octets = _mm256_madd_epi16(_mm256_maddubs_epi16(digits, weights), ones);
    const __m256i wrong = _mm256_or_si256(_mm256_subs_epu8(digits, nine), _mm256_cmpgt_epi32(octets, max_octet));
    const auto fine = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(wrong, _mm256_setzero_si256())));
    const __m256i words = _mm256_packs_epi32(octets, octets);
    const __m256i bytes = _mm256_packus_epi16(words, words);
    // All ones where the name is good: no branch on what cannot be predicted.
    const uint32_t keep_a = 0u - static_cast<uint32_t>(((~fine & 0xffff) == 0) & a.good);
    const uint32_t keep_b = 0u - static_cast<uint32_t>(((~fine >> 16) == 0) & b.good);
    addresses[i] = static_cast<uint32_t>(_mm256_cvtsi256_si32(bytes)) & keep_a;
    addresses[i + 1] = static_cast<uint32_t>(_mm256_extract_epi32(bytes, 4)) & keep_b;
    sizes[i] = static_cast<uint8_t>(a.end & keep_a);
    sizes[i + 1] = static_cast<uint8_t>(b.end & keep_b);
  }
  if (i < count) ParseAddressLabelsSsse3(names + i, count - i, addresses + i, sizes + i);
}

}  // namespace rblitz::dns
