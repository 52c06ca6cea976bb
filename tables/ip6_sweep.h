// Nested prefixes over one half of an address laid over each other: what decides where, as disjoint pieces in order.
//
// Prefixes either nest or are apart, so one walk with a stack of those that are open does it.
// Thread-safety: none. Cost: linear.
#pragma once

#include <cstdint>
#include <vector>

#include "tables/ip6.h"
#include "tables/verdict.h"

namespace rblitz {

// The entry that decides: its value and its length as a prefix of the whole address. Where no entry does, and where an
// exclusion does, both are 0.
struct Ip6Decision {
  ValueId value = kNotListed;
  uint8_t length = 0;

  bool operator==(const Ip6Decision&) const = default;
};

// Holds from `first` to where the next piece begins.
struct Ip6Piece {
  uint64_t first = 0;
  Ip6Decision decision;
};

class Ip6Sweep {
 public:
  // Decides where no prefix does.
  explicit Ip6Sweep(Ip6Decision background) : open_{{~uint64_t{0}, background}} { Append(0, background); }

  // `length` (0 to 64) counts in the half. REQUIRES: prefixes ascend by first, then by length; none is given twice.
  void Add(uint64_t first, unsigned length, Ip6Decision decision) {
    CloseBefore(first);
    Append(first, decision);
    open_.push_back({first | HostBits64(length), decision});
  }

  // The first begins at 0; neighbours differ. REQUIRES: called once, at the end.
  [[nodiscard]] const std::vector<Ip6Piece>& Finish() {
    while (open_.back().last != ~uint64_t{0}) Close();
    return pieces_;
  }

 private:
  struct Open {
    uint64_t last;
    Ip6Decision decision;
  };

  void CloseBefore(uint64_t first) {
    while (open_.back().last < first) Close();
  }
  void Close() {
    const uint64_t last = open_.back().last;
    open_.pop_back();
    Append(last + 1, open_.back().decision);
  }
  void Append(uint64_t first, Ip6Decision decision) {
    if (decision.value == kNotListed) decision = {};
    if (!pieces_.empty() && pieces_.back().first == first) pieces_.pop_back();
    if (pieces_.empty() || pieces_.back().decision != decision) pieces_.push_back({first, decision});
  }

  std::vector<Open> open_;
  std::vector<Ip6Piece> pieces_;
};

}  // namespace rblitz
