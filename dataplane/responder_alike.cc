// The way of most bursts: questions for A in one zone, one of heat among them, all with the same flags, all with OPT or
// all without. Comparing a question with the first one costs a third of reading it, and nothing has to be sorted but
// hits from misses.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/common_question.h"
#include "dataplane/heat_zone.h"
#include "dataplane/ready_writer.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/stage_times.h"
#include "dataplane/zone_rep.h"
#include "tables/vectors.h"

namespace rblitz {

namespace {

// How questions differ from the first one of their burst.
struct Differences {
  alignas(kVectorSize) uint8_t header[kVectorSize];
  alignas(kVectorSize) uint8_t end[QuestionEnd::kMaxAlike];
  uint32_t sizes;  // not 0: what follows the labels has not the same size everywhere
  int32_t lacks;   // negative: one has too little room, or does not begin with an address
};

// Fetches a line for each question in passing: by itself that would stall. REQUIRES: kVectors vectors can be read
// behind each question's labels.
template <size_t kVectors>
void Compare(const io::Burst& burst, const uint8_t* label_sizes, const uint8_t* const* lines,
             Differences& differences) noexcept {
  const uint8_t* const first = burst.messages[0].payload;
  const auto first_header = LoadVector<U64x2>(first);
  U64x2 first_end[kVectors];
  U64x2 header{};
  U64x2 end[kVectors]{};
  for (size_t v = 0; v < kVectors; ++v) {
    first_end[v] = LoadVector<U64x2>(first + dns::kHeaderSize + label_sizes[0] + v * kVectorSize);
  }
  const uint32_t first_rest = uint32_t{burst.messages[0].size} - label_sizes[0];
  uint32_t sizes = 0;
  int32_t lacks = 0;
  for (size_t i = 0; i < burst.count; ++i) {
    const io::Message& message = burst.messages[i];
    const uint32_t labels = label_sizes[i];
    __builtin_prefetch(lines[i], 0, 3);
    header |= LoadVector<U64x2>(message.payload) ^ first_header;
    const uint8_t* const apex = message.payload + dns::kHeaderSize + labels;
    for (size_t v = 0; v < kVectors; ++v) end[v] |= LoadVector<U64x2>(apex + v * kVectorSize) ^ first_end[v];
    sizes |= (message.size - labels) ^ first_rest;
    lacks |= static_cast<int32_t>(message.capacity - kReadyRoom) | static_cast<int32_t>(labels - 1);
  }
  StoreAligned(differences.header, header);
  for (size_t v = 0; v < kVectors; ++v) StoreAligned(differences.end + v * kVectorSize, end[v]);
  differences.sizes = sizes;
  differences.lacks = lacks;
}

// Whether the apexes of the first and the last question begin with the same letters: a burst for many zones mostly
// shows there, before anything is looked up for it. REQUIRES: the first one's zone is common, so that its apex with
// type and class has eight bytes (ZoneSet::Index).
bool EndAlike(const io::Burst& burst, const uint8_t* label_sizes) noexcept {
  constexpr uint64_t kCase = 0x2020202020202020;
  const auto begin = [&](size_t i) {
    return Load<uint64_t>(burst.messages[i].payload + dns::kHeaderSize + label_sizes[i]);
  };
  return ((begin(0) ^ begin(burst.count - 1)) & ~kCase) == 0;
}

// Whether all are what the first one is. REQUIRES: `end` is how the first one ends.
bool AreAlike(const io::Burst& burst, const uint8_t* label_sizes, const uint8_t* const* lines, const QuestionEnd& end,
              bool has_opt) noexcept {
  static_assert(dns::kHeaderSize + dns::kAddressLabelsRead + QuestionEnd::kMaxAlike <= io::kSlack);
  Differences differences;
  if (end.size() <= 2 * kVectorSize) [[likely]] {
    Compare<2>(burst, label_sizes, lines, differences);
  } else if (end.size() <= 4 * kVectorSize) {
    Compare<4>(burst, label_sizes, lines, differences);
  } else {
    return false;
  }
  static_assert(QuestionEnd::kMaxAlike == 4 * kVectorSize);
  // But for the id.
  const bool same_header = (Load<uint16_t>(differences.header + 2) | Load<uint64_t>(differences.header + 4)) == 0;
  return same_header & (differences.sizes == 0) & (differences.lacks >= 0) && end.AllowsAlike(differences.end, has_opt);
}

// Bit i: values[i] is listed.
uint64_t Hits(const ValueId* values, size_t count) noexcept {
  static_assert(kNotListed == 0 && io::kBurst == 64);
  const auto is_miss = [&](size_t at) {
    return reinterpret_cast<U32x4>(LoadAligned<U32x4>(values + at) == kNotListed);
  };
  uint64_t misses = 0;
  for (size_t at = 0; at < count; at += 16) {
    const U16x8 low = JoinMasks(is_miss(at), is_miss(at + 4));
    const U16x8 high = JoinMasks(is_miss(at + 8), is_miss(at + 12));
    misses |= uint64_t{MaskOf(JoinMasks(low, high))} << at;
  }
  return ~misses & FirstOf(count);
}

// The same of heat.
uint64_t Hits(const HeatHit* hits, size_t count) noexcept {
  static_assert(sizeof(HeatHit) == 2 && io::kBurst == 64);
  const auto is_miss = [&](size_t at) { return reinterpret_cast<U16x8>(LoadAligned<U16x8>(hits + at) == 0); };
  uint64_t misses = 0;
  for (size_t at = 0; at < count; at += 16) {
    misses |= uint64_t{MaskOf(JoinMasks(is_miss(at), is_miss(at + 8)))} << at;
  }
  return ~misses & FirstOf(count);
}

// Of these hits, those without a ready answer.
uint64_t Unready(const ZoneTable& table, const ValueId* values, uint64_t hits) noexcept {
  uint64_t unready = 0;
  for (uint64_t which = hits; which != 0; which &= which - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(which));
    unready |= uint64_t{table.ready_of[values[i]] == kCompose} << i;
  }
  return unready;
}

}  // namespace

