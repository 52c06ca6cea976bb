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

namespace rblitz::net {

namespace turn_round_internal {

// The UDP checksum over pseudo header, header and payload in full. Memory order.
[[nodiscard]] uint16_t UdpChecksum(const uint8_t* frame, size_t payload_size) noexcept;

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
  const uint32_t ttl_and_protocol = kAnswerTtl | uint32_t{protocol} << 8;
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

// Turns at most 64 frames; each array holds what TurnUdp takes, by frame.
void TurnUdpFrames(uint8_t* const* frames, const uint32_t* payload_sizes, const uint32_t* sum_changes,
                   size_t count) noexcept;

}  // namespace rblitz::net
