// The naive twin of the IPv6 table: keeps every prefix and asks all of them. Slow, and too simple to be wrong.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "tables/ip6.h"
#include "tables/ip6_table.h"
#include "tables/verdict.h"

namespace rblitz {

class Ip6Model {
 public:
  void Add(const Ip6Prefix& prefix, ValueId value) { entries_.try_emplace(prefix, value); }

  [[nodiscard]] Ip6Match Match(const Ip6Address& address) const {
    int best = -1;
    ValueId value = kNotListed;
    for (const auto& [prefix, listed] : entries_) {
      if (prefix.length <= best || !Covers(prefix, address)) continue;
      best = prefix.length;
      value = listed;
    }
    if (value == kNotListed) return {};
    return {.value = value, .length = static_cast<uint8_t>(best)};
  }

  // Addresses at which anything can change: both sides of every border.
  [[nodiscard]] std::vector<Ip6Address> Borders() const {
    std::vector<Ip6Address> borders = {{0, 0}, {~uint64_t{0}, ~uint64_t{0}}};
    for (const auto& [prefix, value] : entries_) {
      const Ip6Address host = HostBits(prefix.length);
      const Ip6Address last{prefix.address.high | host.high, prefix.address.low | host.low};
      const Ip6Address before{prefix.address.high - (prefix.address.low == 0), prefix.address.low - 1};
      const Ip6Address behind{last.high + (last.low == ~uint64_t{0}), last.low + 1};
      for (const Ip6Address& at : {before, prefix.address, last, behind}) borders.push_back(at);
    }
    return borders;
  }

  [[nodiscard]] const std::map<Ip6Prefix, ValueId>& entries() const { return entries_; }

 private:
  static bool Covers(const Ip6Prefix& prefix, const Ip6Address& address) {
    for (unsigned bit = 0; bit < prefix.length; ++bit) {
      const auto at = [bit](const Ip6Address& a) {
        return (bit < 64 ? a.high >> (63 - bit) : a.low >> (127 - bit)) & 1;
      };
      if (at(prefix.address) != at(address)) return false;
    }
    return true;
  }

  std::map<Ip6Prefix, ValueId> entries_;
};

}  // namespace rblitz
