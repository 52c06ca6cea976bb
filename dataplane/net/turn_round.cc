#include "dataplane/net/turn_round.h"

#include <cstring>

namespace rblitz::net {

// Of an answer to a question without a checksum: pseudo header, header and payload in full.
uint16_t turn_round_internal::UdpChecksum(const uint8_t* frame, size_t payload_size) noexcept {
  const uint8_t* ip = frame + kIp4At;
  const uint8_t* udp = frame + kUdpAt;
  // The length stands in the pseudo header and in the header (RFC 768).
  const uint64_t length_be = SwapBytes(static_cast<uint16_t>(kUdpSize + payload_size));
  const uint64_t protocol_be = SwapBytes(uint16_t{kProtocolUdp});
  return static_cast<uint16_t>(~Fold(uint64_t{Sum(ip + ip4::kSource, 8)} + Sum(udp, 4) + 2 * length_be + protocol_be +
                                     Sum(frame + kUdpPayloadAt, payload_size)));
}

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
  const uint16_t adjusted = Adjust(checksum, Change(icmp::kEcho, icmp::kEchoReply));
  // Where all else is zero only 0xffff verifies (RFC 1624 section 3); where it is not, both do.
  StoreMemoryOrder(icmp + icmp::kChecksum, adjusted == 0 ? uint16_t{0xffff} : adjusted);
  turn_round_internal::SwapMacs(frame);
  // RFC 1349 section 5.1: a reply has the request's type of service.
  turn_round_internal::TurnIp4(frame + kIp4At, frame[kIp4At + ip4::kTypeOfService], kProtocolIcmp,
                               kIp4Size + icmp_size);
  return kIcmpAt + icmp_size;
}

}  // namespace rblitz::net
