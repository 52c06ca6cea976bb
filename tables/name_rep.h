// What a NameTable holds; shared by its lookups (name_table.cc) and its builder (name_builder.cc).
#pragma once

#include <cstdint>
#include <vector>

#include "tables/fingerprints.h"
#include "tables/name_table.h"

namespace rblitz {

// What is known of a name. Many names have the same.
struct NameNode {
  static constexpr uint32_t kForms = 0x7;    // in flags: bit f: entries of NameForm f were given
  static constexpr uint32_t kIsExact = 0x8;  // an entry decides about the name itself
  static constexpr uint32_t kIsWild = 0x10;  // an entry decides about names below
  static constexpr uint32_t kBelow = 0x20;   // something is listed below
  static constexpr uint32_t kInner = 0x40;   // the table keeps names below

  ValueId exact = kNotListed;  // with kIsExact; kNotListed: excluded
  ValueId wild = kNotListed;   // with kIsWild; kNotListed: excluded
  uint32_t flags = 0;

  [[nodiscard]] bool is_exact() const noexcept { return (flags & kIsExact) != 0; }
  [[nodiscard]] bool is_wild() const noexcept { return (flags & kIsWild) != 0; }
  [[nodiscard]] bool is_inner() const noexcept { return (flags & kInner) != 0; }
  [[nodiscard]] bool below() const noexcept { return (flags & kBelow) != 0; }

  bool operator==(const NameNode&) const = default;
};

struct NameTable::Rep {
  Fingerprints fingerprints;           // of names, to indices of nodes
  std::vector<NameNode> nodes = {{}};  // the first stands for names that are not known
  bool any_listed = false;
  uint8_t deepest = 0;                 // labels of the longest name kept
  uint8_t shortest_wild = kMaxLabels;  // labels of the shortest name, and the longest, with an entry for what is below
  uint8_t longest_wild = 0;
  uint64_t entries = 0;
  uint64_t names = 0;

  [[nodiscard]] const NameNode& NodeOf(uint64_t fingerprint) const noexcept {
    return nodes[fingerprints.Find(fingerprint)];
  }
};

}  // namespace rblitz
