#include "dataplane/net/turn_round.h"

#include <cstring>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/headers.h"

namespace rblitz::net {

namespace {

constexpr uint8_t kTtl = 64;  // RFC 1700, "IP time to live parameter"

void SwapMacs(uint8_t* frame) noexcept {
  // The source and the destination's first two bytes in one store, the other four in another.
  const auto destination = LoadMemoryOrder<uint64_t>(frame + ethernet::kDestination);
  const auto source = LoadMemoryOrder<uint32_t>(frame + ethernet::kSource);
  const auto source_end = LoadMemoryOrder<uint16_t>(frame + ethernet::kSource + 4);
  StoreMemoryOrder(frame, uint64_t{source} | uint64_t{source_end} << 32 | destination << 48);
  StoreMemoryOrder(frame + 8, static_cast<uint32_t>(destination >> 16));
}

// The whole header anew. Don't fragment, identification 0: an atomic datagram, whose identification means nothing (RFC
// 6864 section 4.1), and answers are kept smaller than any path's MTU.
void TurnIp4(uint8_t* ip, uint8_t type_of_service, uint8_t protocol, size_t total_length) noexcept {
  const auto addresses = LoadMemoryOrder<uint64_t>(ip + ip4::kSource);
  const uint64_t length_be = SwapBytes(static_cast<uint16_t>(total_length));
  const uint64_t first = ip4::kVersion4Length5 | uint64_t{type_of_service} << 8 | length_be << 16 |
                         uint64_t{SwapBytes(ip4::kDontFragment)} << 48;
  const uint32_t ttl_and_protocol = kTtl | uint32_t{protocol} << 8;
  const uint32_t sum =
      Fold((first & 0xffffffff) + (first >> 32) + ttl_and_protocol + (addresses & 0xffffffff) + (addresses >> 32));
  StoreMemoryOrder(ip, first);
  StoreMemoryOrder(ip + ip4::kTtl, ttl_and_protocol | (~sum << 16));
  StoreMemoryOrder(ip + ip4::kSource, addresses << 32 | addresses >> 32);
}

// Of an answer to a question without a checksum: pseudo header, header and payload in full.
uint16_t UdpChecksum(const uint8_t* frame, size_t payload_size) noexcept {
  const uint8_t* ip = frame + kIp4At;
  const uint8_t* udp = frame + kUdpAt;
  // The length stands in the pseudo header and in the header (RFC 768).
  const uint64_t length_be = SwapBytes(static_cast<uint16_t>(kUdpSize + payload_size));
  const uint64_t protocol_be = SwapBytes(uint16_t{kProtocolUdp});
  return static_cast<uint16_t>(~Fold(uint64_t{Sum(ip + ip4::kSource, 8)} + Sum(udp, 4) + 2 * length_be + protocol_be +
                                     Sum(frame + kUdpPayloadAt, payload_size)));
}

}  // namespace

size_t TurnArp(uint8_t* frame, const OwnAddresses& own) noexcept {
  uint8_t* arp = frame + kEthernetSize;
  uint8_t target_ip[4];
  std::memcpy(target_ip, arp + arp::kTargetIp, 4);
  Store16(arp + arp::kOperation, arp::kReply);
  std::memcpy(arp + arp::kTargetMac, arp + arp::kSenderMac, kMacSize + 4);
  std::memcpy(arp + arp::kSenderMac, own.mac.data(), kMacSize);
  std::memcpy(arp + arp::kSenderIp, target_ip, 4);
  std::memcpy(frame + ethernet::kDestination, frame + ethernet::kSource, kMacSize);
  std::memcpy(frame + ethernet::kSource, own.mac.data(), kMacSize);
  return kEthernetSize + kArpSize;
}

size_t TurnEcho(uint8_t* frame, size_t icmp_size) noexcept {
  uint8_t* icmp = frame + kIcmpAt;
  const auto checksum = LoadMemoryOrder<uint16_t>(icmp + icmp::kChecksum);
  icmp[icmp::kType] = icmp::kEchoReply;
  const uint16_t adjusted = Adjust(checksum, icmp::kEcho, icmp::kEchoReply);
  // Where all else is zero only 0xffff verifies (RFC 1624 section 3); where it is not, both do.
  StoreMemoryOrder(icmp + icmp::kChecksum, adjusted == 0 ? uint16_t{0xffff} : adjusted);
  SwapMacs(frame);
  // RFC 1349 section 5.1: a reply has the request's type of service.
  TurnIp4(frame + kIp4At, frame[kIp4At + ip4::kTypeOfService], kProtocolIcmp, kIp4Size + icmp_size);
  return kIcmpAt + icmp_size;
}

size_t TurnUdp(uint8_t* frame, size_t payload_size, uint32_t sum_change) noexcept {
  uint8_t* udp = frame + kUdpAt;
  const auto old_checksum = LoadMemoryOrder<uint16_t>(udp + udp::kChecksum);
  const uint32_t old_length_be = LoadMemoryOrder<uint16_t>(udp + udp::kLength);
  const uint32_t length_be = SwapBytes(static_cast<uint16_t>(kUdpSize + payload_size));
  uint16_t checksum;
  if (old_checksum == 0) [[unlikely]] {
    checksum = UdpChecksum(frame, payload_size);
  } else {
    // Exchanged addresses and ports leave the sum alone; the length stands in it twice.
    checksum = Adjust(old_checksum, 2 * old_length_be, 2 * length_be + Fold(sum_change));
  }
  // RFC 768: a checksum of zero is sent as all ones; zero means none.
  if (checksum == 0) checksum = 0xffff;
  const auto ports = LoadMemoryOrder<uint32_t>(udp);
  StoreMemoryOrder(udp, uint64_t{ports << 16 | ports >> 16} | uint64_t{length_be} << 32 | uint64_t{checksum} << 48);
  SwapMacs(frame);
  TurnIp4(frame + kIp4At, 0, kProtocolUdp, kIp4Size + kUdpSize + payload_size);
  return kUdpPayloadAt + payload_size;
}

}  // namespace rblitz::net