bool Responder::AnswerAlike(io::Burst& burst, const Serving& serving) noexcept {
  Scratch& s = *scratch_;
  const io::Message& first = burst.messages[0];
  const auto [zone, has_opt, end] = ReadCommon(first, s.label_sizes[0], serving.zones);
  if (zone == nullptr || dns::Load16(first.payload + end - 4) != dns::kA ||
      first.size != end + has_opt * dns::kOptSize) {
    return false;
  }
  if (!EndAlike(burst, s.label_sizes)) return false;
  if (zone->tables_are_few) return AnswerAlikeTables(burst, *zone, has_opt != 0);
  if (!zone->all_is_ready) return zone->heat_ready != kCompose && AnswerAlikeHeat(burst, *zone, has_opt != 0);
  const std::span addresses(s.label_addresses, burst.count);
  const Ip4Table& table = *zone->tables[0].ip4;
  Scratch::Round& round = s.rounds[0];
  Ip4Cursor cursor{.permuted = round.permuted, .lines = round.lines};
  table.Sort(addresses, cursor, round.values);
  EndStage(Stage::kLines);
  if (!AreAlike(burst, s.label_sizes, round.lines, zone->ends[has_opt], has_opt != 0) || HasTestPoint(addresses)) {
    return false;
  }
  EndStage(Stage::kCompare);
  table.Locate(addresses, cursor, round.values);
  has_opt != 0 ? FindAndWriteAlike<true>(burst, *zone, cursor) : FindAndWriteAlike<false>(burst, *zone, cursor);
  stats_->CountType(AskedType::kA, burst.count);
  EndStage(Stage::kWrite);
  return true;
}

