// Turns a question's frame round in place: what came to us becomes what goes back, to the MAC, address and port that
// asked. What is answered below UDP is in turn_reply.h.
//
// A VLAN tag stays where it is. Options and extension headers are not here any more (WithoutOptions in turn_reply.h).
//
// REQUIRES of all: FrameCheck said that the frame is of this kind. Each returns the bytes of the frame to send.
// Thread-safety: pure. Units: bytes.
// Cost: headers only, and a pass over the answer where the question had no UDP checksum: bench/frame_bench, BM_TurnUdp.
// Source: RFC 768, RFC 1624, RFC 8200.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/headers.h"

namespace rblitz::net {

namespace turn_round_internal {

// The UDP checksum over pseudo header, header and payload in full, of the packet at `ip`. Memory order.
[[nodiscard]] uint16_t UdpChecksum(const uint8_t* ip, size_t payload_size) noexcept;
[[nodiscard]] uint16_t UdpChecksum6(const uint8_t* ip, size_t payload_size) noexcept;

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

// The whole header anew, with a fresh hop limit; a flow label of 0 is none (RFC 6437 section 2).
inline void TurnIp6(uint8_t* ip, uint8_t traffic_class, uint8_t protocol, size_t payload_length) noexcept {
  using Address = uint8_t __attribute__((vector_size(16)));
  const auto source = LoadMemoryOrder<Address>(ip + ip6::kSource);
  const auto destination = LoadMemoryOrder<Address>(ip + ip6::kDestination);
  Store32(ip, ip6::kVersion6 | uint32_t{traffic_class} << 20);
  Store32(ip + ip6::kPayloadLength, static_cast<uint32_t>(payload_length) << 16 | uint32_t{protocol} << 8 | kAnswerTtl);
  StoreMemoryOrder(ip + ip6::kSource, destination);
  StoreMemoryOrder(ip + ip6::kDestination, source);
}

// The UDP header at `udp`; `computed` gives the checksum where the question had none.
inline void TurnUdpHeader(uint8_t* udp, size_t payload_size, uint32_t sum_change, const auto& computed) noexcept {
  const auto old = LoadMemoryOrder<uint64_t>(udp);
  const auto old_length_be = static_cast<uint16_t>(old >> 32);
  const auto old_checksum = static_cast<uint16_t>(old >> 48);
  const uint32_t length_be = SwapBytes(static_cast<uint16_t>(kUdpSize + payload_size));
  // Exchanged addresses and ports leave the sum alone; the length stands in it twice (RFC 768).
  const uint32_t not_old_length = static_cast<uint16_t>(~old_length_be);
  uint32_t checksum = Adjust(old_checksum, uint64_t{2 * not_old_length + 2 * length_be} + sum_change);
  if (old_checksum == 0) [[unlikely]]
    checksum = computed();
  // RFC 768: a checksum of zero is sent as all ones; zero means none.
  if (checksum == 0) checksum = 0xffff;
  const uint32_t ports = std::rotl(static_cast<uint32_t>(old), 16);
  StoreMemoryOrder(udp, ports | uint64_t{length_be | checksum << 16} << 32);
}

inline void TurnUdp4(uint8_t* ip, size_t payload_size, uint32_t sum_change) noexcept {
  TurnUdpHeader(ip + kIp4Size, payload_size, sum_change, [=] { return UdpChecksum(ip, payload_size); });
  TurnIp4(ip, 0, kProtocolUdp, kIp4Size + kUdpSize + payload_size);
}

inline void TurnUdp6(uint8_t* ip, size_t payload_size, uint32_t sum_change) noexcept {
  TurnUdpHeader(ip + kIp6Size, payload_size, sum_change, [=] { return UdpChecksum6(ip, payload_size); });
  TurnIp6(ip, 0, kProtocolUdp, kUdpSize + payload_size);
}

}  // namespace turn_round_internal

// The payload at kUdpPayloadAt has already become the answer, of `payload_size` bytes, with its sum changed by
// `sum_change` (Change() of checksum.h, folded or not); the headers are still the question's. A question whose checksum
// was wrong gets an answer whose checksum is wrong, which its client drops; a question without one gets a right one.
inline size_t TurnUdp(uint8_t* frame, size_t payload_size, uint32_t sum_change) noexcept {
  turn_round_internal::TurnUdp4(frame + kIp4At, payload_size, sum_change);
  turn_round_internal::SwapMacs(frame);
  return kUdpPayloadAt + payload_size;
}

// A question over IPv6 whose payload stands at `payload_at` starts its IP header so far before it; one over IPv4 is
// told from it by where that is.
[[nodiscard]] constexpr bool IsIp6PayloadAt(size_t payload_at) noexcept { return payload_at >= kUdp6PayloadAt; }
static_assert(kUdpPayloadAt + kVlanSize < kUdp6PayloadAt);

// TurnUdp for IPv4 and IPv6, with and without a VLAN tag: all that is plain but for that. A checksum field of 0, which
// no question over IPv6 has, says as over IPv4 that it is to be computed.
inline size_t TurnUdpAt(uint8_t* frame, size_t payload_at, size_t payload_size, uint32_t sum_change) noexcept {
  if (IsIp6PayloadAt(payload_at)) {
    turn_round_internal::TurnUdp6(frame + payload_at - kUdpSize - kIp6Size, payload_size, sum_change);
  } else {
    turn_round_internal::TurnUdp4(frame + payload_at - kUdpSize - kIp4Size, payload_size, sum_change);
  }
  turn_round_internal::SwapMacs(frame);
  return payload_at + payload_size;
}

// Turns at most 64 frames; each array holds what TurnUdp takes, by frame.
void TurnUdpFrames(uint8_t* const* frames, const uint32_t* payload_sizes, const uint32_t* sum_changes,
                   size_t count) noexcept;

}  // namespace rblitz::net
