// Builds an Ip4Table from entries in any order.
//
// Levels decide between entries that cover the same address: the entry with the highest level wins. At one level, what
// happens is the Precedence: rbldnsd's ip4set unites all values and lets an exclusion hide them, its ip4trie keeps the
// first entry of a prefix. With kPieces the builder cuts a range into octet-aligned pieces (/8, /16, /24, /32: the
// levels); with kLongestMatch the level is the prefix length, and a range that is no prefix is cut into prefixes.
//
// Thread-safety: none; one builder, one thread. Build takes more (in_parallel.h).
// Cost: 4 bytes an address while all have one value, 8 otherwise, 12 a range; Build gives them back while it fills the
// table. Errors: Build fails only when memory runs out (std::bad_alloc).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "tables/build_report.h"
#include "tables/ip4_table.h"
#include "tables/verdict.h"

namespace rblitz {

enum class Precedence : uint8_t {
  kPieces,        // rbldnsd ip4set
  kLongestMatch,  // rbldnsd ip4trie; plain lists
};

using Ip4BuildReport = BuildReport;

class Ip4Builder {
 public:
  // `verdicts` must outlive the builder: ids of united values are interned there.
  Ip4Builder(Precedence precedence, Verdicts* verdicts);
  ~Ip4Builder();

  // Lists or, with kNotListed, excludes an address or an inclusive range. REQUIRES: first <= last.
  void Add(uint32_t address, ValueId value) { Add({&address, 1}, value); }
  void Add(std::span<const uint32_t> addresses, ValueId value);
  void AddRange(uint32_t first, uint32_t last, ValueId value);

  // The table to be built can tell the prefix that decides (Ip4Table::Match): with kPieces that of the piece. Costs
  // memory for every network.
  void KeepLengths();

  // Kept for 127.0.0.1 and 127.0.0.2. United as the precedence says.
  using Exact = ExactEntry;

  // Entries given so far, exclusions and repeated ones among them.
  [[nodiscard]] uint64_t given() const;

  // `previous`, if any, is the table being replaced. The builder is empty afterwards.
  [[nodiscard]] Ip4Table Build(const Ip4Table* previous, Ip4BuildReport* report);

  // After Build: the exact entries for 127.0.0.1 and 127.0.0.2.
  [[nodiscard]] Exact exact(uint32_t address) const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz
