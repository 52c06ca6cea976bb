// Vectors of one dword of 4 frames, or of 8 where there is AVX2 (then frames 0 to 3 are in the lower half), and what
// FrameKernel's body does with them beyond the operators that the compiler has for such types. For frame_kernel_body.h
// only: all of it is inlined there, so that no function of this header exists by itself.
//
// Thread-safety: pure. Cost: an instruction or two each.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>

#include "tables/vectors.h"

#define RBLITZ_INLINE [[gnu::always_inline]] inline

namespace rblitz::net {

using rblitz::MaskOf;

template <class V>
inline constexpr size_t kFrames = sizeof(V) / sizeof(uint32_t);

// 16 bytes at `offset` of frames f and, where there are eight, f + 4.
RBLITZ_INLINE void LoadRows(const uint8_t* const* frames, size_t f, size_t offset, U32x4& row) noexcept {
  row = LoadVector<U32x4>(frames[f] + offset);
}
RBLITZ_INLINE void StoreRows(uint8_t* const* frames, size_t f, size_t offset, U32x4 row) noexcept {
  StoreVector(frames[f] + offset, row);
}
RBLITZ_INLINE void InterleaveLow(U32x4 a, U32x4 b, U32x4& out) noexcept {
  out = __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
RBLITZ_INLINE void InterleaveHigh(U32x4 a, U32x4 b, U32x4& out) noexcept {
  out = __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
RBLITZ_INLINE void JoinLow(U32x4 a, U32x4 b, U32x4& out) noexcept { out = __builtin_shufflevector(a, b, 0, 1, 4, 5); }
RBLITZ_INLINE void JoinHigh(U32x4 a, U32x4 b, U32x4& out) noexcept { out = __builtin_shufflevector(a, b, 2, 3, 6, 7); }
RBLITZ_INLINE void LoadWords(const uint16_t* p, U32x4& out) noexcept {
  using U16x4 = uint16_t __attribute__((vector_size(8)));
  out = __builtin_convertvector(LoadVector<U16x4>(p), U32x4);
}
RBLITZ_INLINE void StoreWords(uint16_t* p, U32x4 v) noexcept { StoreVector(p, LowWords(v)); }
RBLITZ_INLINE U32x4 SwapMacs(U32x4 row) noexcept {
  const auto bytes = reinterpret_cast<U8x16>(row);
  return reinterpret_cast<U32x4>(
      __builtin_shufflevector(bytes, bytes, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15));
}

#ifdef __AVX2__
using U32x8 = uint32_t __attribute__((vector_size(32)));

RBLITZ_INLINE void LoadRows(const uint8_t* const* frames, size_t f, size_t offset, U32x8& rows) noexcept {
  rows = __builtin_shufflevector(LoadVector<U32x4>(frames[f] + offset), LoadVector<U32x4>(frames[f + 4] + offset), 0, 1,
                                 2, 3, 4, 5, 6, 7);
}
RBLITZ_INLINE void StoreRows(uint8_t* const* frames, size_t f, size_t offset, U32x8 rows) noexcept {
  StoreVector(frames[f] + offset, __builtin_shufflevector(rows, rows, 0, 1, 2, 3));
  StoreVector(frames[f + 4] + offset, __builtin_shufflevector(rows, rows, 4, 5, 6, 7));
}
RBLITZ_INLINE void InterleaveLow(U32x8 a, U32x8 b, U32x8& out) noexcept {
  out = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
}
RBLITZ_INLINE void InterleaveHigh(U32x8 a, U32x8 b, U32x8& out) noexcept {
  out = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}
RBLITZ_INLINE void JoinLow(U32x8 a, U32x8 b, U32x8& out) noexcept {
  out = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
}
RBLITZ_INLINE void JoinHigh(U32x8 a, U32x8 b, U32x8& out) noexcept {
  out = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}
RBLITZ_INLINE uint32_t MaskOf(U32x8 lanes) noexcept {
  return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(lanes)));
}
RBLITZ_INLINE void LoadWords(const uint16_t* p, U32x8& out) noexcept {
  out = reinterpret_cast<U32x8>(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
RBLITZ_INLINE void StoreWords(uint16_t* p, U32x8 v) noexcept {
  const auto dwords = reinterpret_cast<__m256i>(v);
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(dwords, dwords), 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(words));
}
RBLITZ_INLINE U32x8 SwapMacs(U32x8 rows) noexcept {
  const __m256i order =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15));
  return reinterpret_cast<U32x8>(_mm256_shuffle_epi8(reinterpret_cast<__m256i>(rows), order));
}
#endif

// All ones where true.
template <class V>
RBLITZ_INLINE V IsZero(V v) noexcept {
  return reinterpret_cast<V>(v == V{});
}
template <class V>
RBLITZ_INLINE V IsEqual(V a, V b) noexcept {
  return reinterpret_cast<V>(a == b);
}
template <class V>
RBLITZ_INLINE V IsNegative(V v) noexcept {
  return V{} - (v >> 31);
}

// Row i becomes column i, in each half by itself.
template <class V>
RBLITZ_INLINE void Transpose(V (&rows)[4]) noexcept {
  V low01, high01, low23, high23;
  InterleaveLow(rows[0], rows[1], low01);
  InterleaveHigh(rows[0], rows[1], high01);
  InterleaveLow(rows[2], rows[3], low23);
  InterleaveHigh(rows[2], rows[3], high23);
  JoinLow(low01, low23, rows[0]);
  JoinHigh(low01, low23, rows[1]);
  JoinLow(high01, high23, rows[2]);
  JoinHigh(high01, high23, rows[3]);
}

// Of each dword's lower word: network order to host order and back; the upper word becomes 0.
template <class V>
RBLITZ_INLINE V SwapLowWord(V v) noexcept {
  return ((v & 0xff) << 8) | ((v >> 8) & 0xff);
}

template <class V>
RBLITZ_INLINE V SumOfWords(V v) noexcept {
  return (v & 0xffff) + (v >> 16);
}

// A ones' complement sum below 2^20, as a checksum: folded twice and turned.
template <class V>
RBLITZ_INLINE V ChecksumOf(V sum) noexcept {
  return ~SumOfWords(SumOfWords(sum)) & 0xffff;
}

}  // namespace rblitz::net
