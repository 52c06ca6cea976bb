// How many answers each network of clients has had lately, and whether it may have one more. A token bucket a network,
// kept as the time until which its answers so far have used up the rate.
//
// Bounded: kSets sets of kWays networks in fixed memory. A network that is not there takes the place of the one in its
// set that has used the least, and begins with all of its second. So one network never pays for another's answers, a
// flood of forged addresses denies nobody anything, and those that are limited are the last to be forgotten; what a
// flood can do is to have the limits of others forgotten, which fails open.
//
// Thread-safety: one worker. Units: nanoseconds of any clock that does not run backwards.
// Cost: one cache line a question, no allocation but at the start. kSets * kWays * 17 bytes, backed once touched.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tables/huge_array.h"
#include "tables/ip6.h"

namespace rblitz {

class RateLimit {
 public:
  static constexpr size_t kSets = size_t{1} << 14;
  static constexpr size_t kWays = 4;
  static constexpr uint64_t kWindowNs = 1'000'000'000;  // a network can have the answers of one second at once

  struct Network {
    uint64_t prefix;
    bool operator==(const Network&) const = default;
  };
  // IPv4 clients are mapped. REQUIRES: prefix_v4 <= 32, prefix_v6 <= 64, neither 0.
  [[nodiscard]] static Network NetworkOf(const Ip6Address& client, unsigned prefix_v4, unsigned prefix_v6) noexcept;
  // The first address of it.
  [[nodiscard]] static Ip6Address AddressOf(Network network) noexcept;

  RateLimit();

  // Whether the network may have one more answer, of which it gets one in `cost_ns`. Counts it if so.
  [[nodiscard]] bool Allow(Network network, uint64_t now_ns, uint64_t cost_ns) noexcept;
  // Whether this answer, not allowed by the call of Allow just before, is the network's n-th such in a row of n.
  [[nodiscard]] bool IsNth(uint32_t n) noexcept;

 private:
  struct alignas(64) Set {
    uint64_t prefixes[kWays];
    uint64_t used_until_ns[kWays];
  };

  uint64_t seed_;
  HugeArray<Set> sets_;
  HugeArray<uint8_t> limited_;  // by entry: how many lately were not allowed
  size_t last_ = 0;             // entry of the last Allow
};

}  // namespace rblitz
