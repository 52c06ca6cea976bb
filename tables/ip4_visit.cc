// Ip4Table::Visit: a table read back into pieces.
#include <bit>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "tables/ip4_rep.h"
#include "tables/ip4_table.h"

namespace rblitz {

namespace {

using Visitor = std::function<void(uint32_t first, uint32_t last, ValueId value)>;

// Pieces that come in order: neighbours with one value are handed on as one.
class Joiner {
 public:
  explicit Joiner(const Visitor& visit) : visit_(visit) {}

  void Add(uint32_t first, uint32_t last, ValueId value) {
    if (value != value_ || first != end_) {
      Flush();
      first_ = first;
      value_ = value;
    }
    end_ = uint64_t{last} + 1;
  }
  // After the last.
  void Flush() {
    const ValueId value = std::exchange(value_, kNotListed);
    if (value != kNotListed) visit_(first_, static_cast<uint32_t>(end_ - 1), value);
  }

 private:
  const Visitor& visit_;
  uint32_t first_ = 0;
  uint64_t end_ = 0;
  ValueId value_ = kNotListed;
};

void AddDense(const Ip4Dense& dense, const std::vector<ValueId>& dense_values, uint32_t prefix, Joiner& joiner) {
  const bool one_value = (dense.values & Ip4Dense::kOneValue) != 0;
  size_t rank = 0;
  for (uint32_t word = 0; word < 4; ++word) {
    for (uint64_t bits = dense.listed[word]; bits != 0; bits &= bits - 1) {
      const uint32_t at = prefix | (word * 64 + static_cast<uint32_t>(std::countr_zero(bits)));
      joiner.Add(at, at, one_value ? dense.values & ~Ip4Dense::kOneValue : dense_values[dense.values + rank++]);
    }
  }
}

// A /24 that begins here.
void AddBlock(const Ip4Table::Rep& rep, uint32_t block, uint32_t prefix, Joiner& joiner) {
  if ((block & Ip4Table::Rep::kDense) != 0) {
    AddDense(rep.dense[block & ~Ip4Table::Rep::kDense], rep.dense_values, prefix, joiner);
  } else {
    joiner.Add(prefix, prefix | 255, block);
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
  Joiner joiner(visit);
  for (uint32_t slash16 = 0; slash16 < 65536; ++slash16) {
    if (!rep.used16[slash16]) continue;
    if ((rep.top[slash16] & Rep::kUniform16) != 0) {
      joiner.Add(slash16 << 16, slash16 << 16 | 0xffff, rep.top[slash16] & ~Rep::kUniform16);
      continue;
    }
    size_t block = rep.top[slash16];
    for (uint32_t i = 0; i < 256; ++i) {
      const uint32_t prefix = slash16 << 16 | i << 8;
      if (rep.KindOf(prefix) == kBlock) AddBlock(rep, rep.blocks[block++], prefix, joiner);
    }
  }
  joiner.Flush();
  rep.singles.Visit([&](uint32_t permuted, ValueId value) {
    const uint32_t address = rep.permute.Undo(permuted);
    visit(address, address, value);
  });
}

}  // namespace rblitz
