// Questions for A of many zones in one burst, as where each list has a zone of its own. To sort few questions by zone
// and to take each zone's for themselves costs more than to let each question ask the table of its own zone.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/ready_writer.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

// Questions of so many zones are sorted, and looked up by kernels that take several at once (docs/performance.md).
constexpr size_t kSortedZones = 3;

bool AreMany(std::span<const Zone::Rep* const> zones) noexcept {
  const Zone::Rep* seen[kSortedZones] = {};
  size_t count = 0;
  for (const Zone::Rep* const zone : zones) {
    if (std::find(seen, seen + count, zone) != seen + count) continue;
    if (count == kSortedZones) return true;
    seen[count++] = zone;
  }
  return false;
}

}  // namespace

// Puts those that AnswerMixed answers before the others, both in the order in which they came; how many they are.
size_t Responder::PutMixedFirst() noexcept {
  Scratch& s = *scratch_;
  uint8_t order[io::kBurst];
  uint8_t others[io::kBurst];
  size_t mixed = 0;
  for (size_t i = 0; i < s.asked_count; ++i) {
    const Asked& asked = s.asked[i];
    const bool is_mixed = s.zones[i]->all_is_ready & (asked.qtype == dns::kA) & (asked.form != Form::kOther) &
                          !IsTestPoint(s.addresses[i]);
    order[mixed] = others[i - mixed] = static_cast<uint8_t>(i);
    mixed += is_mixed;
  }
  if (mixed == 0 || mixed == s.asked_count) return mixed;
  std::copy_n(others, s.asked_count - mixed, order + mixed);
  const auto reorder = [&]<class T>(T* array) {
    T ordered[io::kBurst];
    for (size_t i = 0; i < s.asked_count; ++i) ordered[i] = array[order[i]];
    std::copy_n(ordered, s.asked_count, array);
  };
  reorder(s.asked);
  reorder(s.addresses);
  reorder(s.zones);
  return mixed;
}

void Responder::AnswerMixed(io::Burst& burst) noexcept {
  Scratch& s = *scratch_;
  if (!AreMany({s.zones, s.asked_count})) return;
  const size_t count = PutMixedFirst();
  if (count == 0) return;
  const Ip4Table* each[io::kBurst];
  for (size_t i = 0; i < count; ++i) each[i] = s.zones[i]->tables[0].ip4;
  const std::span<const Ip4Table* const> tables(each, count);
  const std::span<const uint32_t> addresses(s.addresses, count);
  Scratch::Round& round = s.rounds[0];
  Ip4Cursor cursor{.permuted = round.permuted, .lines = round.lines};
  Ip4Table::SortEach(tables, addresses, cursor, round.values);
  Ip4Table::LocateEach(tables, addresses, cursor, round.values);
  Ip4Table::FindEach(tables, cursor, round.values);
  s.SortByKind(0, count, [&](const Asked& asked, size_t i) {
    return 2 * static_cast<size_t>(round.values[i] != kNotListed) + static_cast<size_t>(asked.form);
  });
  WriteMixed<false>(burst);
  WriteMixed<true>(burst);
  std::copy(s.asked + count, s.asked + s.asked_count, s.asked);
  std::copy(s.addresses + count, s.addresses + s.asked_count, s.addresses);
  std::copy(s.zones + count, s.zones + s.asked_count, s.zones);
  s.asked_count -= count;
}

template <bool kEdns>
void Responder::WriteMixed(io::Burst& burst) noexcept {
  static_assert(kUnlistedEdns == kUnlisted + 1 && kListedEdns == kListed + 1);
  const Scratch& s = *scratch_;
  // Of the zone's ready answers `choose`(zone, question_end, i).
  const auto write = [&]<size_t kStep>(AnswerKind kind, Outcome outcome, dns::Rcode rcode, auto&& choose) {
    const Scratch::OfKind& of_kind = s.of_kind[kind + kEdns];
    for (const uint8_t i : std::span(of_kind.at, of_kind.count)) {
      const Asked& asked = s.asked[i];
      const Zone::Rep& zone = *s.zones[i];
      io::Message& message = burst.messages[asked.message];
      WriteReady<kEdns, kStep>(message, asked.question_end, Flags::Of(message.payload),
                               zone.ready[choose(zone, asked.question_end, i)]);
      Count(zone, outcome);
    }
    stats_->rcodes[rcode].Add(of_kind.count);
  };
  write.template operator()<32>(kUnlisted, Outcome::kNxdomain, dns::kNxDomain,
                                [](const Zone::Rep& zone, size_t question_end, size_t) {
                                  return question_end - (dns::kHeaderSize + kMinLabelBytes + zone.ends[0].size());
                                });
  write.template operator()<16>(kListed, Outcome::kListed, dns::kNoError, [&](const Zone::Rep& zone, size_t, size_t i) {
    return zone.tables[0].ready_of[s.rounds[0].values[i]];
  });
}

}  // namespace rblitz
