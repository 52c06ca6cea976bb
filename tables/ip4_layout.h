// From disjoint pieces in address order to the arrays of an Ip4Table: which shape, what each /24 becomes, where single
// addresses go.
//
// Thread-safety: none. Cost: two or three passes over the pieces, a few ns an address each, and the sorting of permuted
// addresses (address_sort.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "tables/ip4_rep.h"
#include "tables/verdict.h"

namespace rblitz {

// Takes the pieces of one pass in address order: disjoint, listed, neighbours with one value joined. False ends the
// pass.
class Ip4PieceSink {
 public:
  virtual ~Ip4PieceSink() = default;
  virtual bool Piece(uint32_t first, uint32_t last, ValueId value) = 0;
};

// Runs one pass; it may be asked for several, which must all be the same. After the last one nothing is read again.
using Ip4Pass = std::function<void(Ip4PieceSink&, bool is_last)>;

// Fills everything of `rep` but entries and hidden_keys. Values are below `values`.
void LayOutIp4(const Ip4Pass& pass, uint32_t values, Ip4Table::Rep& rep);

}  // namespace rblitz