// Questions that need a second line of the table are answered when the others have been, while it comes.
template <bool kEdns>
void Responder::FindAndWriteAlike(io::Burst& burst, const Zone::Rep& zone, const Ip4Cursor& cursor) noexcept {
  Scratch& s = *scratch_;
  const Ip4Table& table = *zone.tables[0].ip4;
  ValueId* const values = s.rounds[0].values;
  const uint64_t behind = table.FindInLines({s.label_addresses, burst.count}, cursor, values);
  EndStage(Stage::kFind);
  const Flags flags = Flags::Of(burst.messages[0].payload);
  WriteAlike<kEdns>(burst, zone, FirstOf(burst.count) & ~behind, flags);
  if (behind == 0) return;
  table.FindBehind(cursor, behind, values);
  WriteAlike<kEdns>(burst, zone, behind, flags);
}

// The answer that an address is not listed. `flags`: of the questions, the first of which may have been answered
// already.
template <bool kEdns>
inline void Responder::WriteMisses(io::Burst& burst, const Zone::Rep& zone, uint64_t misses, Flags flags) noexcept {
  const uint8_t* const label_sizes = scratch_->label_sizes;
  const ReadyAnswer* const negatives = zone.ready.data();
  const size_t end_less_labels = dns::kHeaderSize + zone.ends[0].size();
  for (uint64_t which = misses; which != 0; which &= which - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(which));
    const size_t labels = label_sizes[i];
    WriteReady<kEdns, 32>(burst.messages[i], end_less_labels + labels, flags, negatives[labels - kMinLabelBytes]);
  }
}

// Of the questions `which`, hits first, then misses: within each nothing is left to predict, and half of all questions
// miss. `write_hit`(message, question_end, i) writes the answer to question i; `flags` as above.
template <bool kEdns, class WriteHit>
inline void Responder::WriteSorted(io::Burst& burst, const Zone::Rep& zone, uint64_t which, uint64_t hits, Flags flags,
                                   WriteHit&& write_hit) noexcept {
  const uint8_t* const label_sizes = scratch_->label_sizes;
  const size_t end_less_labels = dns::kHeaderSize + zone.ends[0].size();
  for (uint64_t rest = which & hits; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(rest));
    write_hit(burst.messages[i], end_less_labels + label_sizes[i], i);
  }
  WriteMisses<kEdns>(burst, zone, which & ~hits, flags);
  CountReady(zone, static_cast<uint64_t>(std::popcount(which & hits)),
             static_cast<uint64_t>(std::popcount(which & ~hits)));
}

template <bool kEdns>
void Responder::WriteAlike(io::Burst& burst, const Zone::Rep& zone, uint64_t which, Flags flags) noexcept {
  const ValueId* const values = scratch_->rounds[0].values;
  const uint16_t* const ready_of = zone.tables[0].ready_of.data();
  const ReadyAnswer* const ready = zone.ready.data();
  WriteSorted<kEdns>(burst, zone, which, Hits(values, burst.count), flags,
                     [&](io::Message& message, size_t question_end, size_t i) {
                       WriteReady<kEdns, 16>(message, question_end, flags, ready[ready_of[values[i]]]);
                     });
}

