// What a FrameKernel does, for vectors of any width; included by frame_kernel_*.cc, each compiled for its instruction
// set. All of it is inlined there: no function of this header exists by itself.
//
// A vector holds one dword of 4 frames, or of 8: then frames 0 to 3 are in its lower half.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/frame_kernels.h"
#include "dataplane/net/headers.h"

#define RBLITZ_INLINE [[gnu::always_inline]] inline

namespace rblitz::net {

using U32x4 = uint32_t __attribute__((vector_size(16)));

template <class V>
inline constexpr size_t kFrames = sizeof(V) / sizeof(uint32_t);

RBLITZ_INLINE U32x4 LoadRow(const uint8_t* p) noexcept {
  return reinterpret_cast<U32x4>(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
RBLITZ_INLINE void StoreRow(uint8_t* p, U32x4 row) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), reinterpret_cast<__m128i>(row));
}

// 16 bytes at `offset` of frames f and, where there are eight, f + 4.
RBLITZ_INLINE void LoadRows(const uint8_t* const* frames, size_t f, size_t offset, U32x4& row) noexcept {
  row = LoadRow(frames[f] + offset);
}
RBLITZ_INLINE void StoreRows(uint8_t* const* frames, size_t f, size_t offset, U32x4 row) noexcept {
  StoreRow(frames[f] + offset, row);
}
RBLITZ_INLINE void InterleaveLow(U32x4 a, U32x4 b, U32x4& out) noexcept {
  out = __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
RBLITZ_INLINE void InterleaveHigh(U32x4 a, U32x4 b, U32x4& out) noexcept {
  out = __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
RBLITZ_INLINE void JoinLow(U32x4 a, U32x4 b, U32x4& out) noexcept { out = __builtin_shufflevector(a, b, 0, 1, 4, 5); }
RBLITZ_INLINE void JoinHigh(U32x4 a, U32x4 b, U32x4& out) noexcept { out = __builtin_shufflevector(a, b, 2, 3, 6, 7); }
RBLITZ_INLINE uint32_t MaskOf(U32x4 lanes) noexcept {
  return static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(lanes)));
}
RBLITZ_INLINE void LoadWords(const uint16_t* p, U32x4& out) noexcept {
  out = reinterpret_cast<U32x4>(_mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
RBLITZ_INLINE void StoreWords(uint16_t* p, U32x4 v) noexcept {
  const auto dwords = reinterpret_cast<__m128i>(v);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi32(dwords, dwords));
}
RBLITZ_INLINE U32x4 SwapMacs(U32x4 row) noexcept {
  const __m128i order = _mm_setr_epi8(6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);
  return reinterpret_cast<U32x4>(_mm_shuffle_epi8(reinterpret_cast<__m128i>(row), order));
}

#ifdef __AVX2__
using U32x8 = uint32_t __attribute__((vector_size(32)));

RBLITZ_INLINE void LoadRows(const uint8_t* const* frames, size_t f, size_t offset, U32x8& rows) noexcept {
  rows = __builtin_shufflevector(LoadRow(frames[f] + offset), LoadRow(frames[f + 4] + offset), 0, 1, 2, 3, 4, 5, 6, 7);
}
RBLITZ_INLINE void StoreRows(uint8_t* const* frames, size_t f, size_t offset, U32x8 rows) noexcept {
  StoreRow(frames[f] + offset, __builtin_shufflevector(rows, rows, 0, 1, 2, 3));
  StoreRow(frames[f + 4] + offset, __builtin_shufflevector(rows, rows, 4, 5, 6, 7));
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

template <class V>
RBLITZ_INLINE V All(uint32_t value) noexcept {
  return V{} + value;
}

template <class V>
RBLITZ_INLINE V LoadDwords(const uint32_t* p) noexcept {
  V out;
  __builtin_memcpy(&out, p, sizeof out);
  return out;
}

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

template <class V>
RBLITZ_INLINE void LoadColumns(const uint8_t* const* frames, size_t offset, V (&columns)[4]) noexcept {
  for (size_t f = 0; f < 4; ++f) LoadRows(frames, f, offset, columns[f]);
  Transpose(columns);
}
template <class V>
RBLITZ_INLINE void StoreColumns(uint8_t* const* frames, size_t offset, V (&columns)[4]) noexcept {
  Transpose(columns);
  for (size_t f = 0; f < 4; ++f) StoreRows(frames, f, offset, columns[f]);
}

// Not 0 where FrameCheck::IsFromOrToElsewhere.
template <class V>
RBLITZ_INLINE V FromOrToElsewhere(const QuestionPattern& pattern, V sources, V destinations) noexcept {
  const V nets = sources & 0xff;
  // 224/3 has the upper three bits.
  V suspicious = IsZero(nets) | IsEqual(nets, All<V>(127)) | IsEqual(nets & 0xe0, All<V>(0xe0));
  V to_us = V{};
  for (size_t k = 0; k < pattern.keys_size; ++k) {
    const V own = All<V>(pattern.keys[k].address);
    to_us |= IsEqual(destinations, own);
    suspicious |= IsEqual(sources, own) | IsEqual(sources, All<V>(pattern.keys[k].broadcast));
  }
  return suspicious | ~to_us;
}

// 0 where FrameCheck::IsGoodQuestion.
template <class V>
RBLITZ_INLINE V Differences(const QuestionPattern& pattern, const uint8_t* const* frames, V sizes,
                            V& udp_lengths) noexcept {
  V links[4];
  LoadColumns(frames, 0, links);
  const auto* const wanted = reinterpret_cast<const uint32_t*>(pattern.wanted);
  const auto* const compared = reinterpret_cast<const uint32_t*>(pattern.compared);
  V differs = V{};
  for (size_t k = 0; k < 4; ++k) differs |= (links[k] ^ wanted[k]) & compared[k];

  V first[4];   // type of service and total length; fragment; TTL, protocol, checksum; source
  V second[4];  // destination; ports; UDP length and checksum; DNS
  LoadColumns(frames, kIp4At, first);
  LoadColumns(frames, kIp4At + ip4::kDestination, second);
  differs |= first[1] & (uint32_t{SwapBytes(ip4::kMoreFragmentsOrOffset)} << 16);
  differs |= (first[2] ^ (uint32_t{kProtocolUdp} << 8)) & 0xff00;
  differs |= (second[1] >> 16) ^ SwapBytes(kDnsPort);
  differs |= IsZero(second[1] & 0xffff);

  // UDP fills the packet, and the packet fits the frame: each difference is negative where it does not.
  const V total_lengths = SwapLowWord(first[0] >> 16);
  udp_lengths = SwapLowWord(second[2]);
  const V room = sizes - kEthernetSize - total_lengths;
  const V payload = udp_lengths - kUdpSize;
  differs |= IsNegative(room | payload) | (total_lengths - kIp4Size - udp_lengths);

  const V sum =
      SumOfWords(first[0]) + SumOfWords(first[1]) + SumOfWords(first[2]) + SumOfWords(first[3]) + SumOfWords(second[0]);
  differs |= SumOfWords(sum) ^ 0xffff;
  return differs | FromOrToElsewhere(pattern, first[3], second[0]);
}

template <class V>
RBLITZ_INLINE uint64_t GoodQuestions(const QuestionPattern& pattern, const uint8_t* const* frames,
                                     const uint16_t* sizes, size_t count, uint16_t* payload_sizes) noexcept {
  uint64_t good = 0;
  for (size_t i = 0; i < count; i += kFrames<V>) {
    V frame_sizes, udp_lengths;
    LoadWords(sizes + i, frame_sizes);
    const V differs = Differences(pattern, frames + i, frame_sizes, udp_lengths);
    good |= uint64_t{MaskOf(IsZero(differs))} << i;
    StoreWords(payload_sizes + i, udp_lengths - kUdpSize);
  }
  return good;
}

// What TurnUdp does, and returns where the question had no checksum.
template <class V>
RBLITZ_INLINE uint32_t Turn(uint8_t* const* frames, V payload_sizes, V sum_changes) noexcept {
  V columns[4];
  LoadColumns(frames, kIp4At + ip4::kSource, columns);
  const auto& [sources, destinations, ports, old_udp] = columns;
  const V udp_lengths = SwapLowWord(payload_sizes + kUdpSize);
  const V total_lengths = SwapLowWord(payload_sizes + (kIp4Size + kUdpSize));

  // RFC 1624 equation 3, the length twice (RFC 768).
  const V old_checksums = old_udp >> 16;
  const V lengths = (~old_udp & 0xffff) + udp_lengths;
  const V udp_checksums = ChecksumOf((old_checksums ^ 0xffff) + lengths + lengths + SumOfWords(sum_changes));
  const V all_ones = IsZero(udp_checksums) & 0xffff;
  const V udp = udp_lengths | (udp_checksums | all_ones) << 16;

  // As turn_round_internal::TurnIp4.
  constexpr uint32_t kFlags = SwapBytes(ip4::kDontFragment);
  constexpr uint32_t kTtlAndProtocol = kAnswerTtl | uint32_t{kProtocolUdp} << 8;
  constexpr uint32_t kFixed = ip4::kVersion4Length5 + kFlags + kTtlAndProtocol;
  const V ip_checksums = ChecksumOf(SumOfWords(sources) + SumOfWords(destinations) + total_lengths + kFixed);
  V heads[4] = {total_lengths << 16 | uint32_t{ip4::kVersion4Length5}, All<V>(kFlags << 16),
                ip_checksums << 16 | kTtlAndProtocol, destinations};
  V tails[4] = {destinations, sources, ports << 16 | ports >> 16, udp};
  for (size_t f = 0; f < 4; ++f) {
    V link;
    LoadRows(frames, f, 0, link);
    StoreRows(frames, f, 0, SwapMacs(link));
  }
  StoreColumns(frames, kIp4At, heads);
  StoreColumns(frames, kIp4At + ip4::kSource, tails);
  return MaskOf(IsZero(old_checksums));
}

template <class V>
RBLITZ_INLINE uint64_t TurnAll(uint8_t* const* frames, const uint32_t* payload_sizes, const uint32_t* sum_changes,
                               size_t count) noexcept {
  uint64_t without_checksum = 0;
  for (size_t i = 0; i < count; i += kFrames<V>) {
    const uint32_t none = Turn(frames + i, LoadDwords<V>(payload_sizes + i), LoadDwords<V>(sum_changes + i));
    without_checksum |= uint64_t{none} << i;
  }
  return without_checksum;
}

}  // namespace rblitz::net

#undef RBLITZ_INLINE
