// Questions for A of many zones in one burst, as where each list has a zone of its own. To sort few questions by zone
// and to take each zone's for themselves costs more than to let each question ask the table of its own zone.
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/ready_writer.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

// At least so many of so many questions are for another zone than the one before: with four zones or more, asked at
// random (docs/performance.md).
constexpr size_t kChanges = 3;
constexpr size_t kOf = 4;

}  // namespace

bool Responder::IsMixed() const noexcept {
  const Scratch& s = *scratch_;
  if (!(s.all_plain & s.all_ready) || s.asked_count == 0) return false;
  // Questions of few zones are sorted, and then looked up by wide kernels.
  size_t changes = 0;
  for (size_t i = 1; i < s.asked_count; ++i) changes += s.zones[i] != s.zones[i - 1];
  return changes * kOf >= s.asked_count * kChanges && !HasTestPoint({s.addresses, s.asked_count});
}

void Responder::AnswerMixed(io::Burst& burst) noexcept {
  Scratch& s = *scratch_;
  const Ip4Table* each[io::kBurst];
  for (size_t i = 0; i < s.asked_count; ++i) each[i] = s.zones[i]->tables[0].ip4;
  const std::span<const Ip4Table* const> tables(each, s.asked_count);
  const std::span<const uint32_t> addresses(s.addresses, s.asked_count);
  Scratch::Round& round = s.rounds[0];
  Ip4Cursor cursor{.permuted = round.permuted, .lines = round.lines};
  Ip4Table::SortEach(tables, addresses, cursor, round.values);
  Ip4Table::LocateEach(tables, addresses, cursor, round.values);
  Ip4Table::FindEach(tables, cursor, round.values);
  s.SortByKind(0, s.asked_count, [&](const Asked& asked, size_t i) {
    return 2 * static_cast<size_t>(round.values[i] != kNotListed) + static_cast<size_t>(asked.form);
  });
  WriteMixed<false>(burst);
  WriteMixed<true>(burst);
}

template <bool kEdns>
void Responder::WriteMixed(io::Burst& burst) noexcept {
  static_assert(kUnlistedEdns == kUnlisted + 1 && kListedEdns == kListed + 1);
  Scratch& s = *scratch_;
  const auto of_kind = [&](size_t kind) {
    return std::span(s.of_kind[kind + kEdns].at, s.of_kind[kind + kEdns].count);
  };
  uint64_t above_ip6 = 0;
  for (const uint8_t i : of_kind(kUnlisted)) {
    const Asked& asked = s.asked[i];
    const Zone::Rep& zone = *s.zones[i];
    io::Message& message = burst.messages[asked.message];
    const size_t least_end = dns::kHeaderSize + kMinLabelBytes + zone.ends[0].size();
    WriteReady<kEdns, 32>(message, asked.question_end, Flags::Of(message.payload),
                          zone.ready[asked.question_end - least_end]);
    const bool is_above = zone.has_ip6 & (asked.question_end == kNibblesEnd + zone.ends[0].size());
    Count(zone, is_above ? Outcome::kNoData : Outcome::kNxdomain);
    above_ip6 += is_above;
  }
  for (const uint8_t i : of_kind(kListed)) {
    const Asked& asked = s.asked[i];
    const Zone::Rep& zone = *s.zones[i];
    io::Message& message = burst.messages[asked.message];
    WriteReady<kEdns, 16>(message, asked.question_end, Flags::Of(message.payload),
                          zone.ready[zone.tables[0].ready_of[s.rounds[0].values[i]]]);
    Count(zone, Outcome::kListed);
  }
  stats_->rcodes[dns::kNoError].Add(of_kind(kListed).size() + above_ip6);
  stats_->rcodes[dns::kNxDomain].Add(of_kind(kUnlisted).size() - above_ip6);
}

}  // namespace rblitz
