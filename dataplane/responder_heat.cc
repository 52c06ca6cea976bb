// Questions of zones of heat that have no ready answers: those for IPv6 addresses, which are looked up together, those
// for all levels or a text, and names that are no address.

#include <array>
#include <span>

#include "dataplane/answer_writer.h"
#include "dataplane/asked_name.h"
#include "dataplane/dns/address_labels.h"
#include "dataplane/heat_zone.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

constexpr size_t kAddressLabels = 4;
constexpr size_t kNibbleLabels = 32;

bool IsNibble(const uint8_t* label) noexcept {
  const uint8_t digit = label[1];
  return label[0] == 1 && ((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
}

// Whether the labels before the apex are octets or nibbles of an address that are not all there: such a name exists,
// for heat may lie anywhere below it.
bool IsPartOfAddress(const FoldedName& name, const dns::Query& query, size_t below, bool has_ip6) noexcept {
  bool are_octets = below < kAddressLabels;
  bool are_nibbles = has_ip6 && below < kNibbleLabels;
  for (size_t label = 0; label < below && (are_octets || are_nibbles); ++label) {
    const uint8_t* const at = &name[query.label_at[label]];
    are_octets = are_octets && dns::OctetOfLabel(at) >= 0;
    are_nibbles = are_nibbles && IsNibble(at);
  }
  return are_octets || are_nibbles;
}

}  // namespace

// What is no IPv4 address in four octets.
void Responder::AskHeat(io::Message& message, size_t index, const dns::Query& query, const Zone::Rep& zone,
                        size_t below, size_t apex_at) noexcept {
  Scratch& s = *scratch_;
  const FoldedName& name = s.folded[s.matches.size()];
  if (below == kNibbleLabels) {
    const AskedName asked = AskedName::Read({name.data(), size_t{query.label_at[below]}}, below);
    if (asked.is_ip6 && zone.heat->MeansIp4(asked.ip6)) {
      return AnswerHeatQuery(message, query, zone, apex_at, asked.ip4, zone.heat->LookUpOne(asked.ip4));
    }
    if (asked.is_ip6 && zone.has_ip6) {
      zone.heat->Fetch(asked.ip6);
      s.heat6_addresses[s.heat6_count] = asked.ip6;
      s.heat6[s.heat6_count++] = {.message = static_cast<uint8_t>(index),
                                  .apex_at = static_cast<uint16_t>(apex_at),
                                  .zone = &zone,
                                  .query = query};
      return;
    }
    if (const auto before = asked.is_ip6 ? HeatZone::Ip4Before(asked.ip6) : std::nullopt) {
      return AnswerHeatQuery(message, query, zone, apex_at, *before, zone.heat->LookUpOne(*before));
    }
  }
  AnswerWriter writer(message, query);
  writer.set_apex_at(apex_at);
  if (IsPartOfAddress(name, query, below, zone.has_ip6)) return AnswerExisting(writer, query, zone);
  writer.AddChunk(zone.soa_negative, Section::kAuthority);
  Count(zone, Outcome::kNxdomain);
  Finish(writer, dns::kNxDomain, true);
}

void Responder::AnswerHeat(io::Burst& burst) noexcept {
  const Scratch& s = *scratch_;
  for (size_t i = 0; i < s.heat6_count; ++i) {
    const auto& [message, apex_at, zone, query] = s.heat6[i];
    const Ip6Address& address = s.heat6_addresses[i];
    const HeatHit hit = zone->heat->Lookup(address);
    const auto before = hit.length == 0 ? HeatZone::Ip4Before(address) : std::nullopt;
    if (before) {
      AnswerHeatQuery(burst.messages[message], query, *zone, apex_at, *before, zone->heat->LookUpOne(*before));
    } else {
      AnswerHeatQuery(burst.messages[message], query, *zone, apex_at, address, hit);
    }
  }
}

template <class Address>
void Responder::AnswerHeatQuery(io::Message& message, const dns::Query& query, const Zone::Rep& zone, size_t apex_at,
                                const Address& address, HeatHit hit) noexcept {
  const HeatZone& heat = *zone.heat;
  AnswerWriter writer(message, query);
  writer.set_apex_at(apex_at);
  if (hit.length == 0) {
    // Four octets of one digit are a part of IPv6 addresses, too.
    if (zone.has_ip6 && apex_at == kNibblesEnd) return AnswerExisting(writer, query, zone);
    writer.AddChunk(zone.soa_negative, Section::kAuthority);
    Count(zone, Outcome::kNxdomain);
    return Finish(writer, dns::kNxDomain, true);
  }
  if (query.qtype == dns::kA) {
    std::array<uint32_t, kMaxHeatLevels> a_be;  // NOLINT(cppcoreguidelines-pro-type-member-init): as many as counted
    const size_t count = heat.Values(address, hit, a_be.data());
    for (const uint32_t value : std::span(a_be).first(count)) writer.AddA(heat.ttl_seconds(), value);
  } else if (query.qtype == dns::kTxt) {
    std::array<char, kMaxTextBytes> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): as much as written
    writer.AddText(dns::kIn, heat.ttl_seconds(), {text.data(), heat.Text(address, hit, text.data())});
  } else {
    return AnswerExisting(writer, query, zone);
  }
  Count(zone, Outcome::kListed);
  Finish(writer, dns::kNoError, true);
}

template void Responder::AnswerHeatQuery(io::Message&, const dns::Query&, const Zone::Rep&, size_t, const uint32_t&,
                                         HeatHit) noexcept;

}  // namespace rblitz
