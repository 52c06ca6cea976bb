// The parts of ClassifyFrame, a file a family. Private to net/.
//
// Thread-safety: pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/frame_kind.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/own_addresses.h"

namespace rblitz::net {

using Bytes = std::span<const uint8_t>;

// The broadcast address of an own address's network; a /31 or /32 has none (RFC 3021), and the address itself stands
// for it.
[[nodiscard]] inline uint32_t Broadcast(const OwnIp4& ip4) noexcept {
  return ip4.prefix_length <= 30 ? ip4.address | 0xffffffff >> ip4.prefix_length : ip4.address;
}
[[nodiscard]] inline bool IsOwn(uint32_t address, const OwnAddresses& own) noexcept {
  return std::any_of(own.ip4.begin(), own.ip4.end(), [=](const OwnIp4& ip4) { return ip4.address == address; });
}
[[nodiscard]] inline bool IsOwn(const Ip6& address, const OwnAddresses& own) noexcept {
  return std::any_of(own.ip6.begin(), own.ip6.end(), [&](const OwnIp6& ip6) { return ip6.address == address; });
}

// `frame` whole, with its network header at `net_at`; whoever sent it meant our MAC, or a group where IPv6 has one.
[[nodiscard]] Frame ClassifyIp4(Bytes frame, size_t net_at, const OwnAddresses& own) noexcept;
[[nodiscard]] Frame ClassifyIp6(Bytes frame, size_t net_at, const OwnAddresses& own) noexcept;

// What stands at `at`, up to where the IP packet ends.
[[nodiscard]] inline Frame ClassifyUdp(Bytes packet, size_t net_at, size_t at, bool is_ip6) noexcept {
  const Bytes udp = packet.subspan(at);
  if (udp.size() < kUdpSize) return {FrameKind::kBadUdpLength};
  const size_t length = Load16(udp.data() + udp::kLength);
  if (length < kUdpSize || length > udp.size()) return {FrameKind::kBadUdpLength};
  if (Load16(udp.data() + udp::kDestinationPort) != kDnsPort) return {FrameKind::kOtherPort};
  // Port 0 is not a place that an answer could be sent to (RFC 768: "no port is used").
  if (Load16(udp.data() + udp::kSourcePort) == 0) return {FrameKind::kSourcePortZero};
  // RFC 8200 section 8.1: over IPv6 the checksum is not optional, nothing else guards the addresses.
  if (is_ip6 && Load16(udp.data() + udp::kChecksum) == 0) return {FrameKind::kNoUdpChecksum};
  return {.kind = FrameKind::kDnsQuestion,
          .size = static_cast<uint16_t>(length - kUdpSize),
          .upper_at = static_cast<uint16_t>(at),
          .net_at = static_cast<uint8_t>(net_at),
          .is_ip6 = is_ip6};
}

}  // namespace rblitz::net
