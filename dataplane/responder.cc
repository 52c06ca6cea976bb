#include "dataplane/responder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <type_traits>

#include "dataplane/answer_writer.h"
#include "dataplane/common_question.h"
#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/query.h"
#include "dataplane/heat_zone.h"
#include "dataplane/ready_writer.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/stage_times.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

static_assert(io::kBurst <= kMaxBatch);

namespace {

// The kind of answer of a question that so many list: copied where it is ready, else composed.
size_t KindOf(const Asked& asked, uint32_t address, size_t hits, bool is_ready) noexcept {
  const bool is_copied = is_ready & (asked.form != Form::kOther) & !IsTestPoint(address);
  const size_t mask = size_t{0} - is_copied;
  return ((2 * hits + static_cast<size_t>(asked.form)) & mask) | (kComposed & ~mask);
}

}  // namespace

Responder::Responder(WorkerStats* stats, size_t worker)
    : stats_(stats), worker_(worker), scratch_(std::make_unique<Scratch>()) {}
Responder::~Responder() = default;

void Responder::Answer(io::Burst& burst, const Serving& serving) noexcept {
  if (burst.count == 0) return;
  Scratch& s = *scratch_;
  for (size_t i = 0; i < burst.count; ++i) s.names[i] = burst.messages[i].payload + dns::kHeaderSize;
  s.parse_addresses(s.names, burst.count, s.label_addresses, s.label_sizes);
  EndStage(Stage::kLabels);
  if (!AnswerAlike(burst, serving)) [[unlikely]]
    AnswerEach(burst, serving);
  Sample(burst);
}

// One question stands for its burst or for several, so that sampling costs the same however many there are. Only what
// is answered for an address of a zone that is served here tells who is knocking. No branch: what comes is as good as
// random.
inline void Responder::Sample(const io::Burst& burst) noexcept {
  constexpr uint32_t kTold = 1u << dns::kNoError | 1u << dns::kNxDomain;
  sample_ += 0x9e3779b9;  // by the golden ratio, so that no pace and no size of bursts finds the same places again
  const size_t at = (uint64_t{sample_} * burst.count) >> 32;
  const io::Message& message = burst.messages[at];
  const bool is_told = (kTold >> (message.payload[3] & 15) & 1) != 0;
  const bool counts = is_told & (message.size != 0) & (scratch_->label_sizes[at] != 0);
  stats_->traffic.Offer(scratch_->label_addresses[at], static_cast<uint32_t>(burst.count), counts);
}

void Responder::AnswerEach(io::Burst& burst, const Serving& serving) noexcept {
  Scratch& s = *scratch_;
  s.Begin();
  const uint64_t all = FirstOf(burst.count);
  Parse(burst, serving, serving.has_greylists ? all & ~ReadGrey(burst, serving) : all);
  AnswerMixed(burst);
  if (s.asked_count > 0) {
    SortByZone();
    LookUp();
    for (size_t g = 0; g < s.group_count; ++g) WriteGroup(burst, g);
  }
  if (s.matches.size() > 0) AnswerNames(burst);
  if (s.grey_count > 0) AnswerGrey(burst);
  if (s.heat6_count > 0) AnswerHeat(burst);
}

void Responder::Parse(io::Burst& burst, const Serving& serving, uint64_t which) noexcept {
  Scratch& s = *scratch_;
  uint32_t other_types = 0;
  uint64_t common = 0;
  for (; which != 0; which &= which - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(which));
    const io::Message& message = burst.messages[i];
    const auto [zone, has_opt, end] = ReadCommon(message, s.label_sizes[i], serving.zones);
    if (zone == nullptr) [[unlikely]] {
      ParseAny(burst, i, serving);
      continue;
    }
    const uint16_t qtype = dns::Load16(message.payload + end - 4);
    other_types |= uint32_t{qtype} ^ dns::kA;
    common += qtype == dns::kA;
    if (qtype != dns::kA) stats_->CountType(AskedTypeOf(qtype));
    s.Add(static_cast<uint8_t>(i), static_cast<Form>(has_opt), static_cast<uint16_t>(end), qtype, s.label_addresses[i],
          *zone);
  }
  s.all_plain &= other_types == 0;
  stats_->CountType(AskedType::kA, common);
}

