// Turns a frame round in place: what came to us becomes what goes back, to the MAC, address and port that asked.
//
// REQUIRES of all: CheckFrame said that the frame is of this kind. Each returns the bytes of the frame to send.
// Thread-safety: pure. Units: bytes.
// Cost: TurnUdp about 2 ns, and a pass over the answer where the question had no checksum; TurnEcho touches headers
// only. Source: RFC 826, RFC 792, RFC 768, RFC 1624.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/net/own_addresses.h"

namespace rblitz::net {

// RFC 826: the reply goes to the MAC that asked, also when the request was a probe.
size_t TurnArp(uint8_t* frame, const OwnAddresses& own) noexcept;

// RFC 792: addresses exchanged, type 0, data unchanged. `icmp_size` as CheckFrame gave it.
size_t TurnEcho(uint8_t* frame, size_t icmp_size) noexcept;

// The payload at kUdpPayloadAt has already become the answer, of `payload_size` bytes, with its sum changed by
// `sum_change` (Change() of checksum.h, folded or not); the headers are still the question's. A question whose checksum
// was wrong gets an answer whose checksum is wrong, which its client drops; a question without one gets a right one.
size_t TurnUdp(uint8_t* frame, size_t payload_size, uint32_t sum_change) noexcept;

}  // namespace rblitz::net
