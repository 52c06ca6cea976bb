// One pass over what a list consists of, in address order: single addresses over segments, neighbours with one value
// joined.
//
// Thread-safety: none. Cost: everything is walked once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tables/ip4_cursors.h"
#include "tables/ip4_layout.h"
#include "tables/ip4_paint.h"

namespace rblitz {

// `left_behind`(chunks) is told how many chunks of the single addresses will not be read again by this pass.
template <class LeftBehind>
void StreamIp4(std::span<const Ip4Segment> segments, Ip4SinglesCursor singles, Ip4PieceSink& sink,
               LeftBehind&& left_behind) {
  constexpr size_t kWorthRun = 32;  // addresses that are handed on together
  uint64_t first = 0;
  uint64_t end = 0;  // of the piece so far
  ValueId value = kNotListed;
  bool more = true;
  const auto flush = [&] {
    if (value != kNotListed) more = sink.Piece(static_cast<uint32_t>(first), static_cast<uint32_t>(end - 1), value);
    value = kNotListed;
  };
  const auto piece = [&](uint64_t from, uint64_t to, ValueId next) {
    if (from >= to) return;
    if (from == end && next == value) {
      end = to;
      return;
    }
    flush();
    first = from;
    end = to;
    value = next;
  };
  const auto single = [&] {
    const uint32_t at = singles.address();
    piece(at, uint64_t{at} + 1, singles.value());
    singles.Next();
  };
  const auto singles_below = [&](uint64_t stop) {
    while (more && singles.more() && singles.address() < stop) {
      const size_t apart = singles.CountApart(end, stop);
      if (apart < kWorthRun) {
        for (size_t n = std::max<size_t>(apart, 1); more && n > 0; --n) single();
      } else {
        flush();
        if (more) more = sink.Apart(singles.alike().first(apart), singles.value());
        singles.Skip(apart);
      }
      left_behind(singles.behind());
    }
  };
  for (const Ip4Segment& segment : segments) {
    singles_below(segment.first);
    uint64_t at = segment.first;
    while (more && singles.more() && singles.address() <= segment.last) {
      const uint32_t inside = singles.address();
      piece(at, inside, segment.value);
      single();
      at = uint64_t{inside} + 1;
    }
    piece(at, uint64_t{segment.last} + 1, segment.value);
    if (!more) return;
  }
  singles_below(uint64_t{1} << 32);
  if (more) flush();
}

}  // namespace rblitz
