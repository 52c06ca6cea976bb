#include <immintrin.h>

#include "tables/ip4_kernels.h"

namespace rblitz {

namespace {

constexpr size_t kLanes = kIp4KernelStep;
constexpr unsigned kCodesInWord = 16;  // two bits each, 32-bit words

__m256i Load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
void Store(void* to, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(to), v); }
__m256i All(uint32_t v) { return _mm256_set1_epi32(static_cast<int>(v)); }

// As Ip4Permutation.
__m256i Permute(__m256i addresses, __m256i first, __m256i second) {
  __m256i x = _mm256_xor_si256(addresses, first);
  x = _mm256_xor_si256(x, _mm256_srli_epi32(x, 16));
  x = _mm256_mullo_epi32(x, All(0x7feb352d));
  x = _mm256_xor_si256(x, second);
  x = _mm256_xor_si256(x, _mm256_srli_epi32(x, 15));
  return _mm256_mullo_epi32(x, All(0x846ca68b));
}

// As Ip4Singles::BucketOf.
__m256i BucketsOf(__m256i permuted, __m256i buckets) {
  const __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(permuted, buckets), 32);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(permuted, 32), buckets);
  return _mm256_blend_epi32(even, odd, 0xaa);
}

// The lanes whose bits are set.
__m256i LanesOf(uint32_t bits) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(All(bits), bit), bit);
}

uint32_t SignsOf(__m256i v) { return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(v))); }

bool Supported() noexcept { return __builtin_cpu_supports("avx2") != 0; }

void Choose(const Ip4Choice& choice, const uint32_t* addresses, size_t count, uint32_t* permuted, const uint8_t** lines,
            uint64_t* singles, uint64_t* furthers) {
  const __m256i first = All(choice.seeds[0]);
  const __m256i second = All(choice.seeds[1]);
  const __m256i buckets = All(choice.buckets);
  const __m256i base = _mm256_set1_epi64x(reinterpret_cast<int64_t>(choice.lines));
  const __m256i nowhere = _mm256_set1_epi64x(reinterpret_cast<int64_t>(choice.nowhere));
  const __m128i to_network = _mm_cvtsi32_si128(static_cast<int>(choice.coarse_shift));
  const auto* const coarse = reinterpret_cast<const int*>(choice.coarse);
  uint64_t single_bits = 0;
  uint64_t further_bits = 0;
  for (size_t i = 0; i < count; i += kLanes) {
    const __m256i eight = Load(addresses + i);
    const __m256i x = Permute(eight, first, second);
    Store(permuted + i, x);

    // Each code into the topmost bits of its lane.
    const __m256i networks = _mm256_srl_epi32(eight, to_network);
    const __m256i words = _mm256_i32gather_epi32(coarse, _mm256_srli_epi32(networks, 4), 4);
    const __m256i above = _mm256_andnot_si256(_mm256_add_epi32(networks, networks), All(2 * (kCodesInWord - 1)));
    const __m256i codes = _mm256_sllv_epi32(words, above);
    const __m256i is_single = _mm256_add_epi32(codes, codes);
    single_bits |= uint64_t{SignsOf(is_single)} << i;
    further_bits |= uint64_t{SignsOf(codes)} << i;

    const __m256i offsets = BucketsOf(x, buckets);
    const __m256i mask = _mm256_srai_epi32(is_single, 31);
    const auto choose = [&](__m128i offset4, __m128i mask4) {
      const __m256i line = _mm256_add_epi64(_mm256_slli_epi64(_mm256_cvtepu32_epi64(offset4), 6), base);
      return _mm256_blendv_epi8(nowhere, line, _mm256_cvtepi32_epi64(mask4));
    };
    Store(lines + i, choose(_mm256_castsi256_si128(offsets), _mm256_castsi256_si128(mask)));
    Store(lines + i + 4, choose(_mm256_extracti128_si256(offsets, 1), _mm256_extracti128_si256(mask, 1)));
  }
  *singles = single_bits;
  *furthers = further_bits;
}

// Bit i: slot i holds this tag, but for kSlots = 32, where the order of bits is another.
template <size_t kSlots>
uint32_t Match(const uint8_t* line, const uint32_t* tag) {
  const __m256i wanted = _mm256_set1_epi16(static_cast<short>(*tag));
  const __m256i low = _mm256_cmpeq_epi16(Load(line), wanted);
  if constexpr (kSlots == 32) {
    return static_cast<uint32_t>(
        _mm256_movemask_epi8(_mm256_packs_epi16(low, _mm256_cmpeq_epi16(Load(line + 32), wanted))));
  } else {
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    return static_cast<uint32_t>(_mm_movemask_epi8(bytes)) & ((1u << kSlots) - 1);
  }
}

