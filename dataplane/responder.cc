#include "dataplane/responder.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "dataplane/answer_writer.h"
#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/query.h"
#include "dataplane/net/checksum.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

static_assert(io::kBurst <= kMaxBatch);
static_assert(io::kSlack >= ReadyAnswer::kCopied);

uint64_t LoadCounts(const uint8_t* payload) noexcept {
  uint64_t counts;
  std::memcpy(&counts, payload + 4, sizeof counts);
  return counts;
}

// The four counts in memory order, one question and nothing else; and one additional record on top of it.
constexpr uint64_t kOneQuestion = 0x0100;
constexpr uint64_t kOneAdditional = uint64_t{1} << 56;

// The OPT that nearly every resolver sends: no options, version 0. True, and *dnssec_ok set, when it stands at `opt`.
bool IsPlainOpt(const uint8_t* opt, bool* dnssec_ok) noexcept {
  *dnssec_ok = (opt[7] & 0x80) != 0;
  // Root, type OPT; extended RCODE and version 0; no options.
  return opt[0] == 0 && dns::Load16(opt + 1) == dns::kOpt && opt[6] == 0 && dns::Load16(opt + 9) == 0;
}

void WriteOpt(uint8_t* opt, bool dnssec_ok) noexcept {
  static constexpr uint8_t kOpt[dns::kOptSize] = {0, 0, dns::kOpt, dns::kUdpSize >> 8, dns::kUdpSize & 0xff};
  std::memcpy(opt, kOpt, sizeof kOpt);
  opt[7] = dnssec_ok ? 0x80 : 0;
}

}  // namespace

Responder::Responder(WorkerStats* stats) : stats_(stats), scratch_(std::make_unique<Scratch>()) {}
Responder::~Responder() = default;

void Responder::Answer(io::Burst& burst, const Serving& serving) noexcept {
  Scratch& s = *scratch_;
  for (size_t i = 0; i < burst.count; ++i) s.names[i] = burst.messages[i].payload + dns::kHeaderSize;
  s.parse_addresses(s.names, burst.count, s.label_addresses, s.label_sizes);
  s.asked_count = 0;
  const Zone::Rep* guess = serving.zones.zones().empty() ? nullptr : &serving.zones.zones().front().rep();
  for (size_t i = 0; i < burst.count; ++i) {
    if (guess != nullptr && ParseCommon(burst.messages[i], i, *guess)) continue;
    ParseAny(burst.messages[i], i, serving);
    if (s.asked_count > 0) guess = s.asked[s.asked_count - 1].zone;
  }
  GroupByZone();
  LookUp();
  for (size_t g = 0; g < s.group_count; ++g) WriteGroup(burst, g);
}

// What mail servers ask all day: one question for an address of the zone that the one before it asked for, at most a
// plain OPT. Everything is compared and the results are joined, so that there is one branch to predict. False: it is
// something else.
bool Responder::ParseCommon(const io::Message& message, size_t index, const Zone::Rep& zone) noexcept {
  if (message.capacity < kReadyRoom) [[unlikely]]
    return false;
  Scratch& s = *scratch_;
  const uint8_t* const p = message.payload;
  const size_t apex_at = dns::kHeaderSize + s.label_sizes[index];
  const size_t question_end = apex_at + zone.apex_size + 4;
  const uint64_t counts = LoadCounts(p);
  const bool edns = counts == (kOneQuestion | kOneAdditional);
  bool dnssec_ok;
  const bool plain_opt = IsPlainOpt(p + question_end, &dnssec_ok);
  const bool fits = question_end + (edns ? dns::kOptSize : 0) <= message.size;
  const bool common = fits & (s.label_sizes[index] != 0) & ((p[2] & 0xf8) == 0) &
                      (edns ? plain_opt : counts == kOneQuestion) & !zone.out &
                      (dns::Load16(p + question_end - 2) == dns::kIn);
  if (!common || !zone.EndsIn(p + apex_at)) [[unlikely]]
    return false;
  const uint16_t qtype = dns::Load16(p + question_end - 4);
  // Types that are no types of data have their own answers.
  if (static_cast<unsigned>(qtype - dns::kIxfr) <= dns::kAny - dns::kIxfr) [[unlikely]]
    return false;
  s.asked[s.asked_count++] = {.message = static_cast<uint8_t>(index),
                              .edns = edns,
                              .dnssec_ok = edns && dnssec_ok,
                              .question_end = static_cast<uint16_t>(question_end),
                              .apex_at = static_cast<uint16_t>(apex_at),
                              .udp_size = edns ? dns::Load16(p + question_end + 3) : dns::kMinUdpSize,
                              .qtype = qtype,
                              .address = s.label_addresses[index],
                              .zone = &zone};
  return true;
}

