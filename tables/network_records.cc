#include "tables/network_records.h"

#include <algorithm>

#include "tables/hash.h"

namespace rblitz {

namespace {

// A record: tag 20 bits | new rows 10 | window 16 | day of the last pass 14, counted from kMinutesFrom, 0 for none.
struct Fields {
  uint64_t tag;
  uint64_t new_rows;
  uint64_t window;
  uint64_t pass_day;
};

constexpr uint64_t kPassRank = 1 << 20;
constexpr uint64_t kMaxPassDay = (1 << 14) - 1;

Fields Unpacked(uint64_t word) {
  return {.tag = word >> 40, .new_rows = word >> 30 & 0x3ff, .window = word >> 14 & 0xffff, .pass_day = word & 0x3fff};
}

uint64_t Packed(const Fields& f) { return f.tag << 40 | f.new_rows << 30 | f.window << 14 | f.pass_day; }

uint64_t TagOf(uint64_t hash) { return std::max<uint64_t>(hash & 0xfffff, 1); }

uint64_t WindowOf(const TripletRules& rules, uint32_t now) { return now / rules.RecentSeconds() & 0xffff; }

uint64_t DayOf(uint32_t seconds) { return std::min<uint64_t>(1 + MinutesOf(seconds) / (24 * 60), kMaxPassDay); }

bool HasPassed(const Fields& f, const TripletRules& rules, uint32_t now) {
  if (f.pass_day == 0) return false;
  const uint64_t today = DayOf(now);
  return today <= f.pass_day || today - f.pass_day <= rules.lifetime_seconds / (24 * 3600);
}

// Of two records the one that is pushed out first has the smaller rank.
uint64_t RankOf(uint64_t word, const TripletRules& rules, uint32_t now) {
  const Fields f = Unpacked(word);
  if (f.tag == 0) return 0;
  if (HasPassed(f, rules, now)) return kPassRank | f.pass_day;
  return f.window == WindowOf(rules, now) ? 1 + f.new_rows : 1;
}

}  // namespace

NetworkRecords::NetworkRecords(size_t networks, uint64_t seed)
    : seed_(seed), lines_(std::max<size_t>(1, (networks + kRecordsPerLine - 1) / kRecordsPerLine)) {}

uint64_t NetworkRecords::HashOf(uint64_t network) const noexcept { return Hash64(network, 0, seed_); }

// The record that a new one takes the place of, and its rank.
uint64_t NetworkRecords::FindPlace(Line* line, const TripletRules& rules, uint32_t now, std::atomic<uint64_t>** place,
                                   uint64_t* old) noexcept {
  uint64_t lowest = ~uint64_t{0};
  for (std::atomic<uint64_t>& record : line->records) {
    const uint64_t word = record.load(std::memory_order_relaxed);
    const uint64_t rank = RankOf(word, rules, now);
    if (rank >= lowest) continue;
    *place = &record;
    *old = word;
    lowest = rank;
  }
  return lowest;
}

NetworkRecords::Record NetworkRecords::Look(uint64_t network, const TripletRules& rules, uint32_t now) const noexcept {
  const uint64_t hash = HashOf(network);
  for (const std::atomic<uint64_t>& record : lines_[LineOf(hash)].records) {
    const Fields f = Unpacked(record.load(std::memory_order_relaxed));
    if (f.tag != TagOf(hash)) continue;
    const bool current = f.window == WindowOf(rules, now);
    return {.new_rows = current ? static_cast<uint32_t>(f.new_rows) : 0, .passed = HasPassed(f, rules, now)};
  }
  return {};
}

template <class Change>
void NetworkRecords::Update(uint64_t network, bool may_push_out_passes, const TripletRules& rules, uint32_t now,
                            Change change) noexcept {
  const uint64_t hash = HashOf(network);
  Line& line = lines_[LineOf(hash)];
  // Another worker may win the word; after a few times this note is not worth the wait.
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::atomic<uint64_t>* place = nullptr;
    uint64_t old = 0;
    for (std::atomic<uint64_t>& record : line.records) {
      const uint64_t word = record.load(std::memory_order_relaxed);
      if (Unpacked(word).tag != TagOf(hash)) continue;
      place = &record;
      old = word;
      break;
    }
    uint64_t lowest = 0;
    if (place == nullptr) lowest = FindPlace(&line, rules, now, &place, &old);
    Fields f = Unpacked(old);
    if (f.tag != TagOf(hash) && lowest >= kPassRank && !may_push_out_passes) return;
    if (f.tag != TagOf(hash)) f = {.tag = TagOf(hash), .new_rows = 0, .window = 0, .pass_day = 0};
    if (f.window != WindowOf(rules, now)) f.new_rows = 0;
    f.window = WindowOf(rules, now);
    change(&f);
    if (place->compare_exchange_strong(old, Packed(f), std::memory_order_relaxed)) return;
  }
}

void NetworkRecords::NoteNewRow(uint64_t network, const TripletRules& rules, uint32_t now) noexcept {
  Update(network, false, rules, now, [](Fields* f) { f->new_rows = std::min<uint64_t>(f->new_rows + 1, kMaxNewRows); });
}

void NetworkRecords::NotePass(uint64_t network, const TripletRules& rules, uint32_t when, uint32_t now) noexcept {
  Update(network, true, rules, now,
         [&](Fields* f) { f->pass_day = std::max(f->pass_day, DayOf(std::min(when, now))); });
}

}  // namespace rblitz
