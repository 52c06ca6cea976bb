// Ip4Table::Visit: a table read back into pieces.
#include <bit>
#include <cstdint>
#include <functional>

#include "tables/ip4_rep.h"
#include "tables/ip4_table.h"

namespace rblitz {

namespace {

using Visitor = std::function<void(uint32_t first, uint32_t last, ValueId value)>;

// A /24 that begins here. Neighbours with one value are one piece.
void VisitDense(const Ip4Dense& dense, const std::vector<ValueId>& dense_values, uint32_t prefix,
                const Visitor& visit) {
  const bool one_value = (dense.values & Ip4Dense::kOneValue) != 0;
  size_t rank = 0;
  uint32_t first = 0;
  uint32_t end = 0;  // of the piece so far
  ValueId value = kNotListed;
  for (uint32_t word = 0; word < 4; ++word) {
    for (uint64_t bits = dense.listed[word]; bits != 0; bits &= bits - 1) {
      const uint32_t at = word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
      const ValueId next = one_value ? dense.values & ~Ip4Dense::kOneValue : dense_values[dense.values + rank++];
      if (at != end || next != value) {
        if (value != kNotListed) visit(prefix | first, prefix | (end - 1), value);
        first = at;
        value = next;
      }
      end = at + 1;
    }
  }
  visit(prefix | first, prefix | (end - 1), value);
}

void VisitBlock(const Ip4Table::Rep& rep, uint32_t block, uint32_t prefix, const Visitor& visit) {
  if ((block & Ip4Table::Rep::kDense) != 0) {
    VisitDense(rep.dense[block & ~Ip4Table::Rep::kDense], rep.dense_values, prefix, visit);
  } else {
    visit(prefix, prefix | 255, block);
  }
}

}  // namespace

void Ip4Table::Visit(const Visitor& visit) const {
  const Rep& rep = *rep_;
  if (rep.small) {
    for (size_t i = 0; i < rep.starts.size(); ++i) {
      const uint32_t last = i + 1 < rep.starts.size() ? rep.starts[i + 1] - 1 : UINT32_MAX;
      if (rep.values[i] != kNotListed) visit(rep.starts[i], last, rep.values[i]);
    }
    return;
  }
  for (uint32_t slash16 = 0; slash16 < 65536; ++slash16) {
    if (!rep.used16[slash16]) continue;
    if ((rep.top[slash16] & Rep::kUniform16) != 0) {
      visit(slash16 << 16, slash16 << 16 | 0xffff, rep.top[slash16] & ~Rep::kUniform16);
      continue;
    }
    size_t block = rep.top[slash16];
    for (uint32_t i = 0; i < 256; ++i) {
      const uint32_t prefix = slash16 << 16 | i << 8;
      if (rep.KindOf(prefix) == kBlock) VisitBlock(rep, rep.blocks[block++], prefix, visit);
    }
  }
  rep.singles.Visit([&](uint32_t permuted, ValueId value) {
    const uint32_t address = rep.permute.Undo(permuted);
    visit(address, address, value);
  });
}

}  // namespace rblitz
