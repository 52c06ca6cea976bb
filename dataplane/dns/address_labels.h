// Reads the four labels of a reversed IPv4 address (RFC 5782 section 2.1), for a burst of names at once. This is where
// a DNSBL's parser spends its time, so there is a kernel for each instruction set; the fastest that the processor has
// is picked at start.
//
// A label is one to three digits, at most 255; leading zeros are accepted as rbldnsd does.
//
// Thread-safety: pure. Cost: docs/performance.md has instructions a name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rblitz::dns {

// The value of one label (its length byte first) when it is an octet, else -1.
[[nodiscard]] int OctetOfLabel(const uint8_t* label) noexcept;

// Kernels may read this many bytes of each name, whatever its size.
inline constexpr size_t kAddressLabelsRead = 16;

// For i < count: sizes[i] is the size in bytes of the four labels at names[i] and addresses[i] their address in host
// order; sizes[i] is 0 when the name does not begin with four such labels.
using ParseAddressLabels = void (*)(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes);

struct AddressLabelsKernel {
  std::string_view name;
  ParseAddressLabels parse;
  bool (*supported)() noexcept;
};

// Slowest first; the first, portable one is what tests compare the others with.
[[nodiscard]] std::span<const AddressLabelsKernel> AddressLabelsKernels() noexcept;

// The fastest one that this processor has.
[[nodiscard]] const AddressLabelsKernel& BestAddressLabelsKernel() noexcept;

}  // namespace rblitz::dns
