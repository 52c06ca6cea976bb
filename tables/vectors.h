// Vectors of 16 bytes, the same on every processor: the compiler's own types, whose operators work lane by lane, and
// what these cannot say. On x86 each function is the instruction that its comment names; elsewhere the operators say
// it, which GCC and clang turn into NEON on arm64. What the layers that build for arm64 use, kernels of one
// instruction set apart; every layer may include it.
//
// Lanes are numbered from the lowest address. A comparison is all ones or none in each lane, as signed numbers;
// reinterpret_cast changes what lanes are taken for, and no bits.
//
// Thread-safety: pure. Cost: an instruction or two each on x86, up to ten elsewhere (MaskOf); all of it is inlined, so
// that no function of this header exists by itself.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

#define RBLITZ_INLINE [[gnu::always_inline]] inline

namespace rblitz {

static_assert(std::endian::native == std::endian::little, "the lowest lane is the lowest part of a wider one");

inline constexpr size_t kVectorSize = 16;

using I8x16 = int8_t __attribute__((vector_size(kVectorSize)));
using U8x16 = uint8_t __attribute__((vector_size(kVectorSize)));
using U16x8 = uint16_t __attribute__((vector_size(kVectorSize)));
using U32x4 = uint32_t __attribute__((vector_size(kVectorSize)));
using I64x2 = int64_t __attribute__((vector_size(kVectorSize)));
using U64x2 = uint64_t __attribute__((vector_size(kVectorSize)));

template <class V>
[[nodiscard]] RBLITZ_INLINE V LoadVector(const void* from) noexcept {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <class V>
RBLITZ_INLINE void StoreVector(void* to, V v) noexcept {
  __builtin_memcpy(to, &v, sizeof v);
}

// REQUIRES: the address is a multiple of the vector's size. Such a load can be part of the instruction that needs it.
template <class V>
[[nodiscard]] RBLITZ_INLINE V LoadAligned(const void* from) noexcept {
  return LoadVector<V>(__builtin_assume_aligned(from, sizeof(V)));
}
template <class V>
RBLITZ_INLINE void StoreAligned(void* to, V v) noexcept {
  StoreVector(__builtin_assume_aligned(to, sizeof(V)), v);
}

template <class V>
using LaneOf = std::remove_cvref_t<decltype(std::declval<V&>()[0])>;

template <class V>
[[nodiscard]] RBLITZ_INLINE V All(LaneOf<V> value) noexcept {
  return V{} + value;
}

// Bit i: the topmost one of lane i. pmovmskb, movmskps, movmskpd.
[[nodiscard]] RBLITZ_INLINE uint32_t MaskOf(U8x16 lanes) noexcept {
#ifdef __x86_64__
  return static_cast<uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(lanes)));
#else
  // Eight lanes hold eight different bits, so that the sum of them, the topmost byte of the product, carries nothing.
  const auto bits = reinterpret_cast<U64x2>((lanes >> 7) << U8x16{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7});
  constexpr uint64_t kOnes = 0x0101010101010101;
  return static_cast<uint32_t>(bits[0] * kOnes >> 56 | (bits[1] * kOnes >> 56) << 8);
#endif
}
[[nodiscard]] RBLITZ_INLINE uint32_t MaskOf(U32x4 lanes) noexcept {
#ifdef __x86_64__
  return static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(lanes)));
#else
  const auto bits = reinterpret_cast<U64x2>((lanes >> 31) << U32x4{0, 1, 2, 3});
  const uint64_t all = bits[0] | bits[1];
  return static_cast<uint32_t>(all | all >> 32);
#endif
}
[[nodiscard]] RBLITZ_INLINE uint32_t MaskOf(U64x2 lanes) noexcept {
#ifdef __x86_64__
  return static_cast<uint32_t>(_mm_movemask_pd(reinterpret_cast<__m128d>(lanes)));
#else
  return static_cast<uint32_t>(lanes[0] >> 63 | (lanes[1] >> 63) << 1);
#endif
}

