// What changes the table beside decisions: rows from stores, and what is forgotten on purpose.
#include <algorithm>

#include "tables/prefetch_lines.h"
#include "tables/triplet_table.h"

namespace rblitz {

namespace {

// As in decisions: a row that is lost more often is left as it is.
constexpr int kAttempts = 16;

}  // namespace

std::optional<TripletRow> TripletTable::Join(const TripletRow& row, const TripletRules& rules, uint32_t now) noexcept {
  const TripletSlots::Home home = slots_.HomeOf(row.key);
  if (!JoinAt(row, home, RulesAt(rules, now))) return std::nullopt;
  const std::optional<TripletSlots::Found> found = slots_.Find(row.key, home);
  return found ? found->row : Clamped(row, now);
}

// False: expired, or without a slot.
bool TripletTable::JoinAt(const TripletRow& given, TripletSlots::Home home, const RulesAt& at) noexcept {
  const TripletRow row = Clamped(given, at.now());
  if (IsExpired(row, at)) return false;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::optional<TripletSlots::Found> found = slots_.Find(row.key, home);
    if (!found) {
      if (!slots_.Insert(row, home, records_, at)) return false;
      NoteJoined(row, true, at);
      return true;
    }
    const TripletRow there = Clamped(found->row, at.now());
    const TripletRow joined = IsExpired(there, at) ? row : rblitz::Join(row, there);
    if (joined != found->row && !slots_.Change(&*found, joined)) continue;
    NoteJoined(joined, false, at);
    return true;
  }
  return false;
}

void TripletTable::Load(std::span<const TripletRow> rows, const TripletRules& rules, uint32_t now) noexcept {
  const RulesAt at(rules, now);
  PrefetchLines<kMaxBatch * kLinesEach> lines;
  const auto add = [&](const void* line) { lines.Add(line); };
  while (!rows.empty()) {
    const std::span<const TripletRow> batch = rows.first(std::min(rows.size(), kMaxBatch));
    TripletSlots::Home homes[kMaxBatch];
    for (size_t i = 0; i < batch.size(); ++i) {
      homes[i] = slots_.HomeOf(batch[i].key);
      lines.Add(slots_.HeadOf(homes[i]));
      lines.Add(records_.LineOf(records_.HomeOf(batch[i].key.network)));
    }
    lines.Prefetch();
    for (const TripletSlots::Home home : std::span(homes, batch.size())) {
      if (!slots_.ForRows(home, add)) slots_.ForRoom(home, add);
    }
    lines.Prefetch();
    for (size_t i = 0; i < batch.size(); ++i) static_cast<void>(JoinAt(batch[i], homes[i], at));
    rows = rows.subspan(batch.size());
  }
}

void TripletTable::NoteJoined(const TripletRow& row, bool is_new, const RulesAt& at) noexcept {
  if (row.forgotten) return;
  const NetworkRecords::Home record = records_.HomeOf(row.key.network);
  if (!IsPending(row)) {  // credits and senders come from triplets that have passed
    records_.NotePass(record, row.last_minutes, at);
  } else if (is_new && row.first / at.rules().RecentSeconds() == at.window_of_recent()) {
    records_.NoteNewRow(record, at);
  }
}

std::optional<TripletRow> TripletTable::Forget(const TripletKey& key, const TripletRules& rules,
                                               uint32_t now) noexcept {
  const auto today = static_cast<uint16_t>(std::min<uint32_t>(MinutesOf(now) / (24 * 60), kMaxEpoch));
  TripletRow marker{
      .key = key, .first = now, .last_minutes = MinutesOf(now), .epoch = today, .passed = false, .forgotten = true};
  const TripletSlots::Home home = slots_.HomeOf(key);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::optional<TripletSlots::Found> found = slots_.Find(key, home);
    if (!found) {
      if (!slots_.Insert(marker, home, records_, RulesAt(rules, now))) return std::nullopt;
      return marker;
    }
    marker.epoch = std::max(today, EpochAfter(found->row.epoch));
    if (slots_.Change(&*found, marker)) return found->row;
  }
  return std::nullopt;
}

std::optional<TripletRow> TripletTable::Find(const TripletKey& key) const noexcept {
  const std::optional<TripletSlots::Found> found = slots_.Find(key, slots_.HomeOf(key));
  if (!found) return std::nullopt;
  return found->row;
}

}  // namespace rblitz
