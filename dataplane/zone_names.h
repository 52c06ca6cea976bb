// What a zone says of a name below its apex beside what its feeds list (dataplane/zone_matches.h): records of single
// names, test points, what lies below. For zone*.cc and responder*.cc only.
//
// Thread-safety: const once the zone is built. Cost: no allocation, no lock; one lookup a feed with records.
// Source: RFC 5782 sections 2.1, 2.4 and 5, RFC 8020.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/asked_name.h"
#include "dataplane/dns/wire.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

// Room for an address or a name as text, escaped as master files want it.
using SubjectText = std::array<char, 4 * dns::kMaxName>;

// As RFC 5952 writes it.
std::string_view AddressText(const Ip6Address& address, SubjectText& text) noexcept;
// REQUIRES: labels in wire form, no root label.
std::string_view LabelsText(std::span<const uint8_t> labels, SubjectText& text) noexcept;

// The network that lists the subject in a feed, as 192.0.2.0/24; what is no address is its own network.
std::string_view PrefixText(const ZoneFeed& feed, const Subject& subject, SubjectText& text) noexcept;

// What a zone without lists is asked for: part of an address is the whole one, zero where it says nothing.
[[nodiscard]] AskedName Completed(const Zone::Rep& zone, AskedName asked) noexcept;

// The RFC 5782 test point that these labels are, 0: "invalid", 1: "test"; -1: none.
[[nodiscard]] int NameTestPoint(std::span<const uint8_t> labels) noexcept;

// After the zone's feeds are known: what its test points of IPv6 and of names answer.
void SetFurtherTestPoints(Zone::Rep& zone);

// Whether something of the zone other than names that are listed lies below the name.
[[nodiscard]] bool HasOtherBelow(const Zone::Rep& zone, const AskedName& asked) noexcept;
// The same for a client that gets the zone without what it lists: only records, and parts of the zone, are there.
[[nodiscard]] bool HasRecordsBelow(const Zone::Rep& zone, std::span<const uint8_t> labels) noexcept;

// Whether the name is of a kind that the zone can list.
[[nodiscard]] inline bool CanBeListed(const Zone::Rep& zone, const AskedName& asked) noexcept {
  return zone.has_names || (asked.is_ip4 && zone.has_addresses) || (asked.is_ip6 && zone.has_ip6);
}

// Calls visit(record, TTL) for each record that a feed gives for exactly this name, and returns whether there is any.
template <class Visit>
bool ForEachRecord(const Zone::Rep& zone, std::span<const uint8_t> labels, Visit&& visit) {
  bool any = false;
  for (const ZoneFeed& feed : zone.listing()) {
    if (feed.data->generic == nullptr) continue;
    const GenericRecords::Records* const records = feed.data->generic->Find(labels);
    if (records == nullptr) continue;
    for (const GenericRecord& record : *records) {
      any = true;
      visit(record, record.ttl_seconds != 0 ? record.ttl_seconds : feed.ttl_seconds);
    }
  }
  return any;
}

// Calls visit(ZoneVerdict, TTL) for each verdict that the zone has for the address, feed by feed. All records of one
// name and type have one TTL, the smallest of what contributes (RFC 2181 section 5.2).
template <class Visit>
void ForEachVerdict(const Zone::Rep& zone, uint32_t address, Visit&& visit) {
  uint32_t ttl_seconds = UINT32_MAX;
  if (IsTestPoint(address) && zone.has_addresses && zone.has_lists) {
    const std::vector<ZoneVerdict>& test = zone.test[address - kTestUnlisted];
    for (const ZoneVerdict& at : test) {
      ttl_seconds = std::min(ttl_seconds, at.feed == nullptr ? zone.ttl_seconds : at.feed->ttl_seconds);
    }
    for (const ZoneVerdict& at : test) visit(at, ttl_seconds);
    return;
  }
  for (const ZoneFeed& feed : zone.excepting()) {
    if (feed.ip4->Lookup(address) != kNotListed) return;
  }
  const std::span<const ZoneFeed> feeds = zone.listing();
  // Looked up once where there are not very many.
  constexpr size_t kRemembered = 32;
  ValueId values[kRemembered] = {};
  const bool asks_joined = zone.joined != nullptr && feeds.size() <= kRemembered;
  if (asks_joined) {
    for (const auto& [table, value] : zone.joined->Of(zone.joined->table().Lookup(address))) {
      values[zone.joined_feeds[table]] = value;
    }
  }
  for (size_t f = 0; f < feeds.size(); ++f) {
    const ZoneFeed& feed = feeds[f];
    const bool is_known = asks_joined && feed.is_joined;
    const ValueId value = is_known ? values[f] : feed.ip4->Lookup(address);
    if (f < kRemembered) values[f] = value;
    if (value != kNotListed) ttl_seconds = std::min(ttl_seconds, feed.ttl_seconds);
  }
  for (size_t f = 0; f < feeds.size(); ++f) {
    const ZoneFeed& feed = feeds[f];
    const ValueId value = f < kRemembered ? values[f] : feed.ip4->Lookup(address);
    for (const Verdict& verdict : feed.data->verdicts.at(value)) visit(ZoneVerdict{&feed, verdict}, ttl_seconds);
  }
}

}  // namespace rblitz