// Orders the questions by zone, each zone's in their own order. REQUIRES: there are some.
void Responder::SortByZone() noexcept {
  Scratch& s = *scratch_;
  s.groups[0] = {.zone = s.zones[0], .begin = 0, .end = s.asked_count};
  s.group_count = 1;
  if (std::all_of(s.zones, s.zones + s.asked_count, [&](const Zone::Rep* zone) { return zone == s.zones[0]; })) return;
  uint8_t groups[io::kBurst];
  size_t sizes[io::kBurst] = {};
  size_t group = 0;
  for (size_t i = 0; i < s.asked_count; ++i) {
    if (s.groups[group].zone != s.zones[i]) {
      for (group = 0; group < s.group_count && s.groups[group].zone != s.zones[i];) ++group;
      if (group == s.group_count) s.groups[s.group_count++].zone = s.zones[i];
    }
    groups[i] = static_cast<uint8_t>(group);
    ++sizes[group];
  }
  size_t end = 0;
  for (size_t g = 0; g < s.group_count; ++g) {
    s.groups[g].begin = s.groups[g].end = end;
    end += sizes[g];
  }
  Asked asked[io::kBurst];
  uint32_t addresses[io::kBurst];
  for (size_t i = 0; i < s.asked_count; ++i) {
    const size_t to = s.groups[groups[i]].end++;
    asked[to] = s.asked[i];
    addresses[to] = s.addresses[i];
  }
  std::copy_n(asked, s.asked_count, s.asked);
  std::copy_n(addresses, s.asked_count, s.addresses);
}

// Asks all tables, kRounds of each zone at a time, every stage over all of them before the next.
void Responder::LookUp() noexcept {
  Scratch& s = *scratch_;
  size_t most_tables = 0;
  for (size_t g = 0; g < s.group_count; ++g) most_tables = std::max(most_tables, s.groups[g].zone->tables.size());
  s.most_tables = most_tables;
  std::fill_n(s.hits, s.asked_count, uint16_t{0});

  for (Scratch::Round& round : std::span(s.rounds).first(std::min(kRounds, most_tables))) {
    for (size_t g = 0; g < s.group_count; ++g) {
      const size_t begin = s.groups[g].begin;
      round.cursors[g] = {.permuted = round.permuted + begin, .lines = round.lines + begin};
    }
  }
  for (size_t first = 0; first < most_tables; first += kRounds) {
    const auto each = [&](auto&& stage) {
      for (size_t r = 0; r < std::min(kRounds, most_tables - first); ++r) {
        for (size_t g = 0; g < s.group_count; ++g) {
          const auto& [zone, begin, end] = s.groups[g];
          if (first + r >= zone->tables.size()) continue;
          const ZoneTable& table = zone->tables[first + r];
          Scratch::Round& round = s.rounds[r];
          stage(table, std::span(s.addresses + begin, end - begin), round.cursors[g], round.values + begin, begin);
        }
      }
    };
    using Addresses = std::span<const uint32_t>;
    each([](const ZoneTable& table, Addresses addresses, Ip4Cursor& cursor, ValueId* values, size_t) {
      table.ip4->Sort(addresses, cursor, values);
      // Not a stage of its own: GCC 12 takes a function that only prefetches for one that does nothing.
      for (const uint8_t* const line : std::span(cursor.lines, addresses.size())) __builtin_prefetch(line, 0, 3);
    });
    each([](const ZoneTable& table, Addresses addresses, Ip4Cursor& cursor, ValueId* values, size_t) {
      table.ip4->Locate(addresses, cursor, values);
    });
    each([](const ZoneTable& table, Addresses addresses, const Ip4Cursor& cursor, ValueId* values, size_t) {
      table.ip4->Find(addresses, cursor, values);
    });
    if (most_tables == 1) return;  // WriteGroup reads the values where they are
    each([&](const ZoneTable& table, Addresses addresses, Ip4Cursor&, const ValueId* values, size_t begin) {
      if (table.excepts) [[unlikely]]
        return Except(values, begin, addresses.size());
      Join(table, values, begin, addresses.size());
    });
  }
}

