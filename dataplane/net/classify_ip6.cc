#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/net/classify.h"

namespace rblitz::net {

namespace {

// RFC 8504 section 5.3 lets a host bound both; what is above is no packet that anybody sends in good faith.
constexpr int kMostExtensions = 4;
constexpr int kMostOptions = 8;

Ip6 AddressAt(const uint8_t* p) noexcept {
  Ip6 address;
  std::memcpy(address.data(), p, address.size());
  return address;
}

bool IsMulticast(const Ip6& address) noexcept { return address[0] == 0xff; }
bool IsUnspecified(const Ip6& address) noexcept { return address == Ip6{}; }

// An address that no packet has as its source: multicast, one of ::/96 (unspecified, loopback, RFC 4291 section 2.5;
// the rest is deprecated) or ::ffff:0:0/96 (an IPv4 address as programs see it, never on a wire), our own.
bool IsMartian(const Ip6& source, const OwnAddresses& own) noexcept {
  const bool is_low = std::all_of(source.begin(), source.begin() + 10, [](uint8_t byte) { return byte == 0; });
  const bool is_mapped = (source[10] & source[11]) == 0xff || (source[10] | source[11]) == 0;
  return IsMulticast(source) || (is_low && is_mapped) || IsOwn(source, own);
}

// Where the walk over the extension headers came to.
struct Upper {
  FrameKind kind = FrameKind::kDnsQuestion;  // one that is dropped: why
  uint8_t protocol = 0;
  bool was_fragment = false;  // an atomic one
  size_t at = 0;
};

// RFC 8200 section 4.2: an option that we do not know says itself whether it may be skipped.
bool MaySkipOptions(Bytes options) noexcept {
  int count = 0;
  for (size_t at = 0; at < options.size();) {
    if (options[at] == ip6::kPad1) {
      ++at;
      continue;
    }
    const size_t left = options.size() - at;
    if (left < 2 || options[at + 1] > left - 2) return false;
    const bool is_padding = options[at] == ip6::kPadN;
    if (!is_padding && ((options[at] & ip6::kUnknownIsDropped) != 0 || ++count > kMostOptions)) return false;
    at += size_t{2} + options[at + 1];
  }
  return true;
}

// Whether what stands in `header` leaves the packet to be answered.
FrameKind CheckExtension(uint8_t type, Bytes header) noexcept {
  bool is_good = true;
  switch (type) {
    case ip6::kRouting:
      // Where we would have to send the packet on. Of type 0 always, which is policy: RFC 5095 section 3 would have it
      // skipped where no segment is left.
      is_good = header[ip6::kRoutingType] != 0 && header[ip6::kSegmentsLeft] == 0;
      break;
    case ip6::kFragment:
      // A fragment that is the whole packet is taken alone, whatever others there are (RFC 6946, RFC 8200 section 4.5).
      if ((Load16(header.data() + ip6::kFragmentOffset) & ip6::kMoreFragmentsOrOffset) == 0) break;
      return header[0] == kProtocolUdp ? FrameKind::kIpFragment : FrameKind::kHostFragment;
    default:
      is_good = MaySkipOptions(header.subspan(ip6::kOptionsAt));
  }
  return is_good ? FrameKind::kDnsQuestion : FrameKind::kIp6Extension;
}

bool IsExtension(uint8_t type) noexcept {
  return type == ip6::kHopByHop || type == ip6::kRouting || type == ip6::kFragment || type == ip6::kDestinationOptions;
}

Upper FindUpper(Bytes packet, size_t net_at) noexcept {
  Upper upper = {.protocol = packet[net_at + ip6::kNextHeader], .at = net_at + kIp6Size};
  for (int count = 0; IsExtension(upper.protocol); ++count) {
    const Bytes rest = packet.subspan(upper.at);
    // RFC 8200 section 4.1: hop-by-hop options come first or not at all.
    const bool is_misplaced = upper.protocol == ip6::kHopByHop && count > 0;
    if (rest.size() < ip6::kExtensionUnit || count == kMostExtensions || is_misplaced) {
      return {.kind = FrameKind::kIp6Extension};
    }
    const bool is_fragment = upper.protocol == ip6::kFragment;
    const size_t units = is_fragment ? 1 : size_t{1} + rest[ip6::kExtensionLength];
    if (units * ip6::kExtensionUnit > rest.size()) return {.kind = FrameKind::kIp6Extension};
    const FrameKind kind = CheckExtension(upper.protocol, rest.first(units * ip6::kExtensionUnit));
    if (kind != FrameKind::kDnsQuestion) return {.kind = kind};
    upper.was_fragment |= is_fragment;
    upper.protocol = rest[0];
    upper.at += units * ip6::kExtensionUnit;
  }
  return upper;
}

// Each option whole and none empty; which of them is a neighbour's link-layer address may be asked.
bool AreNdOptions(Bytes options, bool& has_source) noexcept {
  for (size_t at = 0; at < options.size();) {
    const size_t left = options.size() - at;
    if (left < nd::kOptionUnit) return false;
    const size_t size = options[at + 1] * nd::kOptionUnit;
    if (size == 0 || size > left) return false;
    has_source |= options[at] == nd::kSourceLinkAddress;
    at += size;
  }
  return true;
}

// RFC 4861 sections 7.1.1 and 7.1.2, but for the checksum; RFC 6980 section 5 on fragments.
bool IsNdMessage(const uint8_t* ip, Bytes icmp, const Upper& upper) noexcept {
  const bool is_solicitation = icmp[icmp::kType] == icmp6::kNeighborSolicitation;
  if (ip[ip6::kHopLimit] != nd::kHopLimit || icmp[icmp::kCode] != 0 || upper.was_fragment) return false;
  if (icmp.size() < nd::kOptionsAt || icmp[nd::kTarget] == 0xff) return false;
  bool has_source = false;
  if (!AreNdOptions(icmp.subspan(nd::kOptionsAt), has_source)) return false;
  const Ip6 destination = AddressAt(ip + ip6::kDestination);
  if (!is_solicitation) return !IsMulticast(destination) || (Load32(icmp.data() + nd::kFlags) & nd::kSolicited) == 0;
  if (!IsUnspecified(AddressAt(ip + ip6::kSource))) return true;
  return !has_source && destination == SolicitedNode(AddressAt(icmp.data() + nd::kTarget));
}

Frame ClassifyNd(Bytes packet, size_t net_at, const Upper& upper, const OwnAddresses& own) noexcept {
  const uint8_t* ip = packet.data() + net_at;
  const Bytes icmp = packet.subspan(upper.at);
  if (!IsNdMessage(ip, icmp, upper)) return {FrameKind::kBadNd};
  const Ip6 source = AddressAt(ip + ip6::kSource);
  const Ip6 destination = AddressAt(ip + ip6::kDestination);
  const Ip6 target = AddressAt(icmp.data() + nd::kTarget);
  const bool is_solicitation = icmp[icmp::kType] == icmp6::kNeighborSolicitation;
  // Our own messages may come back; another's that speak of an own address as theirs are a conflict.
  const bool is_ours = std::equal(own.mac.begin(), own.mac.end(), packet.data() + ethernet::kSource);
  // With our MAC and so our link-local address the kernel at the other end of a net_tap port asks for another of ours;
  // we never ask for our own.
  const bool is_twins = is_solicitation && is_ours && source != target && IsOwn(source, own);
  if (IsOwn(is_solicitation ? source : target, own) && !is_twins) {
    if (is_ours) return {FrameKind::kNdNotUs};
    return {.kind = FrameKind::kNdConflict,
            .upper_at = static_cast<uint16_t>(upper.at),
            .net_at = static_cast<uint8_t>(net_at),
            .is_ip6 = true};
  }
  // A probe of our own come back is no other's (RFC 4862 appendix A); so looks that of the kernel at the
  // other end of a net_tap port, which has the port's MAC and so the same link-local address.
  if (is_solicitation && is_ours && IsUnspecified(source)) return {FrameKind::kNdNotUs};
  const bool is_to_us = IsOwn(destination, own) || destination == SolicitedNode(target);
  if (!is_solicitation || !is_to_us || !IsOwn(target, own)) return {FrameKind::kNdNotUs};
  if (!IsUnspecified(source) && !is_twins && IsMartian(source, own)) return {FrameKind::kMartianSource};
  return {.kind = FrameKind::kNeighborSolicitation,
          .upper_at = static_cast<uint16_t>(upper.at),
          .net_at = static_cast<uint8_t>(net_at),
          .is_ip6 = true};
}

Frame ClassifyIcmp6(Bytes packet, size_t net_at, const Upper& upper, const OwnAddresses& own) noexcept {
  const uint8_t* ip = packet.data() + net_at;
  const Bytes icmp = packet.subspan(upper.at);
  if (icmp.size() < kIcmpSize) return {FrameKind::kRunt};
  const uint8_t type = icmp[icmp::kType];
  const bool is_to_us = IsOwn(AddressAt(ip + ip6::kDestination), own);
  const bool is_echo = type == icmp6::kEcho && icmp[icmp::kCode] == 0 && is_to_us;
  const bool is_nd = type == icmp6::kNeighborSolicitation || type == icmp6::kNeighborAdvertisement;
  if (!is_nd && type >= icmp6::kRouterSolicitation && type <= icmp6::kRedirect) return {FrameKind::kNdNotUs};
  if (!is_nd && !is_to_us) return {FrameKind::kOtherAddress};
  if (!is_nd && IsMartian(AddressAt(ip + ip6::kSource), own)) return {FrameKind::kMartianSource};
  if (!is_nd && !is_echo) return {FrameKind::kOtherProtocol};
  if (PacketSum6(ip, kProtocolIcmp6, icmp.data(), icmp.size()) != 0xffff) return {FrameKind::kIcmpChecksum};
  if (is_nd) return ClassifyNd(packet, net_at, upper, own);
  return {.kind = FrameKind::kIcmpEcho,
          .size = static_cast<uint16_t>(icmp.size()),
          .upper_at = static_cast<uint16_t>(upper.at),
          .net_at = static_cast<uint8_t>(net_at),
          .is_ip6 = true};
}

}  // namespace

Frame ClassifyIp6(Bytes frame, size_t net_at, const OwnAddresses& own) noexcept {
  const Bytes ip = frame.subspan(net_at);
  if (ip.size() < kIp6Size) return {FrameKind::kRunt};
  if (ip[ip6::kVersion] >> 4 != 6) return {FrameKind::kBadIpHeader};
  // A length of 0 says that a jumbogram's option has it (RFC 2675), or that nothing follows: no question either way.
  const size_t payload_length = Load16(ip.data() + ip6::kPayloadLength);
  if (payload_length > ip.size() - kIp6Size) return {FrameKind::kRunt};
  const Ip6 destination = AddressAt(ip.data() + ip6::kDestination);
  const bool is_to_us = IsOwn(destination, own);
  if (!is_to_us && !IsMulticast(destination)) return {FrameKind::kOtherAddress};
  // A frame to a group carries what is meant for one: of those, one of the packet's own destination (RFC 2464 section
  // 7).
  const bool is_to_group = (frame[ethernet::kDestination] & 1) != 0;
  const Mac group = GroupMac(destination);
  if (is_to_group && (is_to_us || !std::equal(group.begin(), group.end(), frame.begin()))) {
    return {FrameKind::kGroupMac};
  }
  const Bytes packet = frame.first(net_at + kIp6Size + payload_length);
  const Upper upper = FindUpper(packet, net_at);
  if (upper.kind != FrameKind::kDnsQuestion) return {is_to_us ? upper.kind : FrameKind::kOtherAddress};
  if (upper.protocol == kProtocolIcmp6) return ClassifyIcmp6(packet, net_at, upper, own);
  // Nothing else that goes to many is answered: an answer to each would be a tool to flood with.
  if (!is_to_us) return {FrameKind::kOtherAddress};
  if (IsMartian(AddressAt(ip.data() + ip6::kSource), own)) return {FrameKind::kMartianSource};
  if (upper.protocol != kProtocolUdp) return {FrameKind::kOtherProtocol};
  return ClassifyUdp(packet, net_at, upper.at, true);
}

}  // namespace rblitz::net
