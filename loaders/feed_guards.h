// What a feed must keep to before it replaces what is served: limits against a publisher's accident, off unless
// configured.
//
// max_range and max_range_v6 work on single entries: those that are wider are bad lines, as with $MAXRANGE4. max_age
// also withdraws data that grows too old while it is served. The others refuse a load as a whole.
//
// Thread-safety: pure. Errors: a refusal names the guard, what it allows and what there was instead.
// Units: shares from 0 to 1, seconds, bytes, addresses.
#pragma once

#include <cstdint>
#include <optional>

#include "tables/result.h"

namespace rblitz {

struct LoadReport;

struct FeedGuards {
  std::optional<double> max_shrink;  // of the entries before, how many may be gone without new ones for them
  std::optional<double> max_bad;     // of the entries given, how many may be bad lines
  uint64_t max_range = 0;            // of IPv4; 0: none
  uint8_t max_range_v6 = 0;          // of IPv6: the shortest prefix; 0: any
  uint32_t max_age_seconds = 0;      // 0: none
  uint64_t max_memory = 0;           // 0: none

  bool operator==(const FeedGuards&) const = default;
};

// What a load came to.
struct LoadedFigures {
  uint64_t entries_before = 0;  // 0: not known, then nothing shrinks
  uint64_t bytes = 0;           // of memory
  int64_t data_time = 0;        // Unix time
};

[[nodiscard]] Status CheckGuards(const FeedGuards& guards, const LoadReport& report, const LoadedFigures& figures,
                                 int64_t now);

// Of a load that needs this much so far.
[[nodiscard]] Status CheckMemory(const FeedGuards& guards, uint64_t bytes);

// When data must not be served any more, which itself says `expires` (0: never).
[[nodiscard]] int64_t Expiry(const FeedGuards& guards, int64_t expires, int64_t data_time);

}  // namespace rblitz