// Orders the questions by zone, each zone's in their own order. Nearly always there is one zone.
void Responder::GroupByZone() noexcept {
  Scratch& s = *scratch_;
  s.group_count = 0;
  const auto zone_of = [](const Asked& asked) { return asked.zone; };
  Asked* const end = s.asked + s.asked_count;
  if (std::adjacent_find(s.asked, end, [&](const Asked& a, const Asked& b) { return zone_of(a) != zone_of(b); }) !=
      end) {
    size_t ordered = 0;
    for (size_t i = 0; i < s.asked_count; ++i) {
      if (s.asked[i].zone == nullptr) continue;  // taken with an earlier one
      const Zone::Rep* const zone = s.asked[i].zone;
      for (size_t j = i; j < s.asked_count; ++j) {
        if (s.asked[j].zone != zone) continue;
        s.ordered[ordered++] = s.asked[j];
        s.asked[j].zone = nullptr;
      }
    }
    std::copy_n(s.ordered, ordered, s.asked);
  }
  for (size_t i = 0; i < s.asked_count; ++i) {
    s.addresses[i] = s.asked[i].address;
    if (i == 0 || s.asked[i].zone != s.asked[i - 1].zone) s.groups[s.group_count++] = {s.asked[i].zone, i, i};
    s.groups[s.group_count - 1].end = i + 1;
  }
}

// Asks all tables, kRounds of each zone at a time, every stage over all of them before the next.
void Responder::LookUp() noexcept {
  Scratch& s = *scratch_;
  std::fill_n(s.ready, s.asked_count, kNegativeReady);
  std::fill_n(s.hits, s.asked_count, uint8_t{0});
  size_t most_feeds = 0;
  for (size_t g = 0; g < s.group_count; ++g) most_feeds = std::max(most_feeds, s.groups[g].zone->feeds.size());

  for (Scratch::Round& round : s.rounds) {
    for (size_t g = 0; g < s.group_count; ++g) {
      const size_t begin = s.groups[g].begin;
      round.cursors[g] = {
          .permuted = round.permuted + begin, .single = round.single + begin, .further = round.further + begin};
    }
  }
  for (size_t first = 0; first < most_feeds; first += kRounds) {
    const auto each = [&](auto&& stage) {
      for (size_t r = 0; r < std::min(kRounds, most_feeds - first); ++r) {
        for (size_t g = 0; g < s.group_count; ++g) {
          const auto& [zone, begin, end] = s.groups[g];
          if (first + r >= zone->feeds.size() || zone->feeds[first + r].data->ip4 == nullptr) continue;
          const ZoneFeed& feed = zone->feeds[first + r];
          Scratch::Round& round = s.rounds[r];
          stage(feed, std::span(s.addresses + begin, end - begin), round.cursors[g], round.values + begin, begin);
        }
      }
    };
    using Addresses = std::span<const uint32_t>;
    each([](const ZoneFeed& feed, Addresses addresses, Ip4Cursor& cursor, ValueId* values, size_t) {
      feed.data->ip4->Sort(addresses, cursor, values);
    });
    each([](const ZoneFeed& feed, Addresses addresses, Ip4Cursor& cursor, ValueId* values, size_t) {
      feed.data->ip4->Locate(addresses, cursor, values);
    });
    each([](const ZoneFeed& feed, Addresses, Ip4Cursor& cursor, ValueId* values, size_t) {
      feed.data->ip4->Find(cursor, values);
    });
    each([&](const ZoneFeed& feed, Addresses addresses, Ip4Cursor&, const ValueId* values, size_t begin) {
      for (size_t i = 0; i < addresses.size(); ++i) {
        const bool hit = values[i] != kNotListed;
        s.ready[begin + i] = hit ? feed.ready_of[values[i]] : s.ready[begin + i];
        s.hits[begin + i] = static_cast<uint8_t>(s.hits[begin + i] + hit);
      }
    });
  }
}

