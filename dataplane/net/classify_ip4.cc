#include <algorithm>

#include "dataplane/net/checksum.h"
#include "dataplane/net/classify.h"

namespace rblitz::net {

namespace {

// Whether an address cannot be the source of a packet that came over a wire to us: "this network", loopback, multicast,
// limited broadcast (RFC 1122 section 3.2.1.3), a broadcast address of ours, an own address.
bool IsMartian(uint32_t source, const OwnAddresses& own) noexcept {
  const uint32_t net = source >> 24;
  if (net == 0 || net == 127 || (net & 0xf0) == 0xe0 || source == 0xffffffff) return true;
  return std::any_of(own.ip4.begin(), own.ip4.end(),
                     [=](const OwnIp4& ip4) { return source == ip4.address || source == Broadcast(ip4); });
}

// Options that are whole and let the packet be answered without them. A source route is none: it would have us send
// where its writer says, or be the way of a packet that was not meant to come here (RFC 7126 section 4.3).
FrameKind CheckOptions(Bytes options) noexcept {
  for (size_t at = 0; at < options.size();) {
    const uint8_t type = options[at];
    if (type == ip4::kEndOfOptions) break;
    if (type == ip4::kNoOperation) {
      ++at;
      continue;
    }
    if (type == ip4::kLooseSourceRoute || type == ip4::kStrictSourceRoute) return FrameKind::kIpOptions;
    const size_t left = options.size() - at;
    if (left < 2 || options[at + 1] < 2 || options[at + 1] > left) return FrameKind::kIpOptions;
    at += options[at + 1];
  }
  return FrameKind::kDnsQuestion;  // so far
}

Frame ClassifyIcmp(Bytes packet, size_t net_at, size_t at) noexcept {
  const Bytes icmp = packet.subspan(at);
  if (icmp.size() < kIcmpSize) return {FrameKind::kRunt};
  if (icmp[icmp::kType] != icmp::kEcho || icmp[icmp::kCode] != 0) return {FrameKind::kOtherProtocol};
  if (Sum(icmp.data(), icmp.size()) != 0xffff) return {FrameKind::kIcmpChecksum};
  return {.kind = FrameKind::kIcmpEcho,
          .size = static_cast<uint16_t>(icmp.size()),
          .upper_at = static_cast<uint16_t>(at),
          .net_at = static_cast<uint8_t>(net_at)};
}

}  // namespace

Frame ClassifyIp4(Bytes frame, size_t net_at, const OwnAddresses& own) noexcept {
  const Bytes ip = frame.subspan(net_at);
  if (ip.size() < kIp4Size) return {FrameKind::kRunt};
  const uint8_t* p = ip.data();
  const size_t header_size = (p[ip4::kVersionAndLength] & 0x0f) * size_t{4};
  const size_t total_length = Load16(p + ip4::kTotalLength);
  if (p[ip4::kVersionAndLength] >> 4 != 4 || header_size < kIp4Size || total_length < header_size) {
    return {FrameKind::kBadIpHeader};
  }
  // Behind total_length there may be padding up to Ethernet's minimum (RFC 894).
  if (total_length > ip.size()) return {FrameKind::kRunt};
  if (Sum(p, header_size) != 0xffff) return {FrameKind::kIpChecksum};
  if (!IsOwn(Load32(p + ip4::kDestination), own)) return {FrameKind::kOtherAddress};
  const FrameKind options = CheckOptions(ip.subspan(kIp4Size, header_size - kIp4Size));
  if (options == FrameKind::kIpOptions) return {options};
  const uint8_t protocol = p[ip4::kProtocol];
  if ((Load16(p + ip4::kFragment) & ip4::kMoreFragmentsOrOffset) != 0) {
    return {protocol == kProtocolUdp ? FrameKind::kIpFragment : FrameKind::kHostFragment};
  }
  if (IsMartian(Load32(p + ip4::kSource), own)) return {FrameKind::kMartianSource};
  const Bytes packet = frame.first(net_at + total_length);
  switch (protocol) {
    case kProtocolUdp:
      return ClassifyUdp(packet, net_at, net_at + header_size, false);
    case kProtocolIcmp:
      return ClassifyIcmp(packet, net_at, net_at + header_size);
    default:
      return {FrameKind::kOtherProtocol};
  }
}

}  // namespace rblitz::net
