#include "dataplane/zone_tables.h"

#include <algorithm>

namespace rblitz {

namespace {

using Feed = JoinedTables::Feed;

// Most of `all`.
bool IsMost(uint64_t part, uint64_t all) { return part >= all - all / 4; }

uint64_t EntriesOf(std::span<const Feed> feeds, std::span<const size_t> which) {
  uint64_t entries = 0;
  for (const size_t i : which) entries += feeds[i].table->entries();
  return entries;
}

}  // namespace

void JoinedTables::Begin(uint64_t entries) {
  entries_left_ = entries;
  std::erase_if(all_, [](const One& one) { return one.joined.expired(); });
  for (One& one : all_) one.is_counted = false;
}

JoinedTables::Choice JoinedTables::Choose(std::span<const Feed> feeds, bool always) {
  std::vector<size_t> which;
  for (size_t i = 0; i < feeds.size(); ++i) {
    if (feeds[i].table->addresses() > 0) which.push_back(i);
  }
  const uint64_t all = EntriesOf(feeds, which);
  // To join it would take its memory twice to save one lookup.
  std::erase_if(which, [&](size_t i) { return IsMost(feeds[i].table->entries(), all); });
  if (std::vector<size_t> lasting = FindLasting(feeds, which); !lasting.empty()) which = std::move(lasting);
  if (which.size() < 2) return {};
  std::shared_ptr<const Ip4Union> joined = Join(feeds, which, always);
  if (joined == nullptr) return {};
  return {.feeds = std::move(which), .joined = std::move(joined)};
}

std::vector<size_t> JoinedTables::FindLasting(std::span<const Feed> feeds, std::span<const size_t> candidates) const {
  std::vector<size_t> best;
  bool best_is_whole = false;
  for (const One& one : all_) {
    std::vector<size_t> common;
    for (const size_t i : candidates) {
      const auto is_same = [&](const auto& weak) { return weak.lock() == feeds[i].table; };
      if (std::ranges::any_of(one.tables, is_same)) common.push_back(i);
    }
    const bool is_whole = common.size() == one.tables.size() && !one.joined.expired();
    if (!IsMost(EntriesOf(feeds, common), EntriesOf(feeds, candidates))) continue;
    // What is there already is worth more than what would have to be joined.
    const bool is_better = is_whole != best_is_whole ? is_whole : EntriesOf(feeds, common) > EntriesOf(feeds, best);
    if (best.empty() || is_better) {
      best = std::move(common);
      best_is_whole = is_whole;
    }
  }
  return best;
}

std::shared_ptr<const Ip4Union> JoinedTables::Join(std::span<const Feed> feeds, std::span<const size_t> which,
                                                   bool always) {
  const auto is_of_these = [&](const One& one) {
    return std::ranges::equal(one.tables, which,
                              [&](const auto& weak, size_t i) { return weak.lock() == feeds[i].table; });
  };
  const auto found = std::ranges::find_if(all_, is_of_these);
  std::shared_ptr<const Ip4Union> joined = found == all_.end() ? nullptr : found->joined.lock();
  if (joined != nullptr && found->is_counted) return joined;
  const uint64_t entries = EntriesOf(feeds, which);
  if (!always && entries > entries_left_) return nullptr;
  entries_left_ -= std::min(entries, entries_left_);
  if (joined != nullptr) {
    found->is_counted = true;
    return joined;
  }
  std::vector<Ip4Union::Source> sources;
  One one{.tables = {}, .joined = {}, .is_counted = true};
  for (const size_t i : which) {
    sources.push_back({.table = feeds[i].table.get(), .values = feeds[i].values});
    one.tables.push_back(feeds[i].table);
  }
  joined = std::make_shared<const Ip4Union>(Ip4Union::Build(sources));
  one.joined = joined;
  all_.push_back(std::move(one));
  return joined;
}

}  // namespace rblitz
