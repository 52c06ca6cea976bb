// The naive twin of the IPv4 tables: keeps every entry and asks all of them. Slow, and too simple to be wrong.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tables/ip4_builder.h"
#include "tables/verdict.h"

namespace rblitz {

class Ip4Model {
 public:
  Ip4Model(Precedence precedence, const Verdicts* verdicts) : precedence_(precedence), verdicts_(verdicts) {}

  void Add(uint32_t first, uint32_t last, ValueId value) {
    keys_.emplace(first, last);
    uint64_t at = first;
    const uint64_t end = uint64_t{last} + 1;
    while (at < end) {
      const unsigned step = precedence_ == Precedence::kPieces ? 8 : 1;
      unsigned bits = precedence_ == Precedence::kPieces ? 24 : 32;
      while (at % (uint64_t{1} << bits) != 0 || at + (uint64_t{1} << bits) > end) bits -= step;
      pieces_.push_back({at, at + (uint64_t{1} << bits), 32 - bits, value});
      at += uint64_t{1} << bits;
    }
  }

  // What an address is listed with; empty: not listed.
  [[nodiscard]] std::vector<Verdict> Lookup(uint32_t address) const {
    unsigned best = 0;
    std::vector<ValueId> values;
    for (const Piece& piece : pieces_) {
      if (address < piece.first || address >= piece.end || (piece.level < best && !values.empty())) continue;
      if (piece.level > best || values.empty()) values.clear();
      best = piece.level;
      values.push_back(piece.value);
    }
    if (precedence_ == Precedence::kLongestMatch && !values.empty()) values.erase(values.begin() + 1, values.end());
    if (std::find(values.begin(), values.end(), kNotListed) != values.end()) return {};
    std::set<Verdict> verdicts;
    for (const ValueId value : values) verdicts.insert(verdicts_->at(value).begin(), verdicts_->at(value).end());
    return {verdicts.begin(), verdicts.end()};
  }

  [[nodiscard]] const std::set<std::pair<uint32_t, uint32_t>>& keys() const { return keys_; }

  // Addresses at which anything can change: both sides of every border.
  [[nodiscard]] std::vector<uint32_t> Borders() const {
    std::vector<uint32_t> borders = {0, UINT32_MAX};
    for (const auto& [first, last] : keys_) {
      for (const uint32_t at : {first - 1, first, last, last + 1}) borders.push_back(at);
    }
    return borders;
  }

 private:
  struct Piece {
    uint64_t first;
    uint64_t end;
    unsigned level;
    ValueId value;
  };
  Precedence precedence_;
  const Verdicts* verdicts_;
  std::vector<Piece> pieces_;
  std::set<std::pair<uint32_t, uint32_t>> keys_;
};

}  // namespace rblitz
