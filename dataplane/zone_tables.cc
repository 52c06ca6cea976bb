#include "dataplane/zone_tables.h"

#include <algorithm>
#include <new>
#include <utility>

namespace rblitz {

namespace {

using Feed = JoinedTables::Feed;

// Most of `all`.
bool IsMost(uint64_t part, uint64_t all) { return part >= all - all / 4; }

uint64_t EntriesOf(std::span<const Feed> feeds, const std::vector<size_t>& which) {
  uint64_t entries = 0;
  for (const size_t i : which) entries += feeds[i].table->entries();
  return entries;
}

// Without touching its count of references.
bool IsSame(const std::weak_ptr<const Ip4Table>& weak, const std::shared_ptr<const Ip4Table>& table) {
  return !weak.owner_before(table) && !table.owner_before(weak);
}

}  // namespace

JoinedTables::Choice JoinedTables::Round::Choose(std::span<const Feed> feeds, bool always) {
  std::vector<const Ip4Table*> key;
  key.reserve(feeds.size());
  for (const Feed& feed : feeds) key.push_back(feed.table.get());
  if (const auto known = chosen_.find(key); known != chosen_.end() && known->second.joined != nullptr) {
    return known->second;
  }
  Choice choice = ChooseAnew(feeds, always);
  chosen_.insert_or_assign(std::move(key), choice);
  return choice;
}

JoinedTables::Choice JoinedTables::Round::ChooseAnew(std::span<const Feed> feeds, bool always) {
  Indices which;
  for (size_t i = 0; i < feeds.size(); ++i) {
    if (feeds[i].table->addresses() > 0) which.push_back(i);
  }
  const uint64_t all = EntriesOf(feeds, which);
  // To join it would take its memory twice to save one lookup.
  std::erase_if(which, [&](size_t i) { return IsMost(feeds[i].table->entries(), all); });
  bool known = false;
  Choice choice;
  {
    const std::lock_guard lock(tables_->mutex_);
    tables_->Forget();
    if (Indices lasting = tables_->FindLasting(feeds, which, may_join_); !lasting.empty()) which = std::move(lasting);
    if (which.size() < 2) return {};
    choice = tables_->Find(feeds, which, &known);
  }
  const bool is_counted = choice.joined != nullptr && std::ranges::find(counted_, choice.joined) != counted_.end();
  const uint64_t entries = is_counted ? 0 : EntriesOf(feeds, which);
  if (!always && entries > entries_left_) return {};
  if (!known && may_join_) {
    std::vector<Ip4Union::Source> sources;
    One one;
    for (const size_t i : which) {
      sources.push_back({.table = feeds[i].table.get(), .values = feeds[i].values});
      one.tables.push_back(feeds[i].table);
    }
    try {
      if (auto joined = Ip4Union::Build(sources)) {
        choice = {.feeds = which, .joined = std::make_shared<const Ip4Union>(*std::move(joined))};
      }
    } catch (const std::bad_alloc&) {
      return {};  // the next time there may be memory
    }
    one.joined = choice.joined;
    one.is_too_large = choice.joined == nullptr;
    const std::lock_guard lock(tables_->mutex_);
    tables_->all_.push_back(std::move(one));
  }
  if (choice.joined == nullptr) return {};
  if (!is_counted) counted_.push_back(choice.joined);
  entries_left_ -= std::min(entries, entries_left_);
  return choice;
}

void JoinedTables::Forget() {
  std::erase_if(all_, [](const One& one) {
    const auto is_gone = [](const auto& weak) { return weak.expired(); };
    return one.is_too_large ? std::ranges::any_of(one.tables, is_gone) : one.joined.expired();
  });
}

JoinedTables::Indices JoinedTables::FindLasting(std::span<const Feed> feeds, const Indices& candidates,
                                                bool may_join) const {
  Indices best;
  bool best_is_whole = false;
  for (const One& one : all_) {
    if (one.is_too_large) continue;
    Indices common;
    for (const size_t i : candidates) {
      const auto is_same = [&](const auto& weak) { return IsSame(weak, feeds[i].table); };
      if (std::ranges::any_of(one.tables, is_same)) common.push_back(i);
    }
    const bool is_whole = common.size() == one.tables.size();
    if (common.size() < 2 || candidates.size() - common.size() > kMostApart || (!is_whole && !may_join) ||
        !IsMost(EntriesOf(feeds, common), EntriesOf(feeds, candidates))) {
      continue;
    }
    // What is there already is worth more than what would have to be joined.
    const bool is_better = is_whole != best_is_whole ? is_whole : EntriesOf(feeds, common) > EntriesOf(feeds, best);
    if (best.empty() || is_better) {
      best = std::move(common);
      best_is_whole = is_whole;
    }
  }
  return best;
}

JoinedTables::Choice JoinedTables::Find(std::span<const Feed> feeds, const Indices& which, bool* known) const {
  for (const One& one : all_) {
    if (one.tables.size() != which.size()) continue;
    Indices in_order;
    for (const auto& weak : one.tables) {
      const auto same = std::ranges::find_if(which, [&](size_t i) { return IsSame(weak, feeds[i].table); });
      if (same != which.end()) in_order.push_back(*same);
    }
    if (in_order.size() != which.size()) continue;
    std::shared_ptr<const Ip4Union> joined = one.joined.lock();
    if (joined == nullptr && !one.is_too_large) continue;
    *known = true;
    if (joined == nullptr) return {};
    return {.feeds = std::move(in_order), .joined = std::move(joined)};
  }
  return {};
}

}  // namespace rblitz
