// IPv6 addresses and prefixes as lists write them.
//
// Cost: reading allocates nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tables/ip6.h"

namespace rblitz {

// One to eight groups of 16 bits; those that are missing are the low ones.
struct Ip6Groups {
  Ip6Address address;   // missing groups are 0
  unsigned count = 0;   // 8 where `::` stands for some
  bool elided = false;  // `::` stands for some

  [[nodiscard]] unsigned bits() const noexcept { return 16 * count; }
};

// Takes groups off the front of `text` as rbldnsd does: any number of leading zeros, no dotted quad at the end; what
// follows the eighth group is left. Nothing if it does not begin with any, a group is above ffff or misses behind a
// colon.
[[nodiscard]] std::optional<Ip6Groups> TakeGroups(std::string_view& text);

// A whole address, and nothing else, in any form of RFC 4291 section 2.2.
[[nodiscard]] std::optional<Ip6Address> ReadIp6Address(std::string_view text);

// Nothing if bits after the prefix are set. REQUIRES: length <= 128.
[[nodiscard]] std::optional<Ip6Prefix> MakeIp6Prefix(const Ip6Address& address, unsigned length);

// "2001:db8::/32"; without a length if that is 128.
[[nodiscard]] std::string Ip6Text(const Ip6Prefix& prefix);

}  // namespace rblitz
