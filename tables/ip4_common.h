// How many keys of a list were in the list before too, counted while its table is laid out.
//
// Nearly all keys are single addresses that stand in one line each of both tables. They are looked for as the new table
// gets them: where they have one value that is line after line, and both tables are read from front to back. What is
// otherwise in either of them
// (ranges, what ranges cover, exclusions, /24s with many addresses) is taken out of that count and looked up for
// itself.
//
// Thread-safety: as Ip4Watch; Count when the table is there. Cost: about 4 ns an address in order, a cache miss of the
// old table otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "tables/ip4_cursors.h"
#include "tables/ip4_layout.h"
#include "tables/ip4_rep.h"
#include "tables/ip4_stream.h"

namespace rblitz {

class Ip4CommonKeys : public Ip4Watch {
 public:
  // `stream` is what `now` is being made of; `table` was served before, and is `before`. Hidden keys of both are there.
  Ip4CommonKeys(const Ip4Stream& stream, const Ip4Table::Rep& now, const Ip4Table& table, const Ip4Table::Rep& before);

  void Mapped(unsigned octet) override;
  void Inserted(std::span<const uint32_t> permuted) override;

  // REQUIRES: the table is laid out, the stream can still be read if it is a small one.
  [[nodiscard]] uint64_t Count();

 private:
  class OctetCount;

  const Ip4Stream& stream_;
  const Ip4Table::Rep& now_;
  const Ip4Table& table_;
  const Ip4Table::Rep& before_;
  // Whether an address stands in the same place of both, had it one there.
  const bool are_alike_;
  // Of hidden keys, as they stand where each /8 begins.
  std::vector<Ip4KeyCursor> keys_now_;
  std::vector<Ip4KeyCursor> keys_before_;
  std::atomic<uint64_t> common_{0};  // modulo 2^64: some parts take off what others add
};

}  // namespace rblitz
