#include <immintrin.h>

#include "dataplane/dns/address_labels_kernels.h"

namespace rblitz::dns {

namespace {

// Where labels begin: bytes below '0' are lengths. Five such places, the four labels' and the next one's, make 81
// patterns; a multiplication tells them apart.
constexpr uint32_t kMix = 0xc3121a23;
constexpr uint32_t SlotOf(uint32_t places) { return places * kMix >> 24; }

// How the bytes of a name with one pattern are sorted, the digits as in kDigitShuffles and each label's length into the
// fourth byte of its number; and what these lengths must be then, less '0'.
struct alignas(32) Pattern {
  uint8_t shuffle[16];
  uint8_t lengths[16];
};

struct Patterns {
  Pattern slots[256];
  uint8_t ends[256];  // offset behind the fourth label
};

constexpr Patterns MakePatterns() {
  Patterns patterns{};
  for (Pattern& pattern : patterns.slots) {
    for (uint8_t& length : pattern.lengths) length = 0xff;  // an unused slot, and its end 0: nothing is an address
  }
  for (unsigned packed = 0; packed < 256; ++packed) {
    unsigned at = 0;
    uint32_t places = 1;
    Pattern pattern{};
    bool good = true;
    for (unsigned label = 0; label < 4; ++label) {
      const unsigned length = packed >> (2 * label) & 3;
      good = good && length > 0;
      for (unsigned place = 0; place < 3; ++place)
        pattern.shuffle[4 * label + place] = kDigitShuffles[packed][4 * label + place];
      pattern.shuffle[4 * label + 3] = static_cast<uint8_t>(at);
      pattern.lengths[4 * label + 3] = static_cast<uint8_t>(length - '0');
      at += 1 + length;
      places |= 1u << at;
    }
    if (!good) continue;
    const uint32_t slot = SlotOf(places);
    if (patterns.ends[slot] != 0) throw "two patterns in one slot";  // fails to compile: another kMix is needed
    patterns.slots[slot] = pattern;
    patterns.ends[slot] = static_cast<uint8_t>(at);
  }
  return patterns;
}

constexpr Patterns kPatterns = MakePatterns();

__m256i Pair(const void* low, const void* high) {
  const __m128i first = _mm_loadu_si128(static_cast<const __m128i*>(low));
  const __m128i second = _mm_loadu_si128(static_cast<const __m128i*>(high));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

// From the bits of the first 16 bytes that may be lengths: the lowest five count.
template <bool kDeposit>
uint32_t SlotOfBits(uint32_t bits) {
  bits |= 1u << 16;  // four labels of three digits end there
  if constexpr (kDeposit) {
    return SlotOf(_pdep_u32(0x1f, bits));
  } else {
    const uint32_t from_fifth = _blsr_u32(_blsr_u32(_blsr_u32(_blsr_u32(bits))));
    return SlotOf(bits ^ _blsr_u32(from_fifth));
  }
}

// Two names a step, one in each half of the registers. Whatever the patterns promised is compared with the bytes; a
// pair with one that is no address, or goes on with a label whose length looks like a digit, is left to the plain one.
template <bool kDeposit>
void Parse(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes) {
  const __m256i zero_digit = _mm256_set1_epi8('0');
  const __m256i last_length = _mm256_set1_epi8('0' - 1);
  const __m256i most = _mm256_set1_epi32(0x00090909);     // digits, and no difference of the length
  const __m256i weights = _mm256_set1_epi32(0x00010a64);  // 100, 10, 1, 0
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i max_octet = _mm256_set1_epi32(255);
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const __m256i bytes = Pair(names[i], names[i + 1]);
    const auto bits =
        static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(bytes, last_length), bytes)));
    const uint32_t a = SlotOfBits<kDeposit>(bits & 0xffff);
    const uint32_t b = SlotOfBits<kDeposit>(bits >> 16);
    const __m256i sorted = _mm256_shuffle_epi8(_mm256_sub_epi8(bytes, zero_digit),
                                               Pair(kPatterns.slots[a].shuffle, kPatterns.slots[b].shuffle));
    const __m256i digits = _mm256_xor_si256(sorted, Pair(kPatterns.slots[a].lengths, kPatterns.slots[b].lengths));
    const __m256i octets = _mm256_madd_epi16(_mm256_maddubs_epi16(digits, weights), ones);
    const __m256i wrong = _mm256_or_si256(_mm256_subs_epu8(digits, most), _mm256_cmpgt_epi32(octets, max_octet));
    if (!_mm256_testz_si256(wrong, wrong)) [[unlikely]] {
      ParseAddressLabelsPlain(names + i, 2, addresses + i, sizes + i);
      continue;
    }
    const __m256i words = _mm256_packs_epi32(octets, octets);
    const __m256i four = _mm256_packus_epi16(words, words);
    addresses[i] = static_cast<uint32_t>(_mm256_cvtsi256_si32(four));
    addresses[i + 1] = static_cast<uint32_t>(_mm256_extract_epi32(four, 4));
    sizes[i] = kPatterns.ends[a];
    sizes[i + 1] = kPatterns.ends[b];
  }
  if (i < count) ParseAddressLabelsPlain(names + i, count - i, addresses + i, sizes + i);
}

}  // namespace

void ParseAddressLabelsAvx2(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes) {
  Parse<false>(names, count, addresses, sizes);
}

void ParseAddressLabelsAvx2Pdep(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes) {
  Parse<true>(names, count, addresses, sizes);
}

}  // namespace rblitz::dns