// Adds what a table says of the questions from `begin` on.
inline void Responder::Join(const ZoneTable& table, const ValueId* values, size_t begin, size_t count) noexcept {
  Scratch& s = *scratch_;
  for (size_t i = 0; i < count; ++i) {
    // Half of all questions miss: a mask, not a branch.
    const auto hit = static_cast<uint16_t>(values[i] != kNotListed);
    const auto mask = static_cast<uint16_t>(0 - hit);
    const uint16_t answer = table.ready_of[values[i]];
    s.ready[begin + i] = static_cast<uint16_t>((answer & mask) | (s.ready[begin + i] & ~mask));
    s.hits[begin + i] = static_cast<uint16_t>(s.hits[begin + i] + hit);
  }
}

// Takes away all that tables before said of the questions from `begin` on that this one lists.
void Responder::Except(const ValueId* values, size_t begin, size_t count) noexcept {
  for (size_t i = 0; i < count; ++i) {
    if (values[i] != kNotListed) scratch_->hits[begin + i] = 0;
  }
}

// The questions of one zone, those with the same kind of answer one after another: within a kind nothing is left to
// predict, and half of all questions miss.
void Responder::WriteGroup(io::Burst& burst, size_t group) noexcept {
  Scratch& s = *scratch_;
  const auto& [zone, begin, end] = s.groups[group];
  const bool has_one_table = s.most_tables == 1 && zone->tables.size() == 1;
  const auto write_ready = [ready = zone->ready.data()]<bool kEdns>(io::Message& message, size_t question_end,
                                                                    uint16_t answer) {
    WriteReady<kEdns, 16>(message, question_end, Flags::Of(message.payload), ready[answer]);
  };
  if (zone->heat != nullptr) {
    WriteHeatGroup(burst, group);
  } else if (has_one_table && s.all_plain && zone->negatives_are_ready && zone->tables[0].is_ready &&
             !HasTestPoint({s.addresses + begin, end - begin})) {
    const ValueId* const values = s.rounds[0].values;
    s.SortByKind(begin, end, [&](const Asked& asked, size_t i) {
      return 2 * static_cast<size_t>(values[i] != kNotListed) + static_cast<size_t>(asked.form);
    });
    const uint16_t* const ready_of = zone->tables[0].ready_of.data();
    WriteKinds(burst, *zone, [&]<bool kEdns>(io::Message& message, size_t question_end, size_t i) {
      write_ready.template operator()<kEdns>(message, question_end, ready_of[values[i]]);
    });
  } else {
    if (has_one_table) Join(zone->tables[0], s.rounds[0].values + begin, begin, end - begin);
    // What is not there gets a transfer refused, and may get ANY answered otherwise.
    s.SortByKind(begin, end, [&, zone = zone](const Asked& asked, size_t i) {
      const size_t hits = s.hits[i];
      const bool is_ready = ((hits == 0) & zone->negatives_are_ready & (asked.qtype < dns::kIxfr)) |
                            ((hits == 1) & (asked.qtype == dns::kA) & (s.ready[i] != kCompose));
      return KindOf(asked, s.addresses[i], hits, is_ready);
    });
    WriteKinds(burst, *zone, [&]<bool kEdns>(io::Message& message, size_t question_end, size_t i) {
      write_ready.template operator()<kEdns>(message, question_end, s.ready[i]);
    });
  }

  const uint64_t above_ip6 = zone->has_ip6 ? CountAboveIp6(*zone) : 0;
  CountReady(*zone, s.of_kind[AnswerKind::kListed].count + s.of_kind[AnswerKind::kListedEdns].count,
             s.of_kind[AnswerKind::kUnlisted].count + s.of_kind[AnswerKind::kUnlistedEdns].count - above_ip6);
}

// The same of a zone of heat, but for what is counted.
void Responder::WriteHeatGroup(io::Burst& burst, size_t group) noexcept {
  Scratch& s = *scratch_;
  const auto& [group_zone, begin, end] = s.groups[group];
  const Zone::Rep& zone = *group_zone;
  const HeatZone& heat = *zone.heat;
  heat.Lookup({s.addresses + begin, end - begin}, s.heat_hits + begin);
  const bool hits_are_ready = zone.heat_ready != kCompose;
  s.SortByKind(begin, end, [&](const Asked& asked, size_t i) {
    const auto hit = static_cast<size_t>(s.heat_hits[i].length != 0);
    const bool is_ready =
        hit != 0 ? hits_are_ready & (asked.qtype == dns::kA) : zone.negatives_are_ready & (asked.qtype < dns::kIxfr);
    return KindOf(asked, s.addresses[i], hit, is_ready);
  });
  WriteKinds(burst, zone, [&]<bool kEdns>(io::Message& message, size_t question_end, size_t i) {
    WriteReadyHit<kEdns>(message, question_end, Flags::Of(message.payload), zone.ready[zone.heat_ready],
                         heat.AnswerOf(s.heat_hits[i]));
  });
}