// Whether no bit is set in both. ptest.
template <class V>
[[nodiscard]] RBLITZ_INLINE bool ShareNoBit(V a, V b) noexcept {
#ifdef __x86_64__
  return _mm_testz_si128(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)) != 0;
#else
  const auto both = reinterpret_cast<U64x2>(a & b);
  return (both[0] | both[1]) == 0;
#endif
}
template <class V>
[[nodiscard]] RBLITZ_INLINE bool IsAllZero(V v) noexcept {
  return ShareNoBit(v, v);
}

// The lanes of both, half as wide. REQUIRES: each is all ones or none. packssdw, packsswb.
[[nodiscard]] RBLITZ_INLINE U16x8 JoinMasks(U32x4 low, U32x4 high) noexcept {
#ifdef __x86_64__
  return reinterpret_cast<U16x8>(_mm_packs_epi32(reinterpret_cast<__m128i>(low), reinterpret_cast<__m128i>(high)));
#else
  return __builtin_shufflevector(reinterpret_cast<U16x8>(low), reinterpret_cast<U16x8>(high), 0, 2, 4, 6, 8, 10, 12,
                                 14);
#endif
}
[[nodiscard]] RBLITZ_INLINE U8x16 JoinMasks(U16x8 low, U16x8 high) noexcept {
#ifdef __x86_64__
  return reinterpret_cast<U8x16>(_mm_packs_epi16(reinterpret_cast<__m128i>(low), reinterpret_cast<__m128i>(high)));
#else
  return __builtin_shufflevector(reinterpret_cast<U8x16>(low), reinterpret_cast<U8x16>(high), 0, 2, 4, 6, 8, 10, 12, 14,
                                 16, 18, 20, 22, 24, 26, 28, 30);
#endif
}

// The lower words of all lanes. REQUIRES: the upper ones are 0, or it does not matter what comes of the lane. packusdw.
[[nodiscard]] RBLITZ_INLINE uint64_t LowWords(U32x4 lanes) noexcept {
#ifdef __x86_64__
  const auto dwords = reinterpret_cast<__m128i>(lanes);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_packus_epi32(dwords, dwords)));
#else
  const auto words = reinterpret_cast<U16x8>(lanes);
  return reinterpret_cast<U64x2>(__builtin_shufflevector(words, words, 0, 2, 4, 6, 0, 2, 4, 6))[0];
#endif
}

// pminuw; and a - b, or 0 where that is below 0: psubusw.
[[nodiscard]] RBLITZ_INLINE U16x8 Lesser(U16x8 a, U16x8 b) noexcept {
#ifdef __x86_64__
  return reinterpret_cast<U16x8>(_mm_min_epu16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  const auto is_a = reinterpret_cast<U16x8>(a < b);
  return (a & is_a) | (b & ~is_a);
#endif
}
[[nodiscard]] RBLITZ_INLINE U16x8 DifferenceOrZero(U16x8 a, U16x8 b) noexcept {
#ifdef __x86_64__
  return reinterpret_cast<U16x8>(_mm_subs_epu16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return a - Lesser(a, b);
#endif
}

// Of lanes below 16, each two as one byte, the first above the second. pmaddubsw, packuswb.
[[nodiscard]] RBLITZ_INLINE uint64_t JoinNibbles(U8x16 values) noexcept {
#ifdef __x86_64__
  const __m128i pairs = _mm_maddubs_epi16(reinterpret_cast<__m128i>(values), _mm_set1_epi16(0x0110));
  return static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_packus_epi16(pairs, pairs)));
#else
  const auto pairs = reinterpret_cast<U16x8>(values);
  const auto bytes = reinterpret_cast<U8x16>(pairs << 4 | pairs >> 8);
  return reinterpret_cast<U64x2>(
      __builtin_shufflevector(bytes, bytes, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14))[0];
#endif
}

}  // namespace rblitz

#undef RBLITZ_INLINE
