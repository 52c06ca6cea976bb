// What a builder says of the entries that it was given, whatever kind of table it makes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "tables/ip6.h"
#include "tables/verdict.h"

namespace rblitz {

inline constexpr size_t kWidestKept = 5;

// What became of the entries; compared with the table that was served before, by key: network, range, address, name,
// digest or record; of heat each network that has a score, however few were given.
struct BuildReport {
  uint64_t entries = 0;     // distinct keys
  uint64_t duplicates = 0;  // keys given again
  uint64_t added = 0;
  uint64_t removed = 0;
  // Networks and ranges (first and last address) of IPv4, and networks of IPv6 wider than /64, that the table served
  // before did not have; of each family at most kWidestKept, widest first, in address order where equal. None without
  // such a table.
  std::vector<std::pair<uint32_t, uint32_t>> widest_added;
  std::vector<Ip6Prefix> widest_added_ip6;

  // Of different tables of one feed.
  BuildReport& operator+=(const BuildReport& other) {
    entries += other.entries;
    duplicates += other.duplicates;
    added += other.added;
    removed += other.removed;
    widest_added.insert(widest_added.end(), other.widest_added.begin(), other.widest_added.end());
    widest_added_ip6.insert(widest_added_ip6.end(), other.widest_added_ip6.begin(), other.widest_added_ip6.end());
    KeepWidest();
    return *this;
  }
  // REQUIRES: each list is in address order, or a few of those that this made, one after another.
  void KeepWidest() {
    std::stable_sort(widest_added.begin(), widest_added.end(),
                     [](const auto& a, const auto& b) { return a.second - a.first > b.second - b.first; });
    widest_added.resize(std::min(widest_added.size(), kWidestKept));
    std::stable_sort(widest_added_ip6.begin(), widest_added_ip6.end(),
                     [](const Ip6Prefix& a, const Ip6Prefix& b) { return a.length < b.length; });
    widest_added_ip6.resize(std::min(widest_added_ip6.size(), kWidestKept));
  }
};

// An entry for exactly one address, which is all that RFC 5782's test points obey: nothing, its value, or excluded.
struct ExactEntry {
  bool present = false;
  ValueId value = kNotListed;
};

}  // namespace rblitz
