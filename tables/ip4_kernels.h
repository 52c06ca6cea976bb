// Two steps of a large Ip4Table's lookup for which there is a kernel of a later instruction set: choosing which line
// each address of a batch needs, and comparing tags. What they do is defined by the plain way, Ip4Table::Rep::SortLarge
// and Ip4Singles::Find; this header holds no function, so that nothing of a kernel can stand in for code of the
// baseline.
//
// Thread-safety: pure. Cost: docs/performance.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rblitz {

// Addresses that a kernel takes in one step.
inline constexpr size_t kIp4KernelStep = 8;

// What choosing wants to know of a table.
struct Ip4Choice {
  uint32_t seeds[2];      // of the permutation
  uint32_t buckets;       // of the table of single addresses
  unsigned coarse_shift;  // address >> coarse_shift: index in the coarse map
  const uint8_t* lines;
  const uint8_t* nowhere;  // the line of addresses that are not looked for among single ones
  const uint64_t* coarse;  // Ip4Coarse of each network, two bits each
};

// What comparing wants to know of buckets with tags of 16 bits.
struct Ip4Comparison {
  size_t slots;
  size_t value_bytes;  // 0, 2 or 4
  uint32_t common;     // the value of all where value_bytes is 0
};

struct Ip4Kernel {
  std::string_view name;
  bool (*supported)() noexcept;

  // Of each address: where it is permuted to and its line; and which (bit i: address i) may be single addresses, which
  // the /24 map must tell. REQUIRES: count is a multiple of kIp4KernelStep, at most kMaxBatch.
  void (*choose)(const Ip4Choice& choice, const uint32_t* addresses, size_t count, uint32_t* permuted,
                 const uint8_t** lines, uint64_t* singles, uint64_t* furthers);
  // Sets values[i] for each bit i of `singles` to the value in lines[i], 0 for none, and returns those that may have
  // gone on to the next line. Asks for the lines fetch[i], as many, in passing; null: nothing. REQUIRES as above.
  uint64_t (*find)(const Ip4Comparison& comparison, const uint32_t* permuted, const uint8_t* const* lines, size_t count,
                   uint64_t singles, uint32_t* values, const uint8_t* const* fetch);
};

extern const Ip4Kernel kIp4KernelAvx2;

// All of them, slowest first; none on processors that there is no kernel for.
[[nodiscard]] std::span<const Ip4Kernel* const> Ip4Kernels() noexcept;

// The fastest one that this processor has; null: the plain way.
[[nodiscard]] const Ip4Kernel* BestIp4Kernel() noexcept;

}  // namespace rblitz
