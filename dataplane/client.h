// A client's address as tables know addresses.
//
// Thread-safety: pure.
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/io/packet_io.h"
#include "tables/ip6.h"

namespace rblitz {

[[nodiscard]] inline Ip6Address AddressOf(const io::ClientAddress& client) noexcept {
  uint64_t halves_be[2];
  std::memcpy(halves_be, client.data(), sizeof halves_be);
  return {.high = __builtin_bswap64(halves_be[0]), .low = __builtin_bswap64(halves_be[1])};
}

}  // namespace rblitz
