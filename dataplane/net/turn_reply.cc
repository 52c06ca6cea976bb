#include "dataplane/net/turn_reply.h"

#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/turn_round.h"

namespace rblitz::net {

namespace {

// An advertisement with the one option that says our MAC.
constexpr size_t kAdvertisementSize = nd::kOptionsAt + nd::kOptionUnit;

void SetMacs(uint8_t* data, const Mac& destination, const Mac& source) noexcept {
  std::memcpy(data + ethernet::kDestination, destination.data(), kMacSize);
  std::memcpy(data + ethernet::kSource, source.data(), kMacSize);
}

Mac SourceMac(const uint8_t* data) noexcept {
  Mac mac;
  std::memcpy(mac.data(), data + ethernet::kSource, kMacSize);
  return mac;
}

Ip6 AddressAt(const uint8_t* p) noexcept {
  Ip6 address;
  std::memcpy(address.data(), p, address.size());
  return address;
}

size_t IpSize(const Frame& frame) noexcept { return frame.is_ip6 ? kIp6Size : kIp4Size; }

// The advertisement's ICMP message at `icmp`, behind the IP header at `ip` that it goes out with.
void WriteAdvertisement(const uint8_t* ip, uint8_t* icmp, const Ip6& target, uint32_t flags, const Mac& mac) noexcept {
  Store32(icmp, uint32_t{icmp6::kNeighborAdvertisement} << 24);
  Store32(icmp + nd::kFlags, flags);
  std::memcpy(icmp + nd::kTarget, target.data(), target.size());
  icmp[nd::kOptionsAt] = nd::kTargetLinkAddress;
  icmp[nd::kOptionsAt + 1] = 1;
  std::memcpy(icmp + nd::kOptionsAt + 2, mac.data(), mac.size());
  const uint32_t sum = PacketSum6(ip, kProtocolIcmp6, icmp, kAdvertisementSize);
  StoreMemoryOrder(icmp + icmp::kChecksum, static_cast<uint16_t>(~sum));
}

}  // namespace

size_t TurnArp(uint8_t* data, const Frame& frame, const OwnAddresses& own) noexcept {
  uint8_t* arp = data + frame.net_at;
  uint8_t target_ip[4];
  std::memcpy(target_ip, arp + arp::kTargetIp, 4);
  Store16(arp + arp::kOperation, arp::kReply);
  std::memcpy(arp + arp::kTargetMac, arp + arp::kSenderMac, kMacSize + 4);
  std::memcpy(arp + arp::kSenderMac, own.mac.data(), kMacSize);
  std::memcpy(arp + arp::kSenderIp, target_ip, 4);
  SetMacs(data, SourceMac(data), own.mac);
  return ReplySize(frame);
}

size_t TurnSolicitation(uint8_t* data, const Frame& frame, const OwnAddresses& own) noexcept {
  uint8_t* ip = data + frame.net_at;
  const Ip6 source = AddressAt(ip + ip6::kSource);
  const Ip6 target = AddressAt(data + frame.upper_at + nd::kTarget);
  const bool is_probe = source == Ip6{};
  const Ip6 destination = is_probe ? kAllNodes : source;
  SetMacs(data, is_probe ? GroupMac(kAllNodes) : SourceMac(data), own.mac);
  Store32(ip, ip6::kVersion6);
  Store32(ip + ip6::kPayloadLength, uint32_t{kAdvertisementSize} << 16 | kProtocolIcmp6 << 8 | nd::kHopLimit);
  std::memcpy(ip + ip6::kSource, target.data(), target.size());
  std::memcpy(ip + ip6::kDestination, destination.data(), destination.size());
  // No router: R is 0. The address is ours alone: O is 1.
  WriteAdvertisement(ip, ip + kIp6Size, target, nd::kOverride | (is_probe ? 0 : nd::kSolicited), own.mac);
  return ReplySize(frame);
}

size_t TurnEcho(uint8_t* data, const Frame& frame) noexcept {
  uint8_t* ip = data + frame.net_at;
  uint8_t* icmp = data + frame.upper_at;
  const auto checksum = LoadMemoryOrder<uint16_t>(icmp + icmp::kChecksum);
  const uint8_t reply = frame.is_ip6 ? icmp6::kEchoReply : icmp::kEchoReply;
  const uint16_t adjusted = Adjust(checksum, Change(icmp[icmp::kType], reply));
  icmp[icmp::kType] = reply;
  // Where all else is zero only 0xffff verifies (RFC 1624 section 3); where it is not, both do.
  StoreMemoryOrder(icmp + icmp::kChecksum, adjusted == 0 ? uint16_t{0xffff} : adjusted);
  turn_round_internal::SwapMacs(data);
  if (frame.is_ip6) {
    const auto traffic_class = static_cast<uint8_t>(Load16(ip) >> 4);
    turn_round_internal::TurnIp6(ip, traffic_class, kProtocolIcmp6, frame.size);
  } else {
    // RFC 1349 section 5.1: a reply has the request's type of service.
    turn_round_internal::TurnIp4(ip, ip[ip4::kTypeOfService], kProtocolIcmp, kIp4Size + frame.size);
  }
  return ReplySize(frame);
}

size_t ReplySize(const Frame& frame) noexcept {
  switch (frame.kind) {
    case FrameKind::kArpRequest:
      return frame.net_at + kArpSize;
    case FrameKind::kNeighborSolicitation:
      return frame.net_at + kIp6Size + kAdvertisementSize;
    case FrameKind::kIcmpEcho:
      return frame.net_at + IpSize(frame) + frame.size;
    default:
      return 0;
  }
}

Frame WithoutOptions(uint8_t* data, const Frame& frame) noexcept {
  const size_t upper_at = frame.net_at + IpSize(frame);
  if (frame.upper_at == upper_at) return frame;
  const bool is_udp = frame.kind == FrameKind::kDnsQuestion;
  const size_t size = frame.size + (is_udp ? kUdpSize : 0);
  std::memmove(data + upper_at, data + frame.upper_at, size);
  uint8_t* ip = data + frame.net_at;
  if (frame.is_ip6) {
    Store16(ip + ip6::kPayloadLength, static_cast<uint16_t>(size));
    ip[ip6::kNextHeader] = is_udp ? kProtocolUdp : kProtocolIcmp6;
  } else {
    ip[ip4::kVersionAndLength] = ip4::kVersion4Length5;
    Store16(ip + ip4::kTotalLength, static_cast<uint16_t>(kIp4Size + size));
    Store16(ip + ip4::kChecksum, 0);
    StoreMemoryOrder(ip + ip4::kChecksum, static_cast<uint16_t>(~Sum(ip, kIp4Size)));
  }
  Frame plain = frame;
  plain.upper_at = static_cast<uint16_t>(upper_at);
  return plain;
}

bool HasRightUdpChecksum6(const uint8_t* data, const Frame& frame) noexcept {
  return PacketSum6(data + frame.net_at, kProtocolUdp, data + frame.upper_at, kUdpSize + frame.size) == 0xffff;
}

bool HasPartialUdpChecksum(const uint8_t* data, const Frame& frame) noexcept {
  const uint8_t* ip = data + frame.net_at;
  const uint8_t* udp = data + frame.upper_at;
  const size_t size = kUdpSize + frame.size;
  const uint32_t pseudo = frame.is_ip6 ? PseudoSum6(ip, kProtocolUdp, size)
                                       : Fold(uint64_t{Sum(ip + ip4::kSource, 8)} + SwapBytes(uint16_t{kProtocolUdp}) +
                                              SwapBytes(static_cast<uint16_t>(size)));
  return LoadMemoryOrder<uint16_t>(udp + udp::kChecksum) == pseudo;
}

AddressConflict ConflictIn(const uint8_t* data, const Frame& frame) noexcept {
  AddressConflict conflict = {.mac = SourceMac(data), .address = {}};
  const uint8_t* net = data + frame.net_at;
  if (frame.kind == FrameKind::kArpConflict) {
    std::memcpy(conflict.mac.data(), net + arp::kSenderMac, kMacSize);
    conflict.address[10] = conflict.address[11] = 0xff;
    std::memcpy(conflict.address.data() + 12, net + arp::kSenderIp, 4);
  } else {
    const bool is_solicitation = data[frame.upper_at] == icmp6::kNeighborSolicitation;
    conflict.address = AddressAt(is_solicitation ? net + ip6::kSource : data + frame.upper_at + nd::kTarget);
  }
  return conflict;
}

}  // namespace rblitz::net
