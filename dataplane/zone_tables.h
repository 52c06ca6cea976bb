// Which tables a zone asks for an address: those of its feeds, or one that several of them were joined to (Ip4Union),
// so that an answer costs one lookup instead of one for each feed.
//
// Joining takes time and memory, so it pays only where it lasts. A feed that has most of all entries is asked for
// itself, as are overrides, which change at any moment. When a feed changes that has little of what was joined, what is
// left of the others is joined once without it, and from then on it may change as often as it likes; where more than a
// quarter of the entries or more than kMostApart feeds have changed, all are joined anew.
//
// Thread-safety: any thread; what takes time is done without a lock. Lifetime: joined tables are there as long as some
// zone has them. Errors: what cannot be joined, for its size or for want of memory, is asked feed by feed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "tables/ip4_table.h"
#include "tables/ip4_union.h"

namespace rblitz {

class JoinedTables {
 public:
  static constexpr size_t kMostApart = 4;  // feeds

  struct Feed {
    std::shared_ptr<const Ip4Table> table;
    uint32_t values;  // its ValueIds are below
  };
  struct Choice {
    std::vector<size_t> feeds;               // which are joined, in the order of its tables
    std::shared_ptr<const Ip4Union> joined;  // null: none are
  };

  // All zones are built once. One thread.
  class Round {
   public:
    // `entries`: so many may be joined, so that many zones with other feeds each do not take many times the memory.
    // `may_join`: else only what is there already is used, which takes no time.
    Round(JoinedTables* tables, uint64_t entries, bool may_join)
        : tables_(tables), entries_left_(entries), may_join_(may_join) {}

    // For a zone of these feeds. `always`: however much has been joined already.
    [[nodiscard]] Choice Choose(std::span<const Feed> feeds, bool always);

   private:
    [[nodiscard]] Choice ChooseAnew(std::span<const Feed> feeds, bool always);

    JoinedTables* tables_;
    uint64_t entries_left_;
    bool may_join_;
    std::vector<std::shared_ptr<const Ip4Union>> counted_;
    std::map<std::vector<const Ip4Table*>, Choice> chosen_;  // by a zone's tables
  };

 private:
  struct One {
    std::vector<std::weak_ptr<const Ip4Table>> tables;
    std::weak_ptr<const Ip4Union> joined;
    bool is_too_large = false;  // they cannot be joined
  };
  using Indices = std::vector<size_t>;

  // Of those that were joined before, one that has most of what these feeds have, or whose tables that are still there
  // have: all of them, or else what is left. Empty: there is none.
  [[nodiscard]] Indices FindLasting(std::span<const Feed> feeds, const Indices& candidates, bool may_join) const;
  // These feeds joined, if they are; `known`: whether they were, or cannot be.
  [[nodiscard]] Choice Find(std::span<const Feed> feeds, const Indices& which, bool* known) const;
  void Forget();

  mutable std::mutex mutex_;
  std::vector<One> all_;  // guarded by mutex_
};

}  // namespace rblitz
