// Reads the 32 labels of a reversed IPv6 address (RFC 5782 section 2.4), for a burst of names at once: one hexadecimal
// digit a label, the lowest first, in either case.
//
// Thread-safety: pure. Cost: 2 to 5 ns a name in bursts (docs/performance.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rblitz::dns {

// The two halves of an address, in host order.
struct NibbleAddress {
  uint64_t high = 0;
  uint64_t low = 0;

  bool operator==(const NibbleAddress&) const = default;
};

// What such labels take, and what kernels read of each name, whatever its size.
inline constexpr size_t kNibbleLabelsSize = 64;

// For i < count: good[i] is 1 when the name at names[i] begins with 32 such labels, and addresses[i] is their address;
// else both are zero.
using ParseNibbleLabels = void (*)(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);

struct NibbleLabelsKernel {
  std::string_view name;
  ParseNibbleLabels parse;
  bool (*supported)() noexcept;
};

// Slowest first; the first, portable one is what tests compare the others with.
[[nodiscard]] std::span<const NibbleLabelsKernel> NibbleLabelsKernels() noexcept;

// The fastest one that this processor has.
[[nodiscard]] const NibbleLabelsKernel& BestNibbleLabelsKernel() noexcept;

}  // namespace rblitz::dns
