// Finds the lines of a feed that list something: those that decide by the rules of its format, not only cover it.
//
// What covers the sought thing goes into tables of the load's own kinds, each line with a value of its own, and these
// are asked: so the search agrees with what is served.
//
// Thread-safety: pure but for the sources. Errors: bytes that cannot be had.
// Cost: one reading of the feed; memory for what covers the sought thing, at most kMostCovering lines.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loaders/feed.h"
#include "tables/ip6.h"
#include "tables/result.h"

namespace rblitz {

inline constexpr size_t kMostCovering = 4096;

// One of these.
struct Sought {
  std::optional<uint32_t> ip4;  // in host order
  std::optional<Ip6Address> ip6;
  std::span<const uint8_t> labels;  // in wire form and lower case, no root label
  std::string part;                 // of a combined feed: the zone whose data sets count, as FeedPart has it
};

struct FoundLine {
  std::string path;
  uint64_t line = 0;  // from 1
  uint32_t a_be = 0;  // that it answers
};

// In the order of the feed.
[[nodiscard]] Result<std::vector<FoundLine>> FindLines(const FeedConfig& config, std::vector<FeedSource> sources,
                                                       const Sought& sought);

}  // namespace rblitz
