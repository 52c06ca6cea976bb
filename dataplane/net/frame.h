// What a received Ethernet frame is to us: a DNS question, an ARP request or an ICMP echo for an own address, or
// something to drop and why. Nothing in the frame is believed before it has been compared with the bytes that are
// there.
//
// Two functions say the same: ClassifyFrame reads header by header and is the definition; FrameCheck decides the one
// case that matters, a good DNS question, by a few loads and one predicate, and leaves the rest to ClassifyFrame.
//
// Thread-safety: pure, const. Lifetime: a FrameCheck points to its OwnAddresses. Units: bytes.
// Cost: bench/frame_bench, BM_FrameCheck and BM_ClassifyFrame.
// Source: RFC 894, RFC 826, RFC 791, RFC 792, RFC 768, RFC 1122 section 3.2.1.3.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/net/byte_order.h"
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

class FrameCheck {
 public:
  // A port with more addresses than these leaves every frame to ClassifyFrame.
  static constexpr size_t kFastAddresses = 8;

  explicit FrameCheck(const OwnAddresses* own) noexcept;

  [[nodiscard]] Frame operator()(std::span<const uint8_t> frame) const noexcept {
    if (frame.size() < kUdpPayloadAt || IsUnusual(frame.data(), frame.size())) [[unlikely]] {
      return ClassifyFrame(frame, *own_);
    }
    const uint16_t udp_length = Load16(frame.data() + kUdpAt + udp::kLength);
    return {FrameKind::kDnsQuestion, static_cast<uint16_t>(udp_length - kUdpSize)};
  }

 private:
  struct Key {  // memory order
    uint32_t address;
    uint32_t broadcast;  // `address` again where the network has none
  };

  // False: certainly a good DNS question. True: look closer. Every test leaves its finding in a word; one branch asks
  // for all.
  [[nodiscard]] bool IsUnusual(const uint8_t* p, size_t size) const noexcept {
    // Destination MAC ours, group bit of the source MAC clear.
    uint64_t differs = (LoadMemoryOrder<uint64_t>(p) ^ mac_) & 0x0001'ffff'ffff'ffff;
    // Ethertype 08 00, version 4 with 5 words 45.
    const auto type_to_length = LoadMemoryOrder<uint64_t>(p + ethernet::kType);
    differs |= (type_to_length ^ 0x45'0008) & 0xff'ffff;
    // No fragment (don't fragment may be set), any TTL, UDP.
    differs |= (LoadMemoryOrder<uint32_t>(p + kIp4At + ip4::kFragment) ^ kProtocolUdp << 24) & 0xff00'ff3f;
    const auto ports = LoadMemoryOrder<uint32_t>(p + kUdpAt);
    differs |= ports >> 16 ^ SwapBytes(kDnsPort);

    // Each difference is negative where a check fails. Lengths are far too small to wrap.
    const int64_t total_length = SwapBytes(static_cast<uint16_t>(type_to_length >> 32));
    const int64_t udp_length = Load16(p + kUdpAt + udp::kLength);
    const auto packet_room = static_cast<int64_t>(size - kEthernetSize);
    const int64_t lacks = (packet_room - total_length) | (udp_length - int64_t{kUdpSize}) |
                          (total_length - int64_t{kIp4Size} - udp_length) | (int64_t{ports & 0xffff} - 1);
    differs |= static_cast<uint64_t>(lacks) >> 63;

    const auto addresses = LoadMemoryOrder<uint64_t>(p + kIp4At + ip4::kSource);
    differs |= uint64_t{!IsSumAllOnes(p + kIp4At, addresses)};
    differs |= uint64_t{IsFromOrToElsewhere(static_cast<uint32_t>(addresses), static_cast<uint32_t>(addresses >> 32))};
    return differs != 0;
  }

  // Whether the header's words sum to 0xffff. 2^16 is 1 modulo 0xffff, so that this is to ask whether the header as one
  // number (never 0, it has a version) is a multiple of 0xffff: exact division is multiplication by the inverse modulo
  // 2^64.
  [[nodiscard]] static bool IsSumAllOnes(const uint8_t* ip, uint64_t addresses) noexcept {
    constexpr uint64_t kInverse = 0xfffe'fffe'fffe'ffff;
    constexpr uint64_t kLargestQuotient = ~uint64_t{0} / 0xffff;
    static_assert(kInverse * 0xffff == 1);
    const auto first = LoadMemoryOrder<uint64_t>(ip);
    const uint64_t middle = LoadMemoryOrder<uint32_t>(ip + ip4::kTtl);
    uint64_t sum = first + addresses;
    sum += uint64_t{sum < addresses};
    sum += middle;
    sum += uint64_t{sum < middle};
    return sum * kInverse <= kLargestQuotient;
  }

  // Takes all of 224/3 for suspicious: 240/4 is rare and ClassifyFrame lets it pass.
  [[nodiscard]] bool IsFromOrToElsewhere(uint32_t source, uint32_t destination) const noexcept {
    const auto net = static_cast<uint8_t>(source);
    bool suspicious = (static_cast<uint8_t>(net - 1) >= 0xdf) | (net == 127);
    bool to_us = false;
    for (const Key& key : std::span(keys_.data(), keys_size_)) {
      to_us |= destination == key.address;
      suspicious |= (source == key.address) | (source == key.broadcast);
    }
    return suspicious | !to_us;
  }

  uint64_t mac_ = 0;  // six bytes, memory order
  size_t keys_size_ = 0;
  std::array<Key, kFastAddresses> keys_{};
  const OwnAddresses* own_;
};

}  // namespace rblitz::net
