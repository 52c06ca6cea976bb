// The part of an Ip4Table that says what each /24 is, and the /24s that are no single addresses: filled one /8 after
// the other, by several threads.
//
// Thread-safety: the sinks of different /8s are independent; each belongs to one thread. Cost: 2 to 3 ns an address.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "tables/address_blocks.h"
#include "tables/ip4_layout.h"
#include "tables/ip4_rep.h"

namespace rblitz {

// What one /8 has that is not in the map itself. Indices count within it.
struct Ip4MapPart {
  std::vector<uint32_t> blocks;
  std::vector<Ip4Dense> dense;
  std::vector<ValueId> dense_values;
  uint64_t addresses = 0;
  uint64_t singles = 0;
  ValueId max_value = 0;  // of singles
};

class Ip4MapSink : public Ip4PieceSink {
 public:
  // Single addresses are permuted into `permuted`, if it is given. `common`: their one value, others are in no /24 of
  // single addresses then; or kNotListed. REQUIRES: rep.map, rep.top are there.
  Ip4MapSink(Ip4Table::Rep& rep, ValueId common, AddressBlocks* permuted)
      : rep_(rep), common_(common), permuted_(permuted) {}

  bool Piece(uint32_t first, uint32_t last, ValueId value) override;
  bool Apart(std::span<const uint32_t> addresses, ValueId value) override;
  [[nodiscard]] Ip4MapPart Finish();

 private:
  void Uniform16(uint32_t slash16, ValueId value);
  // All of it in one /24.
  void Part(uint32_t first, uint32_t last, ValueId value);
  // All that is listed in their /24s.
  void AllSingles(std::span<const uint32_t> addresses, ValueId value);
  void FinishSlash24();
  uint32_t AppendDense(std::span<const ValueId> values, bool one_value);
  void AppendBlock(uint32_t block);

  void SetKind(Ip4Kind kind) { rep_.map[slash24_ >> 5] |= uint64_t{kind} << ((slash24_ & 31) * 2); }

  Ip4Table::Rep& rep_;
  const ValueId common_;
  AddressBlocks* const permuted_;
  Ip4MapPart part_;
  uint32_t slash24_ = 0;
  uint32_t last_block16_ = 0;
  unsigned count_ = 0;  // addresses of slash24_ so far
  std::array<uint64_t, 4> listed_ = {};
  std::array<ValueId, 256> values_;
};

// Makes one of the parts, in the order of their /8s, and derives the rest of the map.
void JoinIp4Map(std::span<Ip4MapPart> parts, Ip4Table::Rep& rep);

}  // namespace rblitz
