// The part of a name before a zone's apex, as the zone is asked for it.
//
// Thread-safety: pure. Lifetime: points to the bytes of the name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tables/ip6.h"

namespace rblitz {

// An IPv4 address within an IPv6 address: ::ffff:192.0.2.1 is 192.0.2.1 (RFC 4291 section 2.5.5.2), and
// 2002:c000:201::1 a host behind it (RFC 3056 section 2).
enum class Ip4Within : uint8_t { kNone, kMapped, k6to4 };

// The labels before the apex, and what they can mean.
struct AskedName {
  std::span<const uint8_t> labels;  // in wire form, in lower case, no root label
  size_t count = 0;
  bool is_ip4 = false;
  bool is_ip6 = false;
  Ip4Within ip4_within = Ip4Within::kNone;
  uint32_t ip4 = 0;  // in host order; also the one within
  Ip6Address ip6;

  // Reads what an IPv6 address has within.
  void SetIp6(const Ip6Address& address) noexcept;
  // Becomes what these labels are asked for. REQUIRES: well-formed, in lower case.
  void Set(std::span<const uint8_t> name, size_t label_count) noexcept;
  [[nodiscard]] static AskedName Read(std::span<const uint8_t> labels, size_t count) noexcept {
    AskedName asked;
    asked.Set(labels, count);
    return asked;
  }
};

}  // namespace rblitz
