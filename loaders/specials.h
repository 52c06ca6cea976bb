// rbldnsd's special lines: $SOA, $NS, $TTL, $TIMESTAMP, $MAXRANGE4, $0 to $9 and $=, with its rules of which one counts
// when a data set has several.
//
// Units: seconds; absolute times are Unix times. Years go up to 9999 (rbldnsd: 2038).
// Errors: a line that cannot be read changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "loaders/text_template.h"
#include "tables/result.h"
#include "tables/snapshot.h"

namespace rblitz {

struct Specials {
  uint32_t ttl_seconds = 0;       // the last $TTL; 0: none
  std::optional<Soa> soa;         // the first
  std::optional<NameServers> ns;  // the first
  uint64_t max_range = 0;         // the smallest $MAXRANGE4; 0: none
  TextScope texts;                // the first of each
  int64_t timestamp = 0;          // the newest; 0: none
  int64_t expires = 0;            // the earliest; 0: none
};

// Whether a line, blanks at its start removed, is a special: $X, and as some writers hide it from other programs #$X,
// ;$X, :$X.
[[nodiscard]] bool IsSpecial(std::string_view line) noexcept;

// A number of seconds with an optional unit (s, m, h, d, w), all of `word`.
[[nodiscard]] std::optional<uint32_t> ReadTime(std::string_view word);

// Reads a line for which IsSpecial holds.
[[nodiscard]] Status ParseSpecial(std::string_view line, Specials* specials);

}  // namespace rblitz
