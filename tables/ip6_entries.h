// What an Ip6Builder was given, until it builds: /64s, which lists have by the million, as bare keys, and all others.
//
// Thread-safety: none. Cost: ip6_builder.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tables/ip6.h"
#include "tables/verdict.h"

namespace rblitz {

// /64s and their values. Those with the first value that came are bare; once there is another value all are keyed: the
// /64, the position in the feed and the value, in this order.
class Ip6UnitEntries {
 public:
  __extension__ using Keyed = unsigned __int128;

  void Add(uint64_t unit, ValueId value);
  // Sorts; of equal ones the first stays.
  void Settle();

  [[nodiscard]] size_t size() const noexcept { return bare_.size() + keyed_.size(); }
  // After Settle, in order.
  [[nodiscard]] uint64_t unit(size_t i) const noexcept {
    return keyed_.empty() ? bare_[i] : static_cast<uint64_t>(keyed_[i] >> 64);
  }
  [[nodiscard]] ValueId value(size_t i) const noexcept {
    return keyed_.empty() ? bare_value_ : static_cast<ValueId>(keyed_[i]);
  }

 private:
  void AddKeyed(uint64_t unit, ValueId value) {
    keyed_.push_back(Keyed{unit} << 64 | uint64_t{static_cast<uint32_t>(keyed_.size())} << 32 | value);
  }

  std::vector<uint64_t> bare_;
  ValueId bare_value_ = kNotListed;
  std::vector<Keyed> keyed_;
};

struct Ip6Entry {
  Ip6Address address;
  ValueId value;
  uint8_t length;
};

// Sorts by address, then length; of equal ones the first given stays.
void SettleIp6Entries(std::vector<Ip6Entry>& entries);

}  // namespace rblitz
