#include "tables/generic_records.h"

#include <algorithm>
#include <utility>

namespace rblitz {

namespace {

std::string KeyOf(std::span<const uint8_t> name) { return {name.begin(), name.end()}; }

bool Has(const GenericRecords::Records& records, const GenericRecord& record) {
  return std::ranges::any_of(records, [&](const GenericRecord& other) { return other.SameData(record); });
}

}  // namespace

void GenericRecords::Add(std::span<const uint8_t> name, GenericRecord record) {
  Records& records = names_[KeyOf(name)];
  if (Has(records, record)) {
    ++duplicates_;
    return;
  }
  records.push_back(std::move(record));
  ++entries_;
  // Names above it exist as well (RFC 8020).
  while (!name.empty()) {
    name = name.subspan(size_t{name[0]} + 1);
    if (!names_.try_emplace(KeyOf(name)).second) return;
  }
}

const GenericRecords::Records* GenericRecords::Find(std::span<const uint8_t> name) const {
  const auto found = names_.find(std::string_view(reinterpret_cast<const char*>(name.data()), name.size()));
  return found == names_.end() ? nullptr : &found->second;
}

BuildReport GenericRecords::Compare(const GenericRecords* previous) const {
  uint64_t common = 0;
  for (const auto& [name, records] : names_) {
    if (previous == nullptr) break;
    const auto before = previous->names_.find(name);
    if (before == previous->names_.end()) continue;
    for (const GenericRecord& record : records) common += Has(before->second, record);
  }
  return {.entries = entries_,
          .duplicates = duplicates_,
          .added = entries_ - common,
          .removed = previous == nullptr ? 0 : previous->entries_ - common};
}

}  // namespace rblitz
