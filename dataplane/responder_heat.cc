// Questions of zones of heat: addresses as they come, looked up together, each answered with A records or a text.

#include <array>
#include <span>

#include "dataplane/answer_writer.h"
#include "dataplane/dns/address_labels.h"
#include "dataplane/heat_zone.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

constexpr size_t kAddressLabels = 4;

// Whether the labels before the apex are octets of an address that are not all there: such a name exists, for heat may
// lie anywhere below it.
bool IsPartOfAddress(const FoldedName& name, const dns::Query& query, size_t below) noexcept {
  if (below >= kAddressLabels) return false;
  for (size_t label = 0; label < below; ++label) {
    if (dns::OctetOfLabel(&name[query.label_at[label]]) < 0) return false;
  }
  return true;
}

}  // namespace

void Responder::AskHeat(io::Message& message, size_t index, const dns::Query& query, const Zone::Rep& zone,
                        size_t below, size_t apex_at) noexcept {
  Scratch& s = *scratch_;
  if (below == kAddressLabels && s.label_sizes[index] != 0) {
    s.heat_addresses[s.heat_count] = s.label_addresses[index];
    s.heat[s.heat_count++] = {.message = static_cast<uint8_t>(index),
                              .apex_at = static_cast<uint16_t>(apex_at),
                              .zone = &zone,
                              .query = query};
    return;
  }
  AnswerWriter writer(message, query);
  writer.set_apex_at(apex_at);
  if (IsPartOfAddress(s.folded[s.matches.size()], query, below)) return AnswerExisting(writer, query, zone);
  writer.AddChunk(zone.soa_negative, Section::kAuthority);
  Count(zone, Outcome::kNxdomain);
  Finish(writer, dns::kNxDomain, true);
}

void Responder::AnswerHeat(io::Burst& burst) noexcept {
  Scratch& s = *scratch_;
  for (size_t begin = 0, end = 0; begin < s.heat_count; begin = end) {
    const Zone::Rep* const zone = s.heat[begin].zone;
    while (end < s.heat_count && s.heat[end].zone == zone) ++end;
    zone->heat->Lookup(std::span(s.heat_addresses).subspan(begin, end - begin), &s.heat_hits[begin]);
  }
  for (size_t i = 0; i < s.heat_count; ++i) {
    const auto& [message, apex_at, zone, query] = s.heat[i];
    const HeatHit hit = s.heat_hits[i];
    const HeatZone& heat = *zone->heat;
    AnswerWriter writer(burst.messages[message], query);
    writer.set_apex_at(apex_at);
    if (hit.length == 0) {
      writer.AddChunk(zone->soa_negative, Section::kAuthority);
      Count(*zone, Outcome::kNxdomain);
      Finish(writer, dns::kNxDomain, true);
      continue;
    }
    if (query.qtype == dns::kA) {
      std::array<uint32_t, kMaxHeatLevels> a_be;  // NOLINT(cppcoreguidelines-pro-type-member-init): as many as counted
      const size_t count = heat.Values(s.heat_addresses[i], hit, a_be.data());
      for (const uint32_t value : std::span(a_be).first(count)) writer.AddA(heat.ttl_seconds(), value);
    } else if (query.qtype == dns::kTxt) {
      std::array<char, kMaxTextBytes> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): as much as written
      writer.AddText(dns::kIn, heat.ttl_seconds(), {text.data(), heat.Text(s.heat_addresses[i], hit, text.data())});
    } else {
      AnswerExisting(writer, query, *zone);
      continue;
    }
    Count(*zone, Outcome::kListed);
    Finish(writer, dns::kNoError, true);
  }
}

}  // namespace rblitz
