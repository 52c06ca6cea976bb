// Records that a feed gives for single names of its zones (rbldnsd's generic): a small map for whoever builds zones,
// not a table for the hot path.
//
// Thread-safety: const once the feed is built. Units: names are labels in wire form, in lower case, relative to the
// zone; the apex is empty. Cost: a tree node a name.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tables/build_report.h"

namespace rblitz {

enum class RecordType : uint16_t { kA = 1, kMx = 15, kTxt = 16 };

struct GenericRecord {
  RecordType type = RecordType::kA;
  uint32_t ttl_seconds = 0;  // 0: the feed's or zone's TTL
  std::string rdata;         // in wire form; names in it are absolute and not compressed

  // As a resource record: the TTL is no part of what it says (RFC 2181 section 5.2).
  [[nodiscard]] bool SameData(const GenericRecord& other) const { return type == other.type && rdata == other.rdata; }
  bool operator==(const GenericRecord&) const = default;
};

class GenericRecords {
 public:
  using Records = std::vector<GenericRecord>;

  // Appends to the name's records, unless it has the same already.
  void Add(std::span<const uint8_t> name, GenericRecord record);

  // The name's records, in the order of the feed. Null: no such name. Empty: only names below it have some.
  [[nodiscard]] const Records* Find(std::span<const uint8_t> name) const;
  // All names, those above others among them.
  [[nodiscard]] const std::map<std::string, Records, std::less<>>& names() const noexcept { return names_; }

  // Compares with the records served before, if any. A key is a name, a type and data.
  [[nodiscard]] BuildReport Compare(const GenericRecords* previous) const;
  [[nodiscard]] uint64_t entries() const noexcept { return entries_; }
  [[nodiscard]] bool empty() const noexcept { return entries_ == 0; }

 private:
  std::map<std::string, Records, std::less<>> names_;
  uint64_t entries_ = 0;
  uint64_t duplicates_ = 0;
};

}  // namespace rblitz
