#include "tables/ip6_entries.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "tables/radix_sort.h"

namespace rblitz {

void Ip6UnitEntries::Add(uint64_t unit, ValueId value) {
  if (size() == 0) bare_value_ = value;
  if (keyed_.empty() && value == bare_value_) {
    bare_.push_back(unit);
    return;
  }
  if (!bare_.empty()) {
    keyed_.reserve(bare_.capacity());
    for (const uint64_t earlier : bare_) AddKeyed(earlier, bare_value_);
    bare_ = std::vector<uint64_t>();
  }
  AddKeyed(unit, value);
}

void Ip6UnitEntries::Settle() {
  RadixSort(std::span(bare_));
  bare_.erase(std::unique(bare_.begin(), bare_.end()), bare_.end());
  RadixSort(std::span(keyed_));
  const auto same_unit = [](Keyed a, Keyed b) { return a >> 64 == b >> 64; };
  keyed_.erase(std::unique(keyed_.begin(), keyed_.end(), same_unit), keyed_.end());
}

void SettleIp6Entries(std::vector<Ip6Entry>& entries) {
  const auto key = [](const Ip6Entry& entry) { return std::tie(entry.address, entry.length); };
  std::stable_sort(entries.begin(), entries.end(),
                   [key](const Ip6Entry& a, const Ip6Entry& b) { return key(a) < key(b); });
  const auto same = [key](const Ip6Entry& a, const Ip6Entry& b) { return key(a) == key(b); };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
}

}  // namespace rblitz
