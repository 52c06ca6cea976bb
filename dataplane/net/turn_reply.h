// What a frame needs besides turning a question round: replies below UDP, in place, and what a question is made plain
// with before it goes up.
//
// REQUIRES of all: ClassifyFrame gave `frame` for the bytes at `data`. The Turn functions return the bytes to send.
// Thread-safety: pure. Units: bytes. Cost: rare frames, nothing here is tuned.
// Source: RFC 826, RFC 792, RFC 4443, RFC 4861, RFC 768, RFC 1624.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/net/frame_kind.h"
#include "dataplane/net/own_addresses.h"

namespace rblitz::net {

// RFC 826: the reply goes to the MAC that asked, also when the request was a probe.
size_t TurnArp(uint8_t* data, const Frame& frame, const OwnAddresses& own) noexcept;

// RFC 4861 section 7.2.4: an advertisement of the target, solicited, to who asked; unsolicited and to all nodes where
// somebody asks whether the address is free (RFC 4862 section 5.4). REQUIRES: room for ReplySize, which may be more
// than the request has.
size_t TurnSolicitation(uint8_t* data, const Frame& frame, const OwnAddresses& own) noexcept;

// RFC 792, RFC 4443 section 4.2: addresses exchanged, type of a reply, data unchanged. REQUIRES: WithoutOptions.
size_t TurnEcho(uint8_t* data, const Frame& frame) noexcept;

// Bytes that the Turn function of this kind returns, known before it is turned. 0: none turns it.
[[nodiscard]] size_t ReplySize(const Frame& frame) noexcept;

// A question or an echo with IPv4 options or IPv6 extension headers becomes one without, in place: what is behind them
// moves up to the IP header, which is mended. A frame that has none stays as it is.
[[nodiscard]] Frame WithoutOptions(uint8_t* data, const Frame& frame) noexcept;

// Of a question over IPv6: whether its UDP checksum is right.
[[nodiscard]] bool HasRightUdpChecksum6(const uint8_t* data, const Frame& frame) noexcept;

// Whether the UDP checksum field holds the sum of the pseudo header and nothing else, as a kernel leaves it for
// hardware to complete. A whole checksum looks so once in 65,535 times. REQUIRES: a question.
[[nodiscard]] bool HasPartialUdpChecksum(const uint8_t* data, const Frame& frame) noexcept;

// Of a kArpConflict or kNdConflict: who has an own address as its own, and which; IPv4 as RFC 4291 section 2.5.5.2 maps
// it.
struct AddressConflict {
  Mac mac;
  Ip6 address;
};
[[nodiscard]] AddressConflict ConflictIn(const uint8_t* data, const Frame& frame) noexcept;

}  // namespace rblitz::net
