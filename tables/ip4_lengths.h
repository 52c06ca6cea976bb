// How long the prefix is that decides for an address: kept beside an Ip4Table for feeds whose texts name the network,
// and never looked at by plain lookups.
//
// Thread-safety: const after Build. Units: addresses in host order, lengths in bits.
// Cost: 5 bytes wherever the length changes; nothing for single addresses outside of networks. A lookup is a binary
// search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tables/ip4_cursors.h"
#include "tables/ip4_paint.h"

namespace rblitz {

class Ip4Lengths {
 public:
  // `segments` are disjoint and ascend, and so do the single addresses, which beat them.
  void Build(Precedence precedence, std::span<const Ip4Segment> segments, Ip4SinglesCursor singles);

  // Of the prefix that decides for an address that is listed or excluded.
  [[nodiscard]] unsigned Of(uint32_t address) const noexcept;
  [[nodiscard]] size_t bytes() const noexcept;

 private:
  static constexpr unsigned kOne = 32;  // a single address, alone

  // The length of what begins here, up to the next call's place. REQUIRES: `first` never descends.
  void From(uint64_t first, unsigned length);

  std::vector<uint32_t> starts_ = {0};
  std::vector<uint8_t> lengths_ = {kOne};
};

}  // namespace rblitz