uint32_t Load32(const uint8_t* p) {
  uint32_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}

// First every line by itself, then what was found there of eight at a time.
template <size_t kSlots, size_t kValueBytes, bool kFetches>
uint64_t FindAs(uint32_t common, const uint32_t* permuted, const uint8_t* const* lines, size_t count, uint64_t singles,
                uint32_t* values, const uint8_t* const* fetch) {
  constexpr size_t kLast = kSlots - 1;
  alignas(32) uint32_t matches[64];
  alignas(32) uint32_t first_two[64];
  alignas(32) uint32_t last_two[64];
  alignas(32) uint32_t found[64];
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* const line = lines[i];
    if constexpr (kFetches) __builtin_prefetch(fetch[i], 0, 3);
    const uint32_t match = Match<kSlots>(line, permuted + i);
    matches[i] = match;
    first_two[i] = Load32(line);
    last_two[i] = Load32(line + 2 * (kLast - 1));
    if constexpr (kValueBytes != 0) {
      const uint8_t* const at =
          line + 2 * kSlots + kValueBytes * static_cast<size_t>(__builtin_ctz(match | 1u << kLast));
      if constexpr (kValueBytes == 2) {
        uint16_t value;
        __builtin_memcpy(&value, at, sizeof value);
        found[i] = value;
      } else {
        found[i] = Load32(at);
      }
    }
  }
  // The bit of the last slot, a filter where the bucket spills: the first tag above the second.
  const __m256i last_slot = All(1u << kLast);
  const __m256i low_word = All(0xffff);
  uint64_t gone_on = 0;
  for (size_t i = 0; i < count; i += kLanes) {
    const __m256i two = Load(first_two + i);
    const __m256i spills = _mm256_cmpgt_epi32(_mm256_and_si256(two, low_word), _mm256_srli_epi32(two, 16));
    const __m256i match = _mm256_andnot_si256(_mm256_and_si256(spills, last_slot), Load(matches + i));
    const __m256i misses = _mm256_cmpeq_epi32(match, _mm256_setzero_si256());
    const __m256i filter = _mm256_srli_epi32(Load(last_two + i), 16);
    const __m256i tag_bit = _mm256_sllv_epi32(All(1), _mm256_and_si256(Load(permuted + i), All(15)));
    const __m256i passed = _mm256_cmpeq_epi32(_mm256_and_si256(filter, tag_bit), tag_bit);
    gone_on |= uint64_t{SignsOf(_mm256_and_si256(_mm256_and_si256(passed, spills), misses))} << i;
    const __m256i value = _mm256_andnot_si256(misses, kValueBytes == 0 ? All(common) : Load(found + i));
    Store(values + i, _mm256_blendv_epi8(Load(values + i), value, LanesOf(static_cast<uint32_t>(singles >> i))));
  }
  return gone_on & singles;
}

template <bool kFetches>
uint64_t FindWith(const Ip4Comparison& comparison, const uint32_t* permuted, const uint8_t* const* lines, size_t count,
                  uint64_t singles, uint32_t* values, const uint8_t* const* fetch) {
  switch (comparison.value_bytes) {
    case 0:
      return FindAs<32, 0, kFetches>(comparison.common, permuted, lines, count, singles, values, fetch);
    case 2:
      return FindAs<16, 2, kFetches>(0, permuted, lines, count, singles, values, fetch);
    default:
      return FindAs<10, 4, kFetches>(0, permuted, lines, count, singles, values, fetch);
  }
}

uint64_t Find(const Ip4Comparison& comparison, const uint32_t* permuted, const uint8_t* const* lines, size_t count,
              uint64_t singles, uint32_t* values, const uint8_t* const* fetch) {
  return fetch == nullptr ? FindWith<false>(comparison, permuted, lines, count, singles, values, fetch)
                          : FindWith<true>(comparison, permuted, lines, count, singles, values, fetch);
}

}  // namespace

const Ip4Kernel kIp4KernelAvx2 = {"avx2", Supported, Choose, Find};

}  // namespace rblitz
