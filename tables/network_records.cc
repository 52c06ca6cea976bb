#include "tables/network_records.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "tables/vectors.h"

namespace rblitz {

namespace {

// A record: tag 20 bits | new rows 10 | window 16 | day of the last pass 14, counted from kMinutesFrom, 0 for none.
constexpr unsigned kTagShift = 40;
struct Fields {
  uint64_t tag;
  uint64_t new_rows;
  uint64_t window;
  uint64_t pass_day;
};

constexpr uint64_t kPassRank = 1 << 20;
constexpr uint64_t kMaxPassDay = (1 << 14) - 1;

Fields Unpacked(uint64_t word) {
  return {.tag = word >> kTagShift,
          .new_rows = word >> 30 & 0x3ff,
          .window = word >> 14 & 0xffff,
          .pass_day = word & 0x3fff};
}

uint64_t TagOf(uint64_t word) { return word >> kTagShift; }

uint64_t Packed(const Fields& f) { return f.tag << kTagShift | f.new_rows << 30 | f.window << 14 | f.pass_day; }

uint64_t WindowOf(const RulesAt& at) { return at.window_of_recent() & 0xffff; }

constexpr uint32_t kMinutesADay = 24 * 60;

uint64_t DayOf(uint32_t minutes) { return std::min<uint64_t>(1 + minutes / kMinutesADay, kMaxPassDay); }

bool HasPassed(const Fields& f, const RulesAt& at) {
  if (f.pass_day == 0) return false;
  const uint64_t today = DayOf(at.minutes());
  return today <= f.pass_day || today - f.pass_day <= at.lifetime_minutes() / kMinutesADay;
}

// Of two records the one that is pushed out first has the smaller rank. REQUIRES: a record is there.
uint64_t RankOf(uint64_t word, const RulesAt& at) {
  const Fields f = Unpacked(word);
  if (HasPassed(f, at)) return kPassRank | f.pass_day;
  return f.window == WindowOf(at) ? f.new_rows : 0;
}

}  // namespace

NetworkRecords::NetworkRecords(size_t networks, uint64_t seed)
    : seed_(seed), lines_(std::max<size_t>(1, (networks + kRecordsPerLine - 1) / kRecordsPerLine)) {
  assert(lines_.size() <= uint64_t{1} << 32);
}

uint32_t NetworkRecords::Line::Matches(uint32_t tag) const noexcept {
  const auto tags_of_four = [&](size_t i) {
    const auto two = [&](size_t j) {
      return reinterpret_cast<U32x4>(
          U64x2{records[j].load(std::memory_order_relaxed), records[j + 1].load(std::memory_order_relaxed)});
    };
    return __builtin_shufflevector(two(i), two(i + 2), 1, 3, 5, 7) >> (kTagShift - 32);
  };
  static_assert(kTagShift == 40 && kRecordsPerLine == 8);
  const auto wanted = All<U32x4>(tag);
  const U16x8 equal =
      JoinMasks(reinterpret_cast<U32x4>(tags_of_four(0) == wanted), reinterpret_cast<U32x4>(tags_of_four(4) == wanted));
  return MaskOf(JoinMasks(equal, U16x8{}));
}

NetworkRecords::Record NetworkRecords::Look(Home home, const RulesAt& at) const noexcept {
  const Line& line = lines_[home.line];
  const uint32_t matches = line.Matches(home.tag);
  if (matches == 0) return {};
  const Fields f = Unpacked(line.records[std::countr_zero(matches)].load(std::memory_order_relaxed));
  if (f.tag != home.tag) return {};  // another worker has just replaced it
  return {.new_rows = f.window == WindowOf(at) ? static_cast<uint32_t>(f.new_rows) : 0, .passed = HasPassed(f, at)};
}

// That of this tag; else an empty one; else the one that a new record takes the place of, if there is any.
NetworkRecords::Place NetworkRecords::PlaceOf(Line* line, uint32_t tag, bool may_push_out_passes,
                                              const RulesAt& at) noexcept {
  for (const uint32_t wanted : {tag, 0u}) {
    const uint32_t matches = line->Matches(wanted);
    if (matches == 0) continue;
    std::atomic<uint64_t>* const record = &line->records[std::countr_zero(matches)];
    const uint64_t word = record->load(std::memory_order_relaxed);
    if (TagOf(word) == wanted) return {.record = record, .word = word};
  }
  Place lowest;
  uint64_t lowest_rank = may_push_out_passes ? ~uint64_t{0} : kPassRank;
  for (std::atomic<uint64_t>& record : line->records) {
    const uint64_t word = record.load(std::memory_order_relaxed);
    const uint64_t rank = RankOf(word, at);
    if (rank >= lowest_rank) continue;
    lowest = {.record = &record, .word = word};
    lowest_rank = rank;
  }
  return lowest;
}

template <class Change>
void NetworkRecords::Update(Home home, bool may_push_out_passes, const RulesAt& at, Change change) noexcept {
  // Another worker may win the word; after a few times this note is not worth the wait.
  for (int attempt = 0; attempt < 8; ++attempt) {
    Place place = PlaceOf(&lines_[home.line], home.tag, may_push_out_passes, at);
    if (place.record == nullptr) return;
    Fields f = Unpacked(place.word);
    if (f.tag != home.tag) f = {.tag = home.tag, .new_rows = 0, .window = 0, .pass_day = 0};
    if (f.window != WindowOf(at)) f.new_rows = 0;
    f.window = WindowOf(at);
    change(&f);
    if (place.record->compare_exchange_strong(place.word, Packed(f), std::memory_order_relaxed)) return;
  }
}

void NetworkRecords::NoteNewRow(Home home, const RulesAt& at) noexcept {
  Update(home, false, at, [](Fields* f) { f->new_rows = std::min<uint64_t>(f->new_rows + 1, kMaxNewRows); });
}

void NetworkRecords::NotePass(Home home, uint32_t when_minutes, const RulesAt& at) noexcept {
  Update(home, true, at,
         [&](Fields* f) { f->pass_day = std::max(f->pass_day, DayOf(std::min(when_minutes, at.minutes()))); });
}

}  // namespace rblitz
