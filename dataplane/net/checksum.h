// The Internet checksum's arithmetic: ones' complement sums of bytes, and adjusting a checksum for what changed.
//
// A sum is 16 bits in *memory order*: the value that loading two bytes of the packet as a native uint16_t gives. Ones'
// complement addition commutes with byte swapping (RFC 1071 section 2), so nothing is swapped on a little-endian
// machine. A sum that is zero modulo 0xffff has two shapes, 0 and 0xffff, which mean the same.
//
// Thread-safety: pure. Cost: about 0.1 ns a byte. Source: RFC 1071, RFC 1624.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/headers.h"

namespace rblitz::net {

// Adding the halves to each other crosswise leaves in the upper one the ones' complement sum of both, carry included.
[[nodiscard]] constexpr uint32_t Fold(uint64_t sum) noexcept {
  sum += std::rotl(sum, 32);
  auto half = static_cast<uint32_t>(sum >> 32);
  half += std::rotl(half, 16);
  return half >> 16;
}

// The folded sum of `size` bytes; the first byte stands at an even offset of the checksummed whole.
[[nodiscard]] inline uint32_t Sum(const uint8_t* data, size_t size) noexcept {
  uint64_t sum = 0;
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    sum += word & 0xffffffff;
    sum += word >> 32;
  }
  // The tail in moves of fixed size: a memcpy of `size` bytes would be a call.
  if ((size & 4) != 0) {
    uint32_t word;
    std::memcpy(&word, data, 4);
    sum += word;
    data += 4;
  }
  if ((size & 2) != 0) {
    uint16_t word;
    std::memcpy(&word, data, 2);
    sum += word;
    data += 2;
  }
  if ((size & 1) != 0) {
    uint16_t word = 0;
    std::memcpy(&word, data, 1);
    sum += word;
  }
  return Fold(sum);
}

// The same bytes when the first stands at offset `offset`, which may be odd.
[[nodiscard]] constexpr uint32_t AtOffset(uint32_t folded, size_t offset) noexcept {
  const unsigned shift = (offset & 1) * 8;
  return ((folded << shift) | (folded >> (16 - shift))) & 0xffff;
}

// Of an IPv6 pseudo header, with the addresses of the header at `ip` (RFC 8200 section 8.1).
[[nodiscard]] inline uint32_t PseudoSum6(const uint8_t* ip, uint8_t protocol, size_t size) noexcept {
  const uint32_t length_be = SwapBytes(static_cast<uint16_t>(size));
  return Fold(uint64_t{Sum(ip + ip6::kSource, 2 * kIp6AddressSize)} + SwapBytes(uint16_t{protocol}) + length_be);
}

// The same with the `size` bytes behind the headers: 0xffff where the checksum among them is right.
[[nodiscard]] inline uint32_t PacketSum6(const uint8_t* ip, uint8_t protocol, const uint8_t* upper,
                                         size_t size) noexcept {
  return Fold(uint64_t{PseudoSum6(ip, protocol, size)} + Sum(upper, size));
}

// What must be added to a sum when bytes that sum to `removed` became bytes that sum to `added`: added - removed in
// ones' complement, folded. This is the arithmetic of io::Message::sum_change.
[[nodiscard]] constexpr uint32_t Change(uint32_t removed, uint32_t added) noexcept {
  return Fold(uint64_t{~Fold(removed) & 0xffff} + added);
}

// RFC 1624 equation 3: the checksum after its sum changed by `change`, folded or not: Change(), or several added up.
[[nodiscard]] constexpr uint16_t Adjust(uint16_t checksum, uint64_t change) noexcept {
  return static_cast<uint16_t>(~Fold(static_cast<uint16_t>(~checksum) + change));
}

}  // namespace rblitz::net
