// What a port answers to: its MAC and its own addresses, with the networks they stand in, and what follows from them.
//
// Thread-safety: const after it is filled. Source: RFC 4291, RFC 2464.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace rblitz::net {

using Mac = std::array<uint8_t, 6>;
using Ip6 = std::array<uint8_t, 16>;  // network order

struct OwnIp4 {
  uint32_t address;       // host order
  uint8_t prefix_length;  // of the network on this port; its broadcast address is a martian source
};

struct OwnIp6 {
  Ip6 address;
  uint8_t prefix_length;
};

struct OwnAddresses {
  Mac mac{};
  std::vector<OwnIp4> ip4;
  std::vector<OwnIp6> ip6;  // none: the port takes no IPv6
};

inline constexpr Ip6 kAllNodes = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

// fe80:: with the MAC in its lower half, its bit for "universal" inverted (RFC 4291 section 2.5.1, RFC 2464 section 4).
[[nodiscard]] constexpr Ip6 LinkLocal(const Mac& mac) noexcept {
  const auto first = static_cast<uint8_t>(mac[0] ^ 0x02);
  return {0xfe, 0x80, 0, 0, 0, 0, 0, 0, first, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
}

// The group in which neighbours look for an address: ff02::1:ff and its last three bytes (RFC 4291 section 2.7.1).
[[nodiscard]] constexpr Ip6 SolicitedNode(const Ip6& address) noexcept {
  return {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, address[13], address[14], address[15]};
}

// The MAC of an IPv6 group: 33:33 and the group's last four bytes (RFC 2464 section 7).
[[nodiscard]] constexpr Mac GroupMac(const Ip6& group) noexcept {
  return {0x33, 0x33, group[12], group[13], group[14], group[15]};
}

}  // namespace rblitz::net
