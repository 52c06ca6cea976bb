// From disjoint pieces in address order to the arrays of an Ip4Table: which shape, what each /24 becomes, where single
// addresses go.
//
// Threads: a large table is laid out by several (in_parallel.h), /8 by /8, then line by line of its single addresses.
// Cost: one pass over the pieces where all have one value, two where all but a few have, otherwise four, a few ns an
// address each; and, but for the last, the sorting of permuted addresses (address_blocks.h).
#pragma once

#include <algorithm>
#include <cstdint>
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

// Told how far the layout of a large table is; by several threads, about different things.
class Ip4Watch {
 public:
  virtual ~Ip4Watch() = default;
  // The map has what it says of a /8, whose single addresses can be read for the last time.
  virtual void Mapped(unsigned /*octet*/) {}
  // These stand alone in the table.
  virtual void Inserted(std::span<const uint32_t> /*permuted*/) {}
};

class Ip4Stream;

// Fills everything of `rep` but entries and hidden_keys. Values are below `values`. `pool`, which the stream's single
// addresses come from, has the memory for what is sorted.
void LayOutIp4(const Ip4Stream& stream, uint32_t values, AddressPool* pool, Ip4Watch& watch, Ip4Table::Rep& rep);

}  // namespace rblitz