// All tables are asked for all questions, kRounds at a time. What one alone lists has its ready answer, if there is
// one; what more than one lists is written record by record.
bool Responder::AnswerAlikeTables(io::Burst& burst, const Zone::Rep& zone, bool has_opt) noexcept {
  Scratch& s = *scratch_;
  const std::span addresses(s.label_addresses, burst.count);
  uint64_t any = 0;
  uint64_t composed = 0;
  for (size_t first = 0; first < zone.tables.size(); first += kRounds) {
    const std::span tables = std::span(zone.tables).subspan(first, std::min(kRounds, zone.tables.size() - first));
    Ip4Cursor cursors[kRounds];
    for (size_t r = 0; r < tables.size(); ++r) {
      Scratch::Round& round = s.rounds[r];
      cursors[r] = {.permuted = round.permuted, .lines = round.lines};
      tables[r].ip4->Sort(addresses, cursors[r], s.table_values[first + r]);
      if (first + r == 0) {
        if (!AreAlike(burst, s.label_sizes, round.lines, zone.ends[has_opt], has_opt) || HasTestPoint(addresses)) {
          return false;
        }
      } else {
        for (const uint8_t* const line : std::span(round.lines, burst.count)) __builtin_prefetch(line, 0, 3);
      }
    }
    for (size_t r = 0; r < tables.size(); ++r) {
      ValueId* const values = s.table_values[first + r];
      tables[r].ip4->Locate(addresses, cursors[r], values);
      tables[r].ip4->Find(addresses, cursors[r], values);
      const uint64_t hits = Hits(values, burst.count);
      s.table_hits[first + r] = hits;
      composed |= any & hits;
      any |= hits;
      if (!tables[r].is_ready) composed |= Unready(tables[r], values, hits);
    }
  }
  stats_->CountType(AskedType::kA, burst.count);
  const uint64_t misses = FirstOf(burst.count) & ~any;
  has_opt ? WriteAlikeTables<true>(burst, zone, any & ~composed, misses)
          : WriteAlikeTables<false>(burst, zone, any & ~composed, misses);
  for (uint64_t which = composed; which != 0; which &= which - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(which));
    const size_t end = dns::kHeaderSize + s.label_sizes[i] + zone.ends[0].size();
    s.asked[i] = {.message = static_cast<uint8_t>(i),
                  .form = has_opt ? Form::kOpt : Form::kBare,
                  .question_end = static_cast<uint16_t>(end),
                  .qtype = dns::kA};
    s.addresses[i] = addresses[i];
    Compose(burst, i, zone);
  }
  return true;
}

template <bool kEdns>
void Responder::WriteAlikeTables(io::Burst& burst, const Zone::Rep& zone, uint64_t once, uint64_t misses) noexcept {
  const Scratch& s = *scratch_;
  const ReadyAnswer* const ready = zone.ready.data();
  const size_t end_less_labels = dns::kHeaderSize + zone.ends[0].size();
  const Flags flags = Flags::Of(burst.messages[0].payload);
  for (size_t t = 0; t < zone.tables.size(); ++t) {
    const uint16_t* const ready_of = zone.tables[t].ready_of.data();
    for (uint64_t which = s.table_hits[t] & once; which != 0; which &= which - 1) {
      const auto i = static_cast<size_t>(std::countr_zero(which));
      WriteReady<kEdns, 16>(burst.messages[i], end_less_labels + s.label_sizes[i], flags,
                            ready[ready_of[s.table_values[t][i]]]);
    }
  }
  WriteMisses<kEdns>(burst, zone, misses, flags);
  CountReady(zone, static_cast<uint64_t>(std::popcount(once)), static_cast<uint64_t>(std::popcount(misses)));
}

bool Responder::AnswerAlikeHeat(io::Burst& burst, const Zone::Rep& zone, bool has_opt) noexcept {
  Scratch& s = *scratch_;
  if (!zone.negatives_are_ready || zone.has_ip6) return false;
  const std::span addresses(s.label_addresses, burst.count);
  const uint8_t** const lines = s.rounds[0].lines;
  zone.heat->Locate(addresses, lines);
  if (!AreAlike(burst, s.label_sizes, lines, zone.ends[has_opt], has_opt) || HasTestPoint(addresses)) return false;
  zone.heat->Lookup(addresses, s.heat_hits);
  stats_->CountType(AskedType::kA, burst.count);
  has_opt ? WriteAlikeHeat<true>(burst, zone) : WriteAlikeHeat<false>(burst, zone);
  return true;
}

template <bool kEdns>
void Responder::WriteAlikeHeat(io::Burst& burst, const Zone::Rep& zone) noexcept {
  const HeatHit* const found = scratch_->heat_hits;
  const HeatZone& heat = *zone.heat;
  const ReadyAnswer& ready = zone.ready[zone.heat_ready];
  const Flags flags = Flags::Of(burst.messages[0].payload);
  WriteSorted<kEdns>(burst, zone, FirstOf(burst.count), Hits(found, burst.count), flags,
                     [&](io::Message& message, size_t question_end, size_t i) {
                       WriteReadyHit<kEdns>(message, question_end, flags, ready, heat.AnswerOf(found[i]));
                     });
}

}  // namespace rblitz
