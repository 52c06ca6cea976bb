// Frames for tests, built byte by byte and checksummed by the definition in RFC 1071, with nothing of dataplane/net:
// what a test compares with must not share its mistakes.
//
// Thread-safety: pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/net/own_addresses.h"

namespace rblitz::test {

using FrameBytes = std::vector<uint8_t>;

inline const FrameBytes kOwnMac = {0x02, 0x53, 0x00, 0x00, 0x00, 0x01};
inline const FrameBytes kClientMac = {0x02, 0xc1, 0x00, 0x00, 0x00, 0x02};
inline constexpr uint32_t kOwnIp = 0x0a350035;       // 10.53.0.53
inline constexpr uint32_t kOtherOwnIp = 0xc0000235;  // 192.0.2.53
inline constexpr uint32_t kClientIp = 0x0a350007;    // 10.53.0.7

inline net::OwnAddresses Own() {
  net::OwnAddresses own;
  std::copy(kOwnMac.begin(), kOwnMac.end(), own.mac.begin());
  own.ip4 = {{kOwnIp, 24}, {kOtherOwnIp, 32}};
  return own;
}

inline void Append(FrameBytes& out, const FrameBytes& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
inline void Append16(FrameBytes& out, uint32_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}
inline void Append32(FrameBytes& out, uint32_t value) {
  Append16(out, value >> 16);
  Append16(out, value);
}
inline uint32_t Read16(const FrameBytes& bytes, size_t at) { return uint32_t{bytes.at(at)} << 8 | bytes.at(at + 1); }
inline void Write16(FrameBytes& bytes, size_t at, uint32_t value) {
  bytes.at(at) = static_cast<uint8_t>(value >> 8);
  bytes.at(at + 1) = static_cast<uint8_t>(value);
}

// RFC 1071 section 1, as it stands there: big-endian words, odd byte padded, carries added in.
inline uint32_t NaiveSum(std::span<const uint8_t> bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? static_cast<uint32_t>(bytes[i]) << 8 : bytes[i];
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}
inline uint32_t NaiveChecksum(std::span<const uint8_t> bytes) { return ~NaiveSum(bytes) & 0xffff; }

// What the UDP checksum of a datagram with this pseudo header must be; the field itself counts as 0.
inline uint32_t NaiveUdpChecksum(uint32_t source, uint32_t destination, FrameBytes datagram) {
  Write16(datagram, 6, 0);
  FrameBytes whole;
  Append32(whole, source);
  Append32(whole, destination);
  Append16(whole, 17);
  Append16(whole, static_cast<uint32_t>(datagram.size()));
  Append(whole, datagram);
  const uint32_t checksum = NaiveChecksum(whole);
  return checksum == 0 ? 0xffff : checksum;
}

struct Ip4Fields {
  uint32_t source = kClientIp;
  uint32_t destination = kOwnIp;
  uint8_t protocol = 17;
  uint8_t version_and_length = 0x45;
  uint32_t total_length = 0;  // 0: right
  uint32_t fragment = 0x4000;
  uint32_t checksum_error = 0;  // xored into the right one
  FrameBytes options;
  FrameBytes destination_mac = kOwnMac;
  FrameBytes source_mac = kClientMac;
  uint32_t ethertype = 0x0800;
};

inline FrameBytes Ethernet(const FrameBytes& destination, const FrameBytes& source, uint32_t type) {
  FrameBytes frame;
  Append(frame, destination);
  Append(frame, source);
  Append16(frame, type);
  return frame;
}

inline FrameBytes Ip4Frame(const Ip4Fields& fields, const FrameBytes& payload) {
  FrameBytes ip = {fields.version_and_length, 0};
  const size_t size = 20 + fields.options.size() + payload.size();
  Append16(ip, fields.total_length != 0 ? fields.total_length : static_cast<uint32_t>(size));
  Append16(ip, 0x1234);
  Append16(ip, fields.fragment);
  ip.push_back(57);
  ip.push_back(fields.protocol);
  Append16(ip, 0);
  Append32(ip, fields.source);
  Append32(ip, fields.destination);
  Append(ip, fields.options);
  Write16(ip, 10, NaiveChecksum(ip) ^ fields.checksum_error);
  FrameBytes frame = Ethernet(fields.destination_mac, fields.source_mac, fields.ethertype);
  Append(frame, ip);
  Append(frame, payload);
  return frame;
}

struct UdpFields {
  uint32_t source_port = 40053;
  uint32_t destination_port = 53;
  uint32_t length = 0;  // 0: right
  bool has_checksum = true;
};

// Without a checksum.
inline FrameBytes Datagram(const UdpFields& udp, const FrameBytes& payload) {
  FrameBytes datagram;
  Append16(datagram, udp.source_port);
  Append16(datagram, udp.destination_port);
  Append16(datagram, udp.length != 0 ? udp.length : static_cast<uint32_t>(8 + payload.size()));
  Append16(datagram, 0);
  Append(datagram, payload);
  return datagram;
}

inline FrameBytes UdpFrame(const Ip4Fields& ip, const UdpFields& udp, const FrameBytes& payload) {
  FrameBytes datagram = Datagram(udp, payload);
  if (udp.has_checksum) Write16(datagram, 6, NaiveUdpChecksum(ip.source, ip.destination, datagram));
  return Ip4Frame(ip, datagram);
}

struct IcmpFields {
  uint8_t type = 8;
  uint8_t code = 0;
  uint32_t identifier = 0x4242;
  uint32_t sequence = 7;
  uint32_t checksum_error = 0;
};

inline FrameBytes IcmpFrame(Ip4Fields ip, const IcmpFields& icmp, const FrameBytes& data) {
  FrameBytes message = {icmp.type, icmp.code, 0, 0};
  Append16(message, icmp.identifier);
  Append16(message, icmp.sequence);
  Append(message, data);
  Write16(message, 2, NaiveChecksum(message) ^ icmp.checksum_error);
  ip.protocol = 1;
  return Ip4Frame(ip, message);
}

struct ArpFields {
  uint32_t operation = 1;
  uint32_t sender_ip = kClientIp;
  uint32_t target_ip = kOwnIp;
  FrameBytes destination_mac = FrameBytes(6, 0xff);
  FrameBytes sender_mac = kClientMac;
};

inline FrameBytes ArpFrame(const ArpFields& arp) {
  FrameBytes frame = Ethernet(arp.destination_mac, arp.sender_mac, 0x0806);
  Append16(frame, 1);
  Append16(frame, 0x0800);
  Append16(frame, 0x0604);
  Append16(frame, arp.operation);
  Append(frame, arp.sender_mac);
  Append32(frame, arp.sender_ip);
  Append(frame, FrameBytes(6, 0));
  Append32(frame, arp.target_ip);
  return frame;
}

}  // namespace rblitz::test
