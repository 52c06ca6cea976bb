// The kinds of frames, and ClassifyFrame, which defines them.
//
// Thread-safety: pure. Units: bytes. Cost, source: frame.h.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/net/headers.h"
#include "dataplane/net/own_addresses.h"

namespace rblitz::net {

enum class FrameKind : uint8_t {
  kDnsQuestion,  // UDP to port 53; its checksum has not been looked at, but that IPv6 has one
  kArpRequest,
  kNeighborSolicitation,
  kIcmpEcho,
  // Everything from here on is dropped.
  kRunt,      // shorter than its headers say
  kOtherMac,  // to one, not to us
  kDoubleVlan,
  kBadIpHeader,
  kIpChecksum,
  kIpOptions,     // a source route, or not whole
  kIp6Extension,  // a route, or what may not be skipped, is not whole or comes too often
  kIpFragment,    // of UDP
  kMartianSource,
  kBadUdpLength,
  kSourcePortZero,
  kNoUdpChecksum,  // over IPv6
  kIcmpChecksum,
  kBadNd,  // against RFC 4861 section 7.1
  // Everything from here on is dropped, too, unless a host beside us can use it.
  kGroupMac,        // to a group or to all, and nothing that is answered there
  kOtherEthertype,  // IPv6 among them where the port has no address of it
  kArpNotUs,
  kArpConflict,  // another has an own address as its own (RFC 5227 section 2.4)
  kNdNotUs,      // of ND, what is no solicitation of an own address
  kNdConflict,
  kHostFragment,  // of another protocol
  kOtherAddress,
  kOtherProtocol,
  kOtherPort,
  kCount
};

// Whether a host that has the port's addresses besides us may want the frame: it is not ours, and nothing that we saw
// is wrong with it.
[[nodiscard]] constexpr bool IsForHost(FrameKind kind) noexcept {
  return kind >= FrameKind::kGroupMac && kind < FrameKind::kCount;
}

struct Frame {
  FrameKind kind;
  uint16_t size = 0;               // kDnsQuestion: of the UDP payload; kIcmpEcho: of the ICMP message
  uint16_t upper_at = kUdpAt;      // where the UDP or ICMP header stands
  uint8_t net_at = kEthernetSize;  // where the IP header, or ARP, stands: behind a VLAN tag it is 4 more
  bool is_ip6 = false;

  bool operator==(const Frame&) const = default;
};

[[nodiscard]] Frame ClassifyFrame(std::span<const uint8_t> frame, const OwnAddresses& own) noexcept;

}  // namespace rblitz::net
