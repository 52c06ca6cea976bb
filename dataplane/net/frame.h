// What a received Ethernet frame is to us: a DNS question, an ARP request or an ICMP echo for an own address, or
// something to drop and why. Nothing in the frame is believed before it has been compared with the bytes that are
// there.
//
// Two functions say the same: ClassifyFrame reads header by header and is the definition; CheckFrame decides the one
// case that matters, a good DNS question, by a few loads and one predicate, and leaves the rest to ClassifyFrame.
//
// Thread-safety: pure. Units: bytes.
// Cost: CheckFrame about 3 ns for a question when the frame is warm and the port has one address.
// Source: RFC 894, RFC 826, RFC 791, RFC 792, RFC 768, RFC 1122 section 3.2.1.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/own_addresses.h"

namespace rblitz::net {

enum class FrameKind : uint8_t {
  kDnsQuestion,  // UDP to port 53; its checksum has not been looked at
  kArpRequest,
  kIcmpEcho,
  // Everything from here on is dropped.
  kRunt,  // shorter than its headers say
  kOtherMac,
  kOtherEthertype,
  kArpNotUs,
  kBadIpHeader,
  kIpChecksum,
  kIpOptions,
  kIpFragment,
  kOtherAddress,
  kMartianSource,
  kOtherProtocol,
  kBadUdpLength,
  kOtherPort,
  kSourcePortZero,
  kIcmpChecksum,
  kCount
};

struct Frame {
  FrameKind kind;
  uint16_t size = 0;  // kDnsQuestion: of the UDP payload, which starts at kUdpPayloadAt; kIcmpEcho: of the ICMP message

  bool operator==(const Frame&) const = default;
};

[[nodiscard]] Frame ClassifyFrame(std::span<const uint8_t> frame, const OwnAddresses& own) noexcept;

// Whether an address may not be the source of a packet that came over a wire, whoever we are: "this network", loopback,
// multicast, limited broadcast (RFC 1122 section 3.2.1.3). Host order.
[[nodiscard]] constexpr bool IsMartian(uint32_t source) noexcept {
  const uint32_t net = source >> 24;
  return (net == 0) | (net == 127) | ((net & 0xf0) == 0xe0) | (source == 0xffffffff);
}

// Whether `source` is an own address or the broadcast address of its network; a /31 or /32 has none (RFC 3021). Host
// order.
[[nodiscard]] constexpr bool IsOwnOrBroadcast(uint32_t source, const OwnIp4& own) noexcept {
  const auto host_mask = static_cast<uint32_t>(uint64_t{0xffffffff} >> own.prefix_length);
  const bool is_broadcast = (own.prefix_length <= 30) & (source == (own.address | host_mask));
  return (source == own.address) | is_broadcast;
}

// The plain checks of ClassifyFrame as one predicate: every `wrong` bit that it finds stays set, and one branch asks
// for all.
[[nodiscard]] inline Frame CheckFrame(std::span<const uint8_t> frame, const OwnAddresses& own) noexcept {
  if (frame.size() < kUdpPayloadAt) [[unlikely]]
    return ClassifyFrame(frame, own);
  const uint8_t* p = frame.data();
  uint32_t mac_high;
  uint16_t mac_low;
  std::memcpy(&mac_high, own.mac.data(), 4);
  std::memcpy(&mac_low, own.mac.data() + 4, 2);

  // Destination MAC ours, group bit of the source MAC clear.
  const uint64_t mac = mac_high | uint64_t{mac_low} << 32;
  uint64_t wrong = (LoadMemoryOrder<uint64_t>(p) ^ mac) & 0x0001'ffff'ffff'ffff;
  // IPv4 (08 00), version 4 with 5 words (45).
  const auto type_to_length = LoadMemoryOrder<uint64_t>(p + ethernet::kType);
  wrong |= (type_to_length ^ 0x450008) & 0xffffff;
  // Not a fragment (don't fragment may be set), UDP (11 hexadecimal).
  const auto fragment_to_source = LoadMemoryOrder<uint64_t>(p + kIp4At + ip4::kFragment);
  wrong |= (fragment_to_source ^ 0x11000000) & 0xff00ff3f;

  // Header checksum: ten words that shall sum to 0xffff.
  const auto first_half = LoadMemoryOrder<uint64_t>(p + kIp4At);
  const auto addresses = LoadMemoryOrder<uint64_t>(p + kIp4At + ip4::kSource);
  const auto middle = LoadMemoryOrder<uint32_t>(p + kIp4At + ip4::kTtl);
  wrong |=
      Fold((first_half & 0xffffffff) + (first_half >> 32) + (addresses & 0xffffffff) + (addresses >> 32) + middle) ^
      0xffff;

  const uint32_t total_length = SwapBytes(static_cast<uint16_t>(type_to_length >> 32));
  const uint32_t udp_length = Load16(p + kUdpAt + udp::kLength);
  wrong |=
      (total_length > frame.size() - kEthernetSize) | (udp_length < kUdpSize) | (udp_length + kIp4Size > total_length);

  const auto ports = LoadMemoryOrder<uint32_t>(p + kUdpAt);
  wrong |= ((ports >> 16) ^ SwapBytes(kDnsPort)) | uint64_t{(ports & 0xffff) == 0};

  const uint32_t source = SwapBytes(static_cast<uint32_t>(addresses));
  const uint32_t destination = SwapBytes(static_cast<uint32_t>(addresses >> 32));
  bool to_us = false;
  bool martian = IsMartian(source);
  for (const OwnIp4& ip4 : own.ip4) {
    to_us |= destination == ip4.address;
    martian |= IsOwnOrBroadcast(source, ip4);
  }
  wrong |= uint64_t{!to_us} | uint64_t{martian};

  if (wrong != 0) [[unlikely]]
    return ClassifyFrame(frame, own);
  return {FrameKind::kDnsQuestion, static_cast<uint16_t>(udp_length - kUdpSize)};
}

}  // namespace rblitz::net
