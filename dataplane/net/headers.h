// Where the fields of Ethernet, a VLAN tag, ARP, IPv4, IPv6, ICMP, neighbour discovery and UDP stand. Offsets with a
// layer's own prefix count from the start of that header; the k...At of whole frames count from the start of the frame
// and hold for frames without tag, options and extension headers.
//
// Units: bytes. Source: RFC 894, IEEE 802.1Q, RFC 826, RFC 791, RFC 8200, RFC 792, RFC 4443, RFC 4861, RFC 768.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rblitz::net {

inline constexpr size_t kMacSize = 6;
inline constexpr size_t kEthernetSize = 14;
inline constexpr size_t kVlanSize = 4;
inline constexpr size_t kArpSize = 28;
inline constexpr size_t kIp4Size = 20;  // without options
inline constexpr size_t kIp6Size = 40;  // without extension headers
inline constexpr size_t kIp6AddressSize = 16;
inline constexpr size_t kUdpSize = 8;
inline constexpr size_t kIcmpSize = 8;  // of an echo

inline constexpr uint16_t kEthertypeIp4 = 0x0800;
inline constexpr uint16_t kEthertypeArp = 0x0806;
inline constexpr uint16_t kEthertypeIp6 = 0x86dd;
inline constexpr uint16_t kEthertypeVlan = 0x8100;
inline constexpr uint16_t kEthertypeServiceVlan = 0x88a8;  // IEEE 802.1ad: the outer of two tags
inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolUdp = 17;
inline constexpr uint8_t kProtocolIcmp6 = 58;
inline constexpr uint16_t kDnsPort = 53;
inline constexpr uint8_t kAnswerTtl = 64;  // RFC 1700, "IP time to live parameter"

inline constexpr size_t kIp4At = kEthernetSize;
inline constexpr size_t kUdpAt = kIp4At + kIp4Size;
inline constexpr size_t kIcmpAt = kIp4At + kIp4Size;
inline constexpr size_t kUdpPayloadAt = kUdpAt + kUdpSize;
inline constexpr size_t kIp6At = kEthernetSize;
inline constexpr size_t kUdp6At = kIp6At + kIp6Size;
inline constexpr size_t kUdp6PayloadAt = kUdp6At + kUdpSize;
// Of a frame with all that an answer has in front of its payload.
inline constexpr size_t kMostBeforePayload = kUdp6PayloadAt + kVlanSize;

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
// Options, RFC 791 section 3.1.
inline constexpr uint8_t kEndOfOptions = 0;
inline constexpr uint8_t kNoOperation = 1;
inline constexpr uint8_t kLooseSourceRoute = 131;
inline constexpr uint8_t kStrictSourceRoute = 137;
}  // namespace ip4

namespace ip6 {
inline constexpr size_t kVersion = 0;  // and traffic class, flow label
inline constexpr size_t kPayloadLength = 4;
inline constexpr size_t kNextHeader = 6;
inline constexpr size_t kHopLimit = 7;
inline constexpr size_t kSource = 8;
inline constexpr size_t kDestination = 24;
inline constexpr uint32_t kVersion6 = 0x60000000;
// Extension headers, RFC 8200 section 4. All start with the next header's number.
inline constexpr uint8_t kHopByHop = 0;
inline constexpr uint8_t kRouting = 43;
inline constexpr uint8_t kFragment = 44;
inline constexpr uint8_t kDestinationOptions = 60;
inline constexpr size_t kExtensionUnit = 8;
inline constexpr size_t kExtensionLength = 1;  // in units behind the first; a fragment header is of one unit
inline constexpr size_t kOptionsAt = 2;
inline constexpr size_t kRoutingType = 2;
inline constexpr size_t kSegmentsLeft = 3;
inline constexpr size_t kFragmentOffset = 2;  // and M, with two reserved bits between
inline constexpr uint16_t kMoreFragmentsOrOffset = 0xfff9;
inline constexpr uint8_t kPad1 = 0;
inline constexpr uint8_t kPadN = 1;
inline constexpr uint8_t kUnknownIsDropped = 0xc0;  // 0 in options that may be skipped (section 4.2)
}  // namespace ip6

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

namespace icmp6 {  // type, code and checksum stand as in ICMP
inline constexpr uint8_t kEcho = 128;
inline constexpr uint8_t kEchoReply = 129;
inline constexpr uint8_t kRouterSolicitation = 133;
inline constexpr uint8_t kNeighborSolicitation = 135;
inline constexpr uint8_t kNeighborAdvertisement = 136;
inline constexpr uint8_t kRedirect = 137;
}  // namespace icmp6

namespace nd {  // of a solicitation or an advertisement
inline constexpr size_t kFlags = 4;
inline constexpr size_t kTarget = 8;
inline constexpr size_t kOptionsAt = 24;
inline constexpr size_t kOptionUnit = 8;
inline constexpr uint8_t kHopLimit = 255;
inline constexpr uint32_t kSolicited = 0x40000000;
inline constexpr uint32_t kOverride = 0x20000000;
inline constexpr uint8_t kSourceLinkAddress = 1;
inline constexpr uint8_t kTargetLinkAddress = 2;
}  // namespace nd

}  // namespace rblitz::net
