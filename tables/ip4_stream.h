// What a list consists of, in address order: single addresses over segments, neighbours with one value joined.
//
// Thread-safety: const; octets may be streamed by several threads at once. Cost: everything is walked once, a
// nanosecond an address where they stand apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tables/address_blocks.h"
#include "tables/ip4_cursors.h"
#include "tables/ip4_layout.h"
#include "tables/ip4_paint.h"

namespace rblitz {

class Ip4Stream {
 public:
  // Single addresses are `bare`, which all have one value, or `keyed` with theirs (Ip4SinglesCursor); segments are
  // disjoint; all are sorted, and must outlive this.
  Ip4Stream(std::span<const Ip4Segment> segments, const AddressBlocks& bare, ValueId bare_value,
            std::span<const uint64_t> keyed);

  // All pieces, until the sink has had enough.
  void All(Ip4PieceSink& sink) const { Between(0, kOctets - 1, sink); }
  // Those of one /8; what goes on beyond it is cut there.
  void Octet(unsigned octet, Ip4PieceSink& sink) const { Between(octet, octet, sink); }
  // The single addresses of one /8, whatever segments cover them.
  [[nodiscard]] Ip4SinglesCursor Singles(unsigned octet) const { return SinglesOf(octet, octet); }
  // The segments of which there is anything in one /8.
  [[nodiscard]] std::span<const Ip4Segment> Segments(unsigned octet) const { return SegmentsOf(octet, octet); }
  // The /8's single addresses will not be read again: the pool can have their memory.
  void Free(unsigned octet, AddressPool& pool) const;

  static constexpr unsigned kOctets = 256;

 private:
  void Between(unsigned first, unsigned last, Ip4PieceSink& sink) const;
  [[nodiscard]] Ip4SinglesCursor SinglesOf(unsigned first, unsigned last) const;
  [[nodiscard]] std::span<const Ip4Segment> SegmentsOf(unsigned first, unsigned last) const;

  const std::span<const Ip4Segment> segments_;
  const AddressBlocks& bare_;
  const ValueId bare_value_;
  const std::span<const uint64_t> keyed_;
  // The chunks in which there is anything of an octet: from its first to before its last.
  struct Chunks {
    size_t first;
    size_t last;
  };
  std::array<Chunks, kOctets> chunks_;
};

}  // namespace rblitz
