// What a zone says of a name below its apex that is more than an IPv4 address with a ready answer: IPv6 addresses,
// names, digests, records of single names. For zone*.cc and responder*.cc only.
//
// Thread-safety: const once the zone is built. Cost: no allocation, no lock; one lookup a feed and kind of data, twice
// where something is listed.
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

// The RFC 5782 test point that these labels are, 0: "invalid", 1: "test"; -1: none.
[[nodiscard]] int NameTestPoint(std::span<const uint8_t> labels) noexcept;

// After the zone's feeds are known: what its test points of IPv6 and of names answer.
void SetFurtherTestPoints(Zone::Rep& zone);

// Whether something of the zone lies below the name, which itself is not listed.
[[nodiscard]] bool HasBelow(const Zone::Rep& zone, const AskedName& asked) noexcept;
// The same for a client that gets the zone without what it lists: only records, and parts of the zone, are there.
[[nodiscard]] bool HasRecordsBelow(const Zone::Rep& zone, std::span<const uint8_t> labels) noexcept;

// The feed for which the name is not listed, whatever others say; null: none. Test points are nobody's exceptions.
[[nodiscard]] const ZoneFeed* ExceptedBy(const Zone::Rep& zone, const AskedName& asked) noexcept;

// Whether the name is of a kind that the zone can list.
[[nodiscard]] inline bool CanBeListed(const Zone::Rep& zone, const AskedName& asked) noexcept {
  return zone.has_names || (asked.is_ip4 && zone.has_addresses) || (asked.is_ip6 && zone.has_ip6);
}

// Calls visit(ZoneVerdict, subject) for each verdict that the zone has for the name. The subject is what `$` in its
// text stands for. REQUIRES: the name is not excepted.
template <class Visit>
void ForEachMatch(const Zone::Rep& zone, const AskedName& asked, Visit&& visit) {
  SubjectText text;
  const auto visit_all = [&](const ZoneFeed& feed, ValueId value, std::string_view subject) {
    for (const Verdict& verdict : feed.data->verdicts.at(value)) visit(ZoneVerdict{&feed, verdict}, subject);
  };
  if (asked.is_ip4 && zone.has_addresses) {
    const std::string_view subject(text.data(), AddressToText(asked.ip4, text.data()));
    if (IsTestPoint(asked.ip4)) {
      for (const ZoneVerdict& at : zone.test[asked.ip4 - kTestUnlisted]) visit(at, subject);
    } else {
      for (const ZoneFeed& feed : zone.listing()) visit_all(feed, feed.ip4->Lookup(asked.ip4), subject);
    }
  }
  if (asked.is_ip6 && zone.has_ip6) {
    const std::string_view subject = AddressText(asked.ip6, text);
    if (asked.ip6 == kIp6TestListed || asked.ip6 == kIp6TestUnlisted) {
      for (const ZoneVerdict& at : zone.ip6_test[asked.ip6 == kIp6TestListed ? 1 : 0]) visit(at, subject);
    } else {
      for (const ZoneFeed& feed : zone.listing()) {
        if (feed.data->ip6 != nullptr) visit_all(feed, feed.data->ip6->Lookup(asked.ip6), subject);
      }
    }
  }
  if (!zone.has_names) return;
  if (const int point = NameTestPoint(asked.labels); point >= 0) {
    const std::string_view subject = LabelsText(asked.labels, text);
    for (const ZoneVerdict& at : zone.name_test[static_cast<size_t>(point)]) visit(at, subject);
    return;
  }
  for (const ZoneFeed& feed : zone.listing()) {
    if (feed.data->names != nullptr) {
      const NameMatch match = feed.data->names->Lookup(asked.labels);
      if (match.value != kNotListed) {
        visit_all(feed, match.value, LabelsText(asked.labels.subspan(match.offset), text));
      }
    }
    if (feed.data->hashes != nullptr) {
      const DigestReadings readings = DigestsFromLabels(asked.labels);
      for (size_t i = 0; i < readings.count; ++i) {
        const ValueId value = feed.data->hashes->Lookup(readings.digests[i]);
        if (value != kNotListed) visit_all(feed, value, LabelsText(asked.labels, text));
      }
    }
  }
}

// Calls visit(ZoneVerdict, TTL, subject). All records of one name and type have one TTL, the smallest of what
// contributes (RFC 2181 section 5.2).
template <class Visit>
void ForEachVerdict(const Zone::Rep& zone, const AskedName& asked, Visit&& visit) {
  uint32_t ttl_seconds = UINT32_MAX;
  ForEachMatch(zone, asked, [&](const ZoneVerdict& at, std::string_view) {
    ttl_seconds = std::min(ttl_seconds, at.feed == nullptr ? zone.ttl_seconds : at.feed->ttl_seconds);
  });
  if (ttl_seconds == UINT32_MAX) return;
  ForEachMatch(zone, asked, [&](const ZoneVerdict& at, std::string_view subject) { visit(at, ttl_seconds, subject); });
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

}  // namespace rblitz
