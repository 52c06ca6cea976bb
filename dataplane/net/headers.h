// Where the fields of Ethernet, ARP, IPv4, ICMP and UDP stand. Offsets with a layer's own prefix count from the start
// of that header; the k...At of whole frames count from the start of the frame and hold for an IPv4 header without
// options.
//
// Units: bytes. Source: RFC 894, RFC 826, RFC 791, RFC 792, RFC 768.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rblitz::net {

inline constexpr size_t kMacSize = 6;
inline constexpr size_t kEthernetSize = 14;
inline constexpr size_t kArpSize = 28;
inline constexpr size_t kIp4Size = 20;  // without options
inline constexpr size_t kUdpSize = 8;
inline constexpr size_t kIcmpSize = 8;  // of an echo

inline constexpr uint16_t kEthertypeIp4 = 0x0800;
inline constexpr uint16_t kEthertypeArp = 0x0806;
inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolUdp = 17;
inline constexpr uint16_t kDnsPort = 53;
inline constexpr uint8_t kAnswerTtl = 64;  // RFC 1700, "IP time to live parameter"

inline constexpr size_t kIp4At = kEthernetSize;
inline constexpr size_t kUdpAt = kIp4At + kIp4Size;
inline constexpr size_t kIcmpAt = kIp4At + kIp4Size;
inline constexpr size_t kUdpPayloadAt = kUdpAt + kUdpSize;

namespace ethernet {
inline constexpr size_t kDestination = 0;
inline constexpr size_t kSource = 6;
inline constexpr size_t kType = 12;
}  // namespace ethernet

namespace arp {
inline constexpr size_t kHardwareType = 0;
inline constexpr size_t kProtocolType = 2;
inline constexpr size_t kAddressSizes = 4;
inline constexpr size_t kOperation = 6;
inline constexpr size_t kSenderMac = 8;
inline constexpr size_t kSenderIp = 14;
inline constexpr size_t kTargetMac = 18;
inline constexpr size_t kTargetIp = 24;
inline constexpr uint16_t kRequest = 1;
inline constexpr uint16_t kReply = 2;
}  // namespace arp

namespace ip4 {
inline constexpr size_t kVersionAndLength = 0;
inline constexpr size_t kTypeOfService = 1;
inline constexpr size_t kTotalLength = 2;
inline constexpr size_t kIdentification = 4;
inline constexpr size_t kFragment = 6;
inline constexpr size_t kTtl = 8;
inline constexpr size_t kProtocol = 9;
inline constexpr size_t kChecksum = 10;
inline constexpr size_t kSource = 12;
inline constexpr size_t kDestination = 16;
inline constexpr uint8_t kVersion4Length5 = 0x45;
inline constexpr uint16_t kDontFragment = 0x4000;
inline constexpr uint16_t kMoreFragmentsOrOffset = 0x3fff;
}  // namespace ip4

namespace udp {
inline constexpr size_t kSourcePort = 0;
inline constexpr size_t kDestinationPort = 2;
inline constexpr size_t kLength = 4;
inline constexpr size_t kChecksum = 6;
}  // namespace udp

namespace icmp {
inline constexpr size_t kType = 0;
inline constexpr size_t kCode = 1;
inline constexpr size_t kChecksum = 2;
inline constexpr uint8_t kEchoReply = 0;
inline constexpr uint8_t kEcho = 8;
}  // namespace icmp

}  // namespace rblitz::net
