// Builds a NameTable from entries in any order.
//
// Thread-safety: none; one builder, one thread.
// Cost: 12 bytes an entry, 8 bytes for each name above one, 12 above one that excludes (those that were seen lately are
// not kept again); Build sorts in place and needs the finished table besides. Errors: Build fails only when memory runs
// out (std::bad_alloc).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tables/build_report.h"
#include "tables/name_table.h"
#include "tables/verdict.h"

namespace rblitz {

// What an entry is for.
enum class NameForm : uint8_t {
  kExact,  // the name
  kBelow,  // all names below it: *.name
  kBoth,   // .name
};

class NameBuilder {
 public:
  // `verdicts` must outlive the builder: ids of united values are interned there.
  explicit NameBuilder(Verdicts* verdicts) : verdicts_(verdicts) {}

  // A hint: room for this many entries. Memory that is not used is not touched.
  void Reserve(size_t entries) { entries_.reserve(entries); }

  // Lists or, with kNotListed, excludes. What an exclusion hides still counts as something below the names above it.
  // REQUIRES: `name` is in wire form as HashedName wants it, and not the apex.
  void Add(std::span<const uint8_t> name, NameForm form, ValueId value);

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  // `previous`, if any, is the table being replaced. A key of the report is a name and what it is for. The builder is
  // empty afterwards.
  [[nodiscard]] NameTable Build(const NameTable* previous, BuildReport* report);

 private:
  // 12 bytes; sorts by its fingerprint.
  struct Entry {
    uint32_t low;
    uint32_t high;
    uint32_t what;  // value * kForms + form, or kAboveExcluded; once settled, the number of its node

    [[nodiscard]] static Entry Of(uint64_t fingerprint, uint32_t what) noexcept {
      return {
          .low = static_cast<uint32_t>(fingerprint), .high = static_cast<uint32_t>(fingerprint >> 32), .what = what};
    }
    [[nodiscard]] uint64_t fingerprint() const noexcept { return uint64_t{high} << 32 | low; }
    friend uint64_t operator>>(const Entry& entry, unsigned shift) noexcept { return entry.fingerprint() >> shift; }
    friend bool operator<(const Entry& a, const Entry& b) noexcept { return a.fingerprint() < b.fingerprint(); }
  };
  static constexpr uint32_t kForms = 4;
  static constexpr uint32_t kAboveExcluded = 3;  // no entry, but the name of one that excludes lies below
  static constexpr size_t kRecent = size_t{1} << 14;

  void AddAbove(std::span<const uint64_t> suffixes, bool excluded);
  void Sort();
  void Settle(NameTable::Rep* table);
  void Insert(NameTable::Rep* table) const;
  [[nodiscard]] uint64_t CountCommon(const NameTable::Rep& table, const NameTable::Rep& previous) const;

  Verdicts* verdicts_;
  std::vector<Entry> entries_;
  uint64_t above_excluded_ = 0;   // of entries_
  std::vector<uint64_t> above_;   // fingerprints of names that have something listed below them
  std::vector<uint64_t> recent_;  // some of them, by their low bits: lists repeat those names all the time; inverted
                                  // where the name below is excluded
  bool any_listed_ = false;
  uint8_t deepest_ = 0;
  uint8_t shortest_wild_ = kMaxLabels;
  uint8_t longest_wild_ = 0;
};

}  // namespace rblitz
