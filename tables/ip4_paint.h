// Ranges of several levels painted over each other into disjoint segments: the part of building an Ip4Table that
// decides who wins.
//
// Thread-safety: none. Cost: n log n to sort; each level is merged once into the result.
#pragma once

#include <cstdint>
#include <vector>

#include "tables/ip4_builder.h"
#include "tables/verdict.h"

namespace rblitz {

// An inclusive range as it stands in a feed after it was cut for its level. kNotListed excludes.
struct Ip4Range {
  uint32_t first;
  uint32_t last;
  ValueId value;
  uint32_t sequence;  // position in the feed
  uint8_t level;      // higher wins
};

// What is so for all addresses from first to last. kNotListed: excluded.
struct Ip4Segment {
  uint32_t first;
  uint32_t last;
  ValueId value;
  uint8_t level;
};

// The value of an address that several entries of one level name: with kPieces all values in the order of their ids
// (that is, as they first appear in the feed), unless one excludes; with kLongestMatch the first. `values` must be in
// feed order.
class Ip4Uniter {
 public:
  // More verdicts than this never fit an answer.
  static constexpr size_t kMaxVerdicts = 256;

  Ip4Uniter(Precedence precedence, Verdicts* verdicts) : precedence_(precedence), verdicts_(verdicts) {}
  [[nodiscard]] ValueId Unite(std::vector<ValueId>& values);

 private:
  Precedence precedence_;
  Verdicts* verdicts_;
};

// The segments in address order, disjoint. Reorders `ranges`.
[[nodiscard]] std::vector<Ip4Segment> PaintRanges(std::vector<Ip4Range>& ranges, Ip4Uniter& uniter);

}  // namespace rblitz
