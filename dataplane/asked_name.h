// The part of a name before a zone's apex, as the zone is asked for it.
//
// Thread-safety: pure. Lifetime: points to the bytes of the name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tables/ip6.h"

namespace rblitz {

// The labels before the apex, and what they can mean.
struct AskedName {
  std::span<const uint8_t> labels;  // in wire form, in lower case, no root label
  size_t count = 0;
  bool is_ip4 = false;
  bool is_ip6 = false;
  uint32_t ip4 = 0;  // in host order
  Ip6Address ip6;

  // REQUIRES: well-formed, in lower case.
  [[nodiscard]] static AskedName Read(std::span<const uint8_t> labels, size_t count) noexcept;
};

}  // namespace rblitz
