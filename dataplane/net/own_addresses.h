// What a port answers to: its MAC and its own addresses, with the networks they stand in.
//
// Thread-safety: const after it is filled.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace rblitz::net {

struct OwnIp4 {
  uint32_t address;       // host order
  uint8_t prefix_length;  // of the network on this port; its broadcast address is a martian source
};

struct OwnAddresses {
  std::array<uint8_t, 6> mac{};
  std::vector<OwnIp4> ip4;
};

}  // namespace rblitz::net
