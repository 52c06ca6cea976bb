// Which tables a zone asks for an address: those of its feeds, or one that several of them were joined to (Ip4Union),
// so that an answer costs one lookup instead of one for each feed.
//
// Joining takes time and memory, so it pays only where it lasts. A feed that has most of all entries is asked for
// itself, as are overrides, which change at any moment. When a feed changes that has little of what was joined, what is
// left of the others is joined once without it, and from then on it may change as often as it likes; where more than a
// quarter has changed all are joined anew.
//
// Thread-safety: on one thread at a time. Lifetime: joined tables are there as long as some zone has them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tables/ip4_table.h"
#include "tables/ip4_union.h"

namespace rblitz {

class JoinedTables {
 public:
  struct Feed {
    std::shared_ptr<const Ip4Table> table;
    uint32_t values;  // its ValueIds are below
  };
  struct Choice {
    std::vector<size_t> feeds;               // which are joined, ascending
    std::shared_ptr<const Ip4Union> joined;  // of these, in this order; null: none are
  };

  // All zones are about to be built, with feeds that have so many entries together: that many may be joined, so that
  // many zones with other feeds each do not take many times the memory.
  void Begin(uint64_t entries);

  // For a zone of these feeds. `always`: however much has been joined already.
  [[nodiscard]] Choice Choose(std::span<const Feed> feeds, bool always);

 private:
  using Tables = std::vector<std::shared_ptr<const Ip4Table>>;
  struct One {
    std::vector<std::weak_ptr<const Ip4Table>> tables;
    std::weak_ptr<const Ip4Union> joined;
    bool is_counted;  // since Begin
  };

  // Of those that were joined before, one that has most of what these feeds have, or whose tables that are still there
  // have: all of them, or else what is left. Empty: there is none.
  [[nodiscard]] std::vector<size_t> FindLasting(std::span<const Feed> feeds, std::span<const size_t> candidates) const;
  [[nodiscard]] std::shared_ptr<const Ip4Union> Join(std::span<const Feed> feeds, std::span<const size_t> which,
                                                     bool always);

  std::vector<One> all_;
  uint64_t entries_left_ = 0;
};

}  // namespace rblitz
