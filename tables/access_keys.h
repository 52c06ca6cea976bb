// Keys of clients that have no address of their own: labels to what becomes of the questions that carry them.
//
// Thread-safety: AccessKeys is const after AccessKeysBuilder::Build; a builder belongs to one thread. Lookups never
// allocate or fail. Units: a key is the text of one label in lower case, 1 to 63 bytes.
// Cost: one hash of the label and, nearly always, one compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tables/acl.h"
#include "tables/build_report.h"

namespace rblitz {

class AccessKeys {
 public:
  // Null: nobody has this key.
  [[nodiscard]] const AclDecision* Find(std::string_view key) const noexcept;
  // Of questions with no key, or one that nobody has.
  [[nodiscard]] AclDecision unnamed() const noexcept { return unnamed_; }

  [[nodiscard]] uint64_t entries() const noexcept { return entries_.size(); }
  [[nodiscard]] size_t bytes() const noexcept;

 private:
  friend class AccessKeysBuilder;
  struct Entry {
    std::string key;
    AclDecision decision;
  };

  std::vector<Entry> entries_;   // in the order of the feed
  std::vector<uint32_t> slots_;  // open addressing, a power of two, never full: index in entries_ + 1; 0: none
  AclDecision unnamed_;
};

class AccessKeysBuilder {
 public:
  AccessKeysBuilder() = default;
  AccessKeysBuilder(const AccessKeysBuilder&) = delete;
  AccessKeysBuilder& operator=(const AccessKeysBuilder&) = delete;

  // Of equal keys the first counts. REQUIRES: 1 to 63 bytes, in lower case.
  void Add(std::string_view key, AclDecision decision);
  // The last one counts.
  void set_unnamed(AclDecision decision) noexcept { keys_.unnamed_ = decision; }

  // `previous`, if any, is what is replaced. REQUIRES: called once.
  [[nodiscard]] AccessKeys Build(const AccessKeys* previous, BuildReport* report);

 private:
  void Grow();

  AccessKeys keys_;
  uint64_t duplicates_ = 0;
};

}  // namespace rblitz
