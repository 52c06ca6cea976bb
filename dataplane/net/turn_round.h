// Turns a frame round in place: what came to us becomes what goes back, to the MAC, address and port that asked.
//
// REQUIRES of all: FrameCheck said that the frame is of this kind. Each returns the bytes of the frame to send.
// Thread-safety: pure. Units: bytes.
// Cost: headers only, and a pass over the answer where the question had no UDP checksum: bench/frame_bench, BM_TurnUdp.
// Source: RFC 826, RFC 792, RFC 768, RFC 1624.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/own_addresses.h"
#include "dataplane/net/vectors.h"

namespace rblitz::net {

namespace turn_round_internal {

inline constexpr uint8_t kTtl = 64;  // RFC 1700, "IP time to live parameter"

// The UDP checksum over pseudo header, header and payload in full. Memory order.
[[nodiscard]] uint16_t UdpChecksum(const uint8_t* frame, size_t payload_size) noexcept;

// Computes the checksums of turned frames: frame i of four when bit i is set.
void ComputeUdpChecksums(uint8_t* const* frames, int which) noexcept;

// One shuffle of the frame's first 16 bytes; those behind the MACs stay.
inline void SwapMacs(uint8_t* frame) noexcept {
  using Bytes16 = uint8_t __attribute__((vector_size(16)));
  const auto bytes = LoadMemoryOrder<Bytes16>(frame);
  StoreMemoryOrder<Bytes16>(
      frame, __builtin_shufflevector(bytes, bytes, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15));
}

// The whole header anew. Don't fragment, identification 0: an atomic datagram, whose identification means nothing (RFC
// 6864 section 4.1), and answers are kept smaller than any path's MTU.
inline void TurnIp4(uint8_t* ip, uint8_t type_of_service, uint8_t protocol, size_t total_length) noexcept {
  const auto addresses = LoadMemoryOrder<uint64_t>(ip + ip4::kSource);
  const uint32_t length_be = SwapBytes(static_cast<uint16_t>(total_length));
  const uint32_t to_length = ip4::kVersion4Length5 | uint32_t{type_of_service} << 8 | length_be << 16;
  const uint32_t flags = uint32_t{SwapBytes(ip4::kDontFragment)} << 16;
  const uint32_t ttl_and_protocol = kTtl | uint32_t{protocol} << 8;
  const uint32_t sum = Fold((addresses & 0xffffffff) + (addresses >> 32) + to_length + flags + ttl_and_protocol);
  StoreMemoryOrder(ip, to_length | uint64_t{flags} << 32);
  StoreMemoryOrder(ip + ip4::kTtl, ttl_and_protocol | ~sum << 16);
  StoreMemoryOrder(ip + ip4::kSource, std::rotl(addresses, 32));
}

}  // namespace turn_round_internal

// RFC 826: the reply goes to the MAC that asked, also when the request was a probe.
size_t TurnArp(uint8_t* frame, const OwnAddresses& own) noexcept;

// RFC 792: addresses exchanged, type 0, data unchanged. `icmp_size` as FrameCheck gave it.
size_t TurnEcho(uint8_t* frame, size_t icmp_size) noexcept;

// Whether the UDP checksum field holds the sum of the pseudo header and nothing else, as a kernel leaves it for
// hardware to complete. A whole checksum looks so once in 65,535 times. REQUIRES: a DNS question.
[[nodiscard]] bool HasPartialUdpChecksum(const uint8_t* frame) noexcept;

// The payload at kUdpPayloadAt has already become the answer, of `payload_size` bytes, with its sum changed by
// `sum_change` (Change() of checksum.h, folded or not); the headers are still the question's. A question whose checksum
// was wrong gets an answer whose checksum is wrong, which its client drops; a question without one gets a right one.
inline size_t TurnUdp(uint8_t* frame, size_t payload_size, uint32_t sum_change) noexcept {
  uint8_t* udp = frame + kUdpAt;
  const auto old = LoadMemoryOrder<uint64_t>(udp);
  const auto old_length_be = static_cast<uint16_t>(old >> 32);
  const auto old_checksum = static_cast<uint16_t>(old >> 48);
  const uint32_t length_be = SwapBytes(static_cast<uint16_t>(kUdpSize + payload_size));
  // Exchanged addresses and ports leave the sum alone; the length stands in it twice (RFC 768).
  const uint32_t not_old_length = static_cast<uint16_t>(~old_length_be);
  uint32_t checksum = Adjust(old_checksum, uint64_t{2 * not_old_length + 2 * length_be} + sum_change);
  if (old_checksum == 0) [[unlikely]]
    checksum = turn_round_internal::UdpChecksum(frame, payload_size);
  // RFC 768: a checksum of zero is sent as all ones; zero means none.
  if (checksum == 0) checksum = 0xffff;
  const uint32_t ports = std::rotl(static_cast<uint32_t>(old), 16);
  StoreMemoryOrder(udp, ports | uint64_t{length_be | checksum << 16} << 32);
  turn_round_internal::SwapMacs(frame);
  turn_round_internal::TurnIp4(frame + kIp4At, 0, kProtocolUdp, kIp4Size + kUdpSize + payload_size);
  return kUdpPayloadAt + payload_size;
}

// Four frames at once. `payload_sizes` and `sum_changes` hold what TurnUdp takes, a dword a frame.
inline void TurnFourUdp(uint8_t* const* frames, __m128i payload_sizes, __m128i sum_changes) noexcept {
  const __m128i low_word = _mm_set1_epi32(0xffff);
  const auto add = [](auto... terms) {
    __m128i sum = _mm_setzero_si128();
    ((sum = _mm_add_epi32(sum, terms)), ...);
    return sum;
  };
  const auto checksum_of = [&](__m128i sum) { return _mm_andnot_si128(FoldOnce(FoldOnce(sum)), low_word); };
  // Source, destination, ports, UDP length and checksum.
  __m128i columns[4];
  for (size_t f = 0; f < 4; ++f) columns[f] = LoadVector(frames[f] + kIp4At + ip4::kSource);
  Transpose(columns);
  const auto& [sources, destinations, ports, old_udp] = columns;

  // In network order: of UDP in the low word, of IP in the high one.
  const __m128i udp_lengths = _mm_shuffle_epi8(add(payload_sizes, _mm_set1_epi32(kUdpSize)),
                                               _mm_setr_epi8(1, 0, -1, -1, 5, 4, -1, -1, 9, 8, -1, -1, 13, 12, -1, -1));
  const __m128i total_lengths =
      _mm_shuffle_epi8(add(payload_sizes, _mm_set1_epi32(kIp4Size + kUdpSize)),
                       _mm_setr_epi8(-1, -1, 1, 0, -1, -1, 5, 4, -1, -1, 9, 8, -1, -1, 13, 12));

  // As TurnUdp: RFC 1624 equation 3, the length twice.
  const __m128i old_checksums = _mm_srli_epi32(old_udp, 16);
  const __m128i not_old_lengths = _mm_andnot_si128(old_udp, low_word);
  const __m128i lengths = add(not_old_lengths, udp_lengths);
  const __m128i udp_checksums =
      checksum_of(add(_mm_xor_si128(old_checksums, low_word), lengths, lengths, FoldOnce(sum_changes)));
  const __m128i all_ones = _mm_and_si128(_mm_cmpeq_epi32(udp_checksums, _mm_setzero_si128()), low_word);
  const __m128i udp = _mm_or_si128(udp_lengths, _mm_slli_epi32(_mm_or_si128(udp_checksums, all_ones), 16));

  // As TurnIp4.
  constexpr uint32_t kFlags = uint32_t{SwapBytes(ip4::kDontFragment)};
  constexpr uint32_t kTtlAndProtocol = turn_round_internal::kTtl | uint32_t{kProtocolUdp} << 8;
  constexpr uint32_t kFixed = ip4::kVersion4Length5 + kFlags + kTtlAndProtocol + 2 * kSumOfWordsBias;
  const __m128i ip_checksums = checksum_of(
      add(SumOfWords(sources), SumOfWords(destinations), _mm_srli_epi32(total_lengths, 16), _mm_set1_epi32(kFixed)));
  __m128i heads[4] = {_mm_or_si128(total_lengths, _mm_set1_epi32(ip4::kVersion4Length5)), _mm_set1_epi32(kFlags << 16),
                      _mm_or_si128(_mm_slli_epi32(ip_checksums, 16), _mm_set1_epi32(kTtlAndProtocol)), destinations};
  __m128i tails[4] = {destinations, sources, _mm_or_si128(_mm_slli_epi32(ports, 16), _mm_srli_epi32(ports, 16)), udp};
  Transpose(heads);
  Transpose(tails);
  for (size_t f = 0; f < 4; ++f) {
    turn_round_internal::SwapMacs(frames[f]);
    StoreVector(frames[f] + kIp4At, heads[f]);
    StoreVector(frames[f] + kIp4At + ip4::kSource, tails[f]);
  }
  const int none = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(old_checksums, _mm_setzero_si128())));
  if (none != 0) [[unlikely]]
    turn_round_internal::ComputeUdpChecksums(frames, none);
}

}  // namespace rblitz::net
