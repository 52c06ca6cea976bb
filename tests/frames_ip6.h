// Frames of IPv6 for tests, and VLAN tags, built as those of frames.h: byte by byte, with nothing of dataplane/net.
//
// Thread-safety: pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "tests/frames.h"

namespace rblitz::test {

// An address by its first and its last 16 bits, zeros between: fd53::53.
inline FrameBytes Ip6(uint32_t first, uint32_t last) {
  FrameBytes address(16, 0);
  Write16(address, 0, first);
  Write16(address, 14, last);
  return address;
}
inline const FrameBytes kOwnIp6 = Ip6(0xfd53, 0x53);
inline const FrameBytes kOtherOwnIp6 = Ip6(0x2001, 0x53);
inline const FrameBytes kOwnLinkLocal = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x00, 0x53, 0x00, 0xff, 0xfe, 0x00, 0x00, 0x01};
inline const FrameBytes kClientIp6 = Ip6(0xfd53, 0x07);
inline const FrameBytes kAllNodesIp6 = Ip6(0xff02, 1);
inline const FrameBytes kAllNodesMac = {0x33, 0x33, 0, 0, 0, 1};

inline net::OwnAddresses OwnWithIp6() {
  net::OwnAddresses own = Own();
  for (const FrameBytes* address : {&kOwnIp6, &kOtherOwnIp6, &kOwnLinkLocal}) {
    own.ip6.push_back({{}, 64});
    std::copy(address->begin(), address->end(), own.ip6.back().address.begin());
  }
  return own;
}

// RFC 4291 section 2.7.1, RFC 2464 section 7.
inline FrameBytes SolicitedGroup(const FrameBytes& address) {
  FrameBytes group = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  group.insert(group.end(), address.begin() + 13, address.end());
  return group;
}
inline FrameBytes MacOfGroup(const FrameBytes& group) {
  return {0x33, 0x33, group[12], group[13], group[14], group[15]};
}

// RFC 8200 section 8.1; the checksum's own field counts as 0.
inline uint32_t NaiveChecksum6(const FrameBytes& source, const FrameBytes& destination, uint8_t protocol,
                               const FrameBytes& message) {
  FrameBytes whole = source;
  Append(whole, destination);
  Append32(whole, static_cast<uint32_t>(message.size()));
  Append32(whole, protocol);
  Append(whole, message);
  return NaiveChecksum(whole);
}

struct Ip6Fields {
  FrameBytes source = kClientIp6;
  FrameBytes destination = kOwnIp6;
  uint8_t next_header = 17;  // of what follows the extension headers
  FrameBytes extensions;     // whole; the last one names next_header itself
  int first_header = -1;     // -1: next_header
  int payload_length = -1;   // -1: right
  uint8_t hop_limit = 57;
  uint32_t version_and_class = 0x60;
  FrameBytes destination_mac = kOwnMac;
  FrameBytes source_mac = kClientMac;
};

inline FrameBytes Ip6Frame(const Ip6Fields& fields, const FrameBytes& payload) {
  FrameBytes frame = Ethernet(fields.destination_mac, fields.source_mac, 0x86dd);
  Append(frame, {static_cast<uint8_t>(fields.version_and_class), 0x01, 0x23, 0x45});
  const size_t size = fields.extensions.size() + payload.size();
  Append16(frame, static_cast<uint32_t>(fields.payload_length >= 0 ? fields.payload_length : static_cast<int>(size)));
  frame.push_back(fields.first_header >= 0 ? static_cast<uint8_t>(fields.first_header) : fields.next_header);
  frame.push_back(fields.hop_limit);
  Append(frame, fields.source);
  Append(frame, fields.destination);
  Append(frame, fields.extensions);
  Append(frame, payload);
  return frame;
}

inline FrameBytes Udp6Frame(const Ip6Fields& ip, const UdpFields& udp, const FrameBytes& payload) {
  FrameBytes datagram = Datagram(udp, payload);
  const uint32_t checksum = NaiveChecksum6(ip.source, ip.destination, 17, datagram);
  if (udp.has_checksum) Write16(datagram, 6, checksum == 0 ? 0xffff : checksum);
  return Ip6Frame(ip, datagram);
}

inline FrameBytes Icmp6Frame(Ip6Fields ip, FrameBytes message, uint32_t checksum_error = 0) {
  Write16(message, 2, 0);
  Write16(message, 2, NaiveChecksum6(ip.source, ip.destination, 58, message) ^ checksum_error);
  ip.next_header = 58;
  return Ip6Frame(ip, message);
}

inline FrameBytes Echo6Frame(const Ip6Fields& ip, const FrameBytes& data, uint32_t checksum_error = 0) {
  FrameBytes message = {128, 0, 0, 0, 0x42, 0x42, 0, 7};
  Append(message, data);
  return Icmp6Frame(ip, message, checksum_error);
}

struct NdFields {
  uint8_t type = 135;
  uint8_t code = 0;
  uint32_t flags = 0;
  FrameBytes target = kOwnIp6;
  FrameBytes options = {1, 1, 0x02, 0xc1, 0, 0, 0, 2};  // kClientMac
  uint32_t checksum_error = 0;
};

// To the target's group unless `ip` says where.
inline Ip6Fields ToGroupOf(const FrameBytes& target, Ip6Fields ip = {}) {
  ip.destination = SolicitedGroup(target);
  ip.destination_mac = MacOfGroup(ip.destination);
  ip.hop_limit = 255;
  return ip;
}

inline FrameBytes NdFrame(const Ip6Fields& ip, const NdFields& nd) {
  FrameBytes message = {nd.type, nd.code, 0, 0};
  Append32(message, nd.flags);
  Append(message, nd.target);
  Append(message, nd.options);
  return Icmp6Frame(ip, message, nd.checksum_error);
}

inline FrameBytes Tagged(FrameBytes frame, uint32_t tag, uint32_t type = 0x8100) {
  FrameBytes bytes;
  Append16(bytes, type);
  Append16(bytes, tag);
  frame.insert(frame.begin() + 12, bytes.begin(), bytes.end());
  return frame;
}

}  // namespace rblitz::test