void Responder::WriteGroup(io::Burst& burst, size_t group) noexcept {
  Scratch& s = *scratch_;
  const auto& [zone, begin, end] = s.groups[group];
  const bool negative_is_ready = zone->feeds.empty() || zone->feeds.front().ready_of[kNotListed] == kNegativeReady;
  uint64_t listed = 0;
  uint64_t written = 0;
  for (size_t i = begin; i < end; ++i) {
    const Asked& asked = s.asked[i];
    const unsigned hits = s.hits[i];
    // Listed by one feed and asked for A, or not listed: both are copied the same way.
    const bool is_ready = (hits == 0 ? negative_is_ready : hits == 1 && asked.qtype == dns::kA) &&
                          s.ready[i] != kCompose && !IsTestPoint(asked.address);
    if (!is_ready) [[unlikely]] {
      Compose(burst.messages[asked.message], i);
      continue;
    }
    listed += hits;
    ++written;
    WriteReady(burst.messages[asked.message], i, zone->ready[s.ready[i]]);
  }
  ZoneCounters& counters = stats_->zones[zone->slot];
  counters.outcomes[static_cast<size_t>(Outcome::kListed)].Add(listed);
  counters.outcomes[static_cast<size_t>(Outcome::kNxdomain)].Add(written - listed);
  stats_->rcodes[dns::kNoError].Add(listed);
  stats_->rcodes[dns::kNxDomain].Add(written - listed);
}

void Responder::WriteReady(io::Message& message, size_t index, const ReadyAnswer& ready) noexcept {
  const Asked& asked = scratch_->asked[index];
  uint8_t* const p = message.payload;
  uint8_t* const out = p + asked.question_end;

  // What goes: flags, counts, and all behind the question.
  uint16_t old_flags;
  std::memcpy(&old_flags, p + 2, sizeof old_flags);
  uint64_t removed = old_flags;
  if (message.size > asked.question_end) {
    removed += net::AtOffset(net::Sum(out, message.size - size_t{asked.question_end}), asked.question_end);
  }

  std::memcpy(out, ready.bytes, ReadyAnswer::kCopied);
  uint32_t added = ready.sum;
  for (size_t i = 0; i < ReadyAnswer::kPlaces; ++i) {
    const auto pointer = static_cast<uint16_t>((ready.base[i] + asked.apex_at) & ready.mask[i]);
    dns::Store16(out + ready.at[i], pointer);
    added += net::AtOffset(__builtin_bswap16(pointer), ready.at[i]);
  }
  size_t size = ready.size;
  if (asked.edns) {
    WriteOpt(out + size, asked.dnssec_ok);
    added += net::AtOffset(net::Sum(out + size, dns::kOptSize), size);
    size += dns::kOptSize;
  }

  const uint16_t flags = static_cast<uint16_t>(ready.flags | (old_flags & __builtin_bswap16(dns::kRd)));
  std::memcpy(p + 2, &flags, sizeof flags);
  const uint64_t old_counts = LoadCounts(p);
  const uint64_t counts = ready.counts | (asked.edns ? kOneAdditional : 0);
  std::memcpy(p + 4, &counts, sizeof counts);
  removed += (old_counts & 0xffffffff) + (old_counts >> 32);

  message.size = static_cast<uint16_t>(asked.question_end + size);
  message.sum_change = net::Fold(uint64_t{net::AtOffset(net::Fold(added), asked.question_end)} + flags +
                                 (counts & 0xffffffff) + (counts >> 32) + (~net::Fold(removed) & 0xffff));
}

// An address question without a ready answer: another type than A, several feeds, a test address.
void Responder::Compose(io::Message& message, size_t index) noexcept {
  const Asked& asked = scratch_->asked[index];
  dns::Query query;
  query.question_end = asked.question_end;
  query.qtype = asked.qtype;
  query.edns = asked.edns;
  query.dnssec_ok = asked.dnssec_ok;
  query.udp_size = std::max(asked.udp_size, dns::kMinUdpSize);
  AnswerAddress(message, query, *asked.zone, asked.apex_at, asked.address);
}

}  // namespace rblitz
