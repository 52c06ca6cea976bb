#include <immintrin.h>

#include "dataplane/dns/nibble_labels_kernels.h"

namespace rblitz::dns {

namespace {

using U8x32 = uint8_t __attribute__((vector_size(32)));

}  // namespace

// As ParseNibbleLabelsSsse3, all 32 digits at once.
void ParseNibbleLabelsAvx2(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good) {
  const __m256i low_bytes = _mm256_set1_epi16(0xff);
  const __m256i length_one = _mm256_set1_epi16(1);
  const __m256i weights = _mm256_set1_epi16(0x1001);  // first of two digits times 1, second times 16
  for (size_t i = 0; i < count; ++i) {
    const auto* vectors = reinterpret_cast<const __m256i*>(names[i]);
    const __m256i a = _mm256_loadu_si256(vectors);
    const __m256i b = _mm256_loadu_si256(vectors + 1);
    const auto has_length_one = [&](__m256i labels) {
      return _mm256_cmpeq_epi16(_mm256_and_si256(labels, low_bytes), length_one);
    };
    // Eight digits of a, of b, of a, of b.
    const __m256i characters = _mm256_packus_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
    const auto digits = ReadHexDigits(reinterpret_cast<U8x32>(characters));
    const __m256i lengths = _mm256_and_si256(has_length_one(a), has_length_one(b));
    const __m256i fine = _mm256_and_si256(lengths, reinterpret_cast<__m256i>(digits.are_digits));
    const bool all = _mm256_movemask_epi8(fine) == -1;
    const uint64_t mask = 0 - static_cast<uint64_t>(all);
    const __m256i bytes = _mm256_maddubs_epi16(reinterpret_cast<__m256i>(digits.values), weights);
    // Four bytes each of a, b, in both halves.
    const __m128i packed = _mm_packus_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    const __m128i address = _mm_shuffle_epi32(packed, _MM_SHUFFLE(3, 1, 2, 0));
    addresses[i] = {.high = static_cast<uint64_t>(_mm_extract_epi64(address, 1)) & mask,
                    .low = static_cast<uint64_t>(_mm_cvtsi128_si64(address)) & mask};
    good[i] = all;
  }
}

}  // namespace rblitz::dns