// Those among the unlisted that were told to exist, because they can be a part of an IPv6 address.
uint64_t Responder::CountAboveIp6(const Zone::Rep& zone) noexcept {
  const Scratch& s = *scratch_;
  uint64_t above = 0;
  for (const AnswerKind kind : {AnswerKind::kUnlisted, AnswerKind::kUnlistedEdns}) {
    for (const uint8_t i : std::span(s.of_kind[kind].at, s.of_kind[kind].count)) {
      above += s.asked[i].question_end == kNibblesEnd + zone.ends[0].size();
    }
  }
  stats_->zones[zone.slot].outcomes[static_cast<size_t>(Outcome::kNoData)].Add(above);
  stats_->rcodes[dns::kNoError].Add(above);
  return above;
}

void Responder::CountReady(const Zone::Rep& zone, uint64_t listed, uint64_t unlisted) noexcept {
  ZoneCounters& counters = stats_->zones[zone.slot];
  counters.outcomes[static_cast<size_t>(Outcome::kListed)].Add(listed);
  counters.outcomes[static_cast<size_t>(Outcome::kNxdomain)].Add(unlisted);
  stats_->rcodes[dns::kNoError].Add(listed);
  stats_->rcodes[dns::kNxDomain].Add(unlisted);
}

// `write_listed`<kEdns>(message, question_end, i) writes the ready answer of a listed one.
template <class WriteListed>
inline void Responder::WriteKinds(io::Burst& burst, const Zone::Rep& zone, WriteListed&& write_listed) noexcept {
  Scratch& s = *scratch_;
  const auto each = [&]<bool kEdns>(AnswerKind kind, auto&& write) {
    for (const uint8_t i : std::span(s.of_kind[kind].at, s.of_kind[kind].count)) {
      const Asked& asked = s.asked[i];
      write.template operator()<kEdns>(burst.messages[asked.message], asked.question_end, i);
    }
  };
  // Negative answers depend on where the apex stands, and so on where the question ends.
  const ReadyAnswer* const negatives = zone.ready.data() - (dns::kHeaderSize + kMinLabelBytes + zone.ends[0].size());
  const auto write_negative = [&]<bool kEdns>(io::Message& message, size_t question_end, size_t) {
    WriteReady<kEdns, 32>(message, question_end, Flags::Of(message.payload), negatives[question_end]);
  };
  each.template operator()<false>(AnswerKind::kUnlisted, write_negative);
  each.template operator()<true>(AnswerKind::kUnlistedEdns, write_negative);
  each.template operator()<false>(AnswerKind::kListed, write_listed);
  each.template operator()<true>(AnswerKind::kListedEdns, write_listed);
  const Scratch::OfKind& composed = s.of_kind[AnswerKind::kComposed];
  for (const uint8_t i : std::span(composed.at, composed.count)) Compose(burst, i, zone);
}

// An address question without a ready answer: another type than A, several tables, a test address. `i`: its position in
// `asked`.
void Responder::Compose(io::Burst& burst, size_t i, const Zone::Rep& zone) noexcept {
  const Asked& asked = scratch_->asked[i];
  const uint32_t address = scratch_->addresses[i];
  io::Message& message = burst.messages[asked.message];
  dns::Query query = asked.form == Form::kOther ? dns::ParseQuery({message.payload, message.size})
                                                : PlainQuery(message, asked.form, asked.question_end, asked.qtype);
  query.over_tcp = burst.over_tcp;
  if (IsTransfer(query.qtype)) {
    AnswerWriter writer(message, query);
    return Finish(writer, dns::kRefused, false);
  }
  const size_t apex_at = query.question_end - zone.ends[0].size();
  if (zone.heat == nullptr) return AnswerAddress(message, query, zone, apex_at, address);
  AnswerHeatQuery(message, query, zone, apex_at, address, zone.heat->HitOf(address, scratch_->heat_hits[i]));
}

}  // namespace rblitz
