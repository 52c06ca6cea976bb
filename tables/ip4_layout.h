// From disjoint pieces in address order to the arrays of an Ip4Table: which shape, what each /24 becomes, where single
// addresses go.
//
// Thread-safety: none. Cost: two or three passes over the pieces, a few ns an address each, and the sorting of permuted
// addresses (address_blocks.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "tables/address_blocks.h"
#include "tables/ip4_rep.h"
#include "tables/verdict.h"

namespace rblitz {

// Takes the pieces of one pass in address order: disjoint, listed, neighbours with one value joined. False ends the
// pass.
class Ip4PieceSink {
 public:
  virtual ~Ip4PieceSink() = default;
  virtual bool Piece(uint32_t first, uint32_t last, ValueId value) = 0;
  // Pieces of one address each, ascending, with one value, none of which is next to another piece.
  virtual bool Apart(std::span<const uint32_t> addresses, ValueId value) {
    return std::ranges::all_of(addresses, [&](uint32_t address) { return Piece(address, address, value); });
  }
};

// Runs one pass; it may be asked for several, which must all be the same. After the last one nothing is read again.
using Ip4Pass = std::function<void(Ip4PieceSink&, bool is_last)>;

// Fills everything of `rep` but entries and hidden_keys. Values are below `values`. `pool`, which the passes may give
// blocks back to, has the memory for what is sorted.
void LayOutIp4(const Ip4Pass& pass, uint32_t values, AddressPool* pool, Ip4Table::Rep& rep);

}  // namespace rblitz
