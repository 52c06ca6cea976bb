// What a FrameKernel does, for vectors of any width; included by frame_kernel_*.cc, each compiled for its instruction
// set. All of it is inlined there: no function of this header exists by itself.
//
// Thread-safety, cost: frame_kernels.h. Source: RFC 768, RFC 791, RFC 1624.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/frame_kernels.h"
#include "dataplane/net/frame_vectors.h"
#include "dataplane/net/headers.h"

namespace rblitz::net {

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
    const uint32_t none = Turn(frames + i, LoadVector<V>(payload_sizes + i), LoadVector<V>(sum_changes + i));
    without_checksum |= uint64_t{none} << i;
  }
  return without_checksum;
}

}  // namespace rblitz::net

#undef RBLITZ_INLINE
