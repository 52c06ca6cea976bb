// IPv6 addresses and prefixes as tables and loaders handle them: two 64-bit halves in host order.
#pragma once

#include <compare>
#include <cstdint>

namespace rblitz {

struct Ip6Address {
  uint64_t high = 0;
  uint64_t low = 0;

  bool operator==(const Ip6Address&) const = default;
  auto operator<=>(const Ip6Address&) const = default;
};

// All addresses that begin with the first `length` (0 to 128) bits of `address`, whose other bits are zero.
struct Ip6Prefix {
  Ip6Address address;
  uint8_t length = 128;

  bool operator==(const Ip6Prefix&) const = default;
  auto operator<=>(const Ip6Prefix&) const = default;
};

// The bits of a half behind its first `length` (0 to 64).
[[nodiscard]] constexpr uint64_t HostBits64(unsigned length) noexcept {
  return length >= 64 ? 0 : ~uint64_t{0} >> length;
}

// The bits of an address behind its first `length`.
[[nodiscard]] constexpr Ip6Address HostBits(unsigned length) noexcept {
  return {.high = HostBits64(length), .low = length <= 64 ? ~uint64_t{0} : HostBits64(length - 64)};
}

// RFC 4291 section 2.5.5.2: ::ffff:0:0/96 holds the IPv4 addresses.
inline constexpr uint64_t kV4MappedLow = uint64_t{0xffff} << 32;
[[nodiscard]] constexpr bool IsV4Mapped(const Ip6Address& address) noexcept {
  return address.high == 0 && address.low >> 32 == 0xffff;
}

// RFC 5782 section 5: listed and not listed in every IPv6 list.
inline constexpr Ip6Address kIp6TestListed{.high = 0, .low = kV4MappedLow | 0x7f000002};
inline constexpr Ip6Address kIp6TestUnlisted{.high = 0, .low = kV4MappedLow | 0x7f000001};

}  // namespace rblitz
