#include "cli/blast/frames.h"

#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/turn_reply.h"

namespace rblitz::blast {

namespace {

using Bytes = std::span<const uint8_t>;
using net::Load16;
using net::Store16;
using net::Store32;

constexpr net::Mac kBroadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr uint8_t kTtl = 64;

size_t AddressSize(bool is_ip6) { return is_ip6 ? net::kIp6AddressSize : 4; }

void WriteEthernet(uint8_t* out, const net::Mac& to, const net::Mac& from, uint16_t type) {
  std::memcpy(out + net::ethernet::kDestination, to.data(), to.size());
  std::memcpy(out + net::ethernet::kSource, from.data(), from.size());
  Store16(out + net::ethernet::kType, type);
}

// The header before `size` bytes of UDP.
void WriteIp4(uint8_t* ip, const net::Ip6& from, const net::Ip6& to, size_t size) {
  Store32(ip, uint32_t{net::ip4::kVersion4Length5} << 24 | static_cast<uint32_t>(net::kIp4Size + size));
  Store32(ip + net::ip4::kIdentification, net::ip4::kDontFragment);
  Store32(ip + net::ip4::kTtl, uint32_t{kTtl} << 24 | uint32_t{net::kProtocolUdp} << 16);
  std::memcpy(ip + net::ip4::kSource, from.data(), 4);
  std::memcpy(ip + net::ip4::kDestination, to.data(), 4);
  net::StoreMemoryOrder(ip + net::ip4::kChecksum, static_cast<uint16_t>(~net::Sum(ip, net::kIp4Size)));
}

void WriteIp6(uint8_t* ip, const net::Ip6& from, const net::Ip6& to, size_t size, uint8_t protocol, uint8_t hops) {
  Store32(ip, net::ip6::kVersion6);
  Store32(ip + net::ip6::kPayloadLength, static_cast<uint32_t>(size) << 16 | uint32_t{protocol} << 8 | hops);
  std::memcpy(ip + net::ip6::kSource, from.data(), from.size());
  std::memcpy(ip + net::ip6::kDestination, to.data(), to.size());
}

// Of pseudo header, header and payload: 0xffff where the checksum among them is right.
uint32_t UdpSum(const uint8_t* ip, bool is_ip6, const uint8_t* udp, size_t size) {
  if (is_ip6) return net::PacketSum6(ip, net::kProtocolUdp, udp, size);
  const uint32_t length_be = net::SwapBytes(static_cast<uint16_t>(size));
  return net::Fold(uint64_t{net::Sum(ip + net::ip4::kSource, 8)} + net::SwapBytes(uint16_t{net::kProtocolUdp}) +
                   length_be + net::Sum(udp, size));
}

bool HasType(Bytes frame, uint16_t type) {
  return frame.size() >= net::kEthernetSize && Load16(frame.data() + net::ethernet::kType) == type;
}

net::Mac MacAt(const uint8_t* p) {
  net::Mac mac;
  std::memcpy(mac.data(), p, mac.size());
  return mac;
}

}  // namespace

size_t Frames::WriteQuestion(uint32_t flow, Bytes message, uint8_t* out) const noexcept {
  const bool is_ip6 = config_.sources.is_ip6;
  const net::Ip6 source = config_.sources.at(flow % config_.sources.count);
  const size_t size = net::kUdpSize + message.size();
  uint8_t* const ip = out + net::kEthernetSize;
  uint8_t* const udp = ip + (is_ip6 ? net::kIp6Size : net::kIp4Size);
  WriteEthernet(out, config_.server_mac, config_.mac, is_ip6 ? net::kEthertypeIp6 : net::kEthertypeIp4);
  if (is_ip6) {
    WriteIp6(ip, source, config_.server, size, net::kProtocolUdp, kTtl);
  } else {
    WriteIp4(ip, source, config_.server, size);
  }
  Store16(udp + net::udp::kSourcePort, static_cast<uint16_t>(kFirstPort + flow / config_.sources.count));
  Store16(udp + net::udp::kDestinationPort, config_.server_port);
  Store32(udp + net::udp::kLength, static_cast<uint32_t>(size) << 16);
  std::memcpy(udp + net::kUdpSize, message.data(), message.size());
  const auto checksum = static_cast<uint16_t>(~UdpSum(ip, is_ip6, udp, size));
  // RFC 768: a checksum of zero is sent as all ones.
  net::StoreMemoryOrder(udp + net::udp::kChecksum, checksum == 0 ? uint16_t{0xffff} : checksum);
  return static_cast<size_t>(udp + size - out);
}

std::optional<Frames::Answered> Frames::ReadAnswer(Bytes frame) const noexcept {
  const bool is_ip6 = config_.sources.is_ip6;
  const size_t ip_size = is_ip6 ? net::kIp6Size : net::kIp4Size;
  if (!HasType(frame, is_ip6 ? net::kEthertypeIp6 : net::kEthertypeIp4)) return std::nullopt;
  if (frame.size() < net::kEthernetSize + ip_size + net::kUdpSize) return std::nullopt;
  if (!std::equal(config_.mac.begin(), config_.mac.end(), frame.data())) return std::nullopt;
  const uint8_t* const ip = frame.data() + net::kEthernetSize;
  // Padding behind the packet is not the packet's.
  size_t total = 0;
  if (is_ip6) {
    if (ip[net::ip6::kVersion] >> 4 != 6 || ip[net::ip6::kNextHeader] != net::kProtocolUdp) return std::nullopt;
    total = net::kIp6Size + Load16(ip + net::ip6::kPayloadLength);
  } else {
    if (ip[net::ip4::kVersionAndLength] != net::ip4::kVersion4Length5) return std::nullopt;
    if ((Load16(ip + net::ip4::kFragment) & net::ip4::kMoreFragmentsOrOffset) != 0) return std::nullopt;
    if (ip[net::ip4::kProtocol] != net::kProtocolUdp || net::Sum(ip, net::kIp4Size) != 0xffff) return std::nullopt;
    total = Load16(ip + net::ip4::kTotalLength);
  }
  if (total < ip_size + net::kUdpSize || total > frame.size() - net::kEthernetSize) return std::nullopt;
  return ReadUdp(frame.first(net::kEthernetSize + total), ip_size);
}

std::optional<Frames::Answered> Frames::ReadUdp(Bytes frame, size_t ip_size) const noexcept {
  const bool is_ip6 = config_.sources.is_ip6;
  const uint8_t* const ip = frame.data() + net::kEthernetSize;
  const size_t udp_at = net::kEthernetSize + ip_size;
  const uint8_t* const udp = frame.data() + udp_at;
  const uint8_t* const from = ip + (is_ip6 ? net::ip6::kSource : net::ip4::kSource);
  const uint8_t* const to = ip + (is_ip6 ? net::ip6::kDestination : net::ip4::kDestination);
  if (!std::equal(from, from + AddressSize(is_ip6), config_.server.begin())) return std::nullopt;
  if (Load16(udp + net::udp::kSourcePort) != config_.server_port) return std::nullopt;
  const std::optional<size_t> source = config_.sources.IndexOf(to);
  const size_t port = Load16(udp + net::udp::kDestinationPort) - size_t{kFirstPort};
  if (!source || port >= config_.ports) return std::nullopt;
  const size_t size = Load16(udp + net::udp::kLength);
  if (size < net::kUdpSize || size > frame.size() - udp_at || !IsIntact(frame, udp_at, size)) return std::nullopt;
  return Answered{.flow = static_cast<uint32_t>(port * config_.sources.count + *source),
                  .message = frame.subspan(udp_at + net::kUdpSize, size - net::kUdpSize)};
}

bool Frames::IsIntact(Bytes frame, size_t udp_at, size_t udp_size) const noexcept {
  const bool is_ip6 = config_.sources.is_ip6;
  const uint8_t* const udp = frame.data() + udp_at;
  if (!is_ip6 && Load16(udp + net::udp::kChecksum) == 0) return true;  // RFC 768: there is none
  if (UdpSum(frame.data() + net::kEthernetSize, is_ip6, udp, udp_size) == 0xffff) return true;
  return config_.may_be_partial &&
         net::HasPartialUdpChecksum(frame.data(), {.kind = net::FrameKind::kDnsQuestion,
                                                   .size = static_cast<uint16_t>(udp_size - net::kUdpSize),
                                                   .upper_at = static_cast<uint16_t>(udp_at),
                                                   .is_ip6 = is_ip6});
}

size_t Frames::WriteSolicitation(const net::Ip6& address, uint8_t* out) const noexcept {
  const net::Ip6 own = config_.own.at(0);
  if (!config_.own.is_ip6) {
    WriteEthernet(out, kBroadcast, config_.mac, net::kEthertypeArp);
    uint8_t* const arp = out + net::kEthernetSize;
    Store32(arp + net::arp::kHardwareType, 1 << 16 | net::kEthertypeIp4);
    Store32(arp + net::arp::kAddressSizes, 0x0604 << 16 | net::arp::kRequest);
    std::memcpy(arp + net::arp::kSenderMac, config_.mac.data(), config_.mac.size());
    std::memcpy(arp + net::arp::kSenderIp, own.data(), 4);
    std::memset(arp + net::arp::kTargetMac, 0, net::kMacSize);
    std::memcpy(arp + net::arp::kTargetIp, address.data(), 4);
    return net::kEthernetSize + net::kArpSize;
  }
  constexpr size_t kSize = net::nd::kOptionsAt + net::nd::kOptionUnit;
  const net::Ip6 group = net::SolicitedNode(address);
  WriteEthernet(out, net::GroupMac(group), config_.mac, net::kEthertypeIp6);
  uint8_t* const ip = out + net::kEthernetSize;
  uint8_t* const icmp = ip + net::kIp6Size;
  WriteIp6(ip, own, group, kSize, net::kProtocolIcmp6, net::nd::kHopLimit);
  Store32(icmp, uint32_t{net::icmp6::kNeighborSolicitation} << 24);
  Store32(icmp + net::nd::kFlags, 0);
  std::memcpy(icmp + net::nd::kTarget, address.data(), address.size());
  icmp[net::nd::kOptionsAt] = net::nd::kSourceLinkAddress;
  icmp[net::nd::kOptionsAt + 1] = 1;
  std::memcpy(icmp + net::nd::kOptionsAt + 2, config_.mac.data(), config_.mac.size());
  const uint32_t sum = net::PacketSum6(ip, net::kProtocolIcmp6, icmp, kSize);
  net::StoreMemoryOrder(icmp + net::icmp::kChecksum, static_cast<uint16_t>(~sum));
  return net::kEthernetSize + net::kIp6Size + kSize;
}

std::optional<net::Mac> Frames::ReadAdvertisement(Bytes frame, const net::Ip6& address) const noexcept {
  if (frame.size() < net::kEthernetSize + net::kArpSize) return std::nullopt;  // the shorter of the two
  const uint8_t* const p = frame.data() + net::kEthernetSize;
  if (!config_.own.is_ip6) {
    if (!HasType(frame, net::kEthertypeArp)) return std::nullopt;
    const bool is_reply = Load16(p + net::arp::kOperation) == net::arp::kReply;
    if (!is_reply || !std::equal(address.begin(), address.begin() + 4, p + net::arp::kSenderIp)) return std::nullopt;
    return MacAt(p + net::arp::kSenderMac);
  }
  const size_t least = net::kEthernetSize + net::kIp6Size + net::nd::kOptionsAt;
  if (!HasType(frame, net::kEthertypeIp6) || frame.size() < least) return std::nullopt;
  const uint8_t* const icmp = p + net::kIp6Size;
  if (p[net::ip6::kNextHeader] != net::kProtocolIcmp6 || p[net::ip6::kHopLimit] != net::nd::kHopLimit)
    return std::nullopt;
  const bool is_it = icmp[net::icmp::kType] == net::icmp6::kNeighborAdvertisement &&
                     std::equal(address.begin(), address.end(), icmp + net::nd::kTarget);
  // Whoever answers on the link answers from the MAC that it is reached by.
  return is_it ? std::optional(MacAt(frame.data() + net::ethernet::kSource)) : std::nullopt;
}

bool Frames::IsOurs(const uint8_t* address) const noexcept {
  return config_.own.IndexOf(address).has_value() || config_.sources.IndexOf(address).has_value();
}

size_t Frames::WriteReply(Bytes frame, uint8_t* out) const noexcept {
  net::OwnAddresses own;
  own.mac = config_.mac;
  const size_t target_at = config_.own.is_ip6 ? net::kIp6Size + net::nd::kTarget : net::arp::kTargetIp;
  const uint16_t type = config_.own.is_ip6 ? net::kEthertypeIp6 : net::kEthertypeArp;
  if (!HasType(frame, type) || frame.size() > kMostOther) return 0;
  if (frame.size() < net::kEthernetSize + target_at + AddressSize(config_.own.is_ip6)) return 0;
  const uint8_t* const p = frame.data() + net::kEthernetSize;
  // Only the address that is asked for needs to be known as ours; of a whole prefix it would be a long list.
  if (!IsOurs(p + target_at)) return 0;
  if (config_.own.is_ip6) {
    net::OwnIp6 asked = {.address = {}, .prefix_length = config_.own.prefix_length};
    std::memcpy(asked.address.data(), p + target_at, asked.address.size());
    own.ip6.push_back(asked);
  } else {
    own.ip4.push_back({.address = net::Load32(p + target_at), .prefix_length = config_.own.prefix_length});
  }
  const net::Frame kind = net::ClassifyFrame(frame, own);
  const size_t size = net::ReplySize(kind);
  if (size == 0 || size > kMostOther || kind.kind == net::FrameKind::kIcmpEcho) return 0;
  std::memcpy(out, frame.data(), frame.size());
  return kind.kind == net::FrameKind::kArpRequest ? net::TurnArp(out, kind, own)
                                                  : net::TurnSolicitation(out, kind, own);
}

}  // namespace rblitz::blast
