// A TAP device: an interface of the kernel whose wire is a descriptor.
//
// Without a header of offloads: the kernel writes whole checksums and whole frames. The addresses are there at once,
// without a search for duplicates, so that sockets can be bound to them: they are the port's, which answers for them.
// The device goes with its descriptor.
//
// Thread-safety: any thread. Errors: which step failed, and why; nothing is left behind.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tables/result.h"

namespace rblitz::io {

struct TapConfig {
  std::string name;
  std::array<uint8_t, 6> mac{};
  uint16_t mtu = 1500;
  std::vector<std::string> addresses;  // "10.53.0.53/24"
};

// Makes the device, brings it up, and returns its descriptor, which does not block. Needs CAP_NET_ADMIN; the descriptor
// does not.
[[nodiscard]] Result<int> OpenTap(const TapConfig& config);

// Whether a text can be the name of an interface.
[[nodiscard]] bool IsInterfaceName(const std::string& name);

}  // namespace rblitz::io
