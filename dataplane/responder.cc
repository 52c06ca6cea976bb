#include "dataplane/responder.h"

#include <emmintrin.h>

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

// Zones of more feeds have their lines fetched in LookUp, a stage for all.
constexpr size_t kHintedFeeds = 4;

uint64_t LoadCounts(const uint8_t* payload) noexcept {
  uint64_t counts;
  std::memcpy(&counts, payload + 4, sizeof counts);
  return counts;
}

// The four counts in memory order, one question and nothing else; and one additional record on top of it.
constexpr uint64_t kOneQuestion = 0x0100;
constexpr uint64_t kOneAdditional = uint64_t{1} << 56;

// The OPT that nearly every resolver sends: root, type OPT, any size, extended RCODE and version 0, any flags, no
// options.
bool IsPlainOpt(const uint8_t* opt) noexcept {
  constexpr uint64_t kFixed = 0x00ffff0000ffffff;
  constexpr uint64_t kPlain = uint64_t{dns::kOpt} << 16;
  uint64_t head;
  std::memcpy(&head, opt, sizeof head);
  return ((head & kFixed) == kPlain) & (dns::Load16(opt + 9) == 0);
}

// `size` bytes, at least 16, and not one more: the buffer's next cache line may not be in any cache.
inline void CopyAnswer(uint8_t* to, const uint8_t* from, size_t size) noexcept {
  const auto copy16 = [&](size_t at) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + at), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at)));
  };
  for (size_t at = 0; at + 16 < size; at += 16) copy16(at);
  copy16(size - 16);  // overlaps the one before it
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
    if (guess != nullptr && ParseCommon(burst.messages[i], i, *guess)) [[likely]]
      continue;
    ParseAny(burst.messages[i], i, serving);
    if (s.asked_count > 0) guess = s.asked[s.asked_count - 1].zone;
  }
  GroupByZone();
  LookUp();
  for (size_t g = 0; g < s.group_count; ++g) WriteGroup(burst, g);
}

// What mail servers ask all day: one question for an address of the zone that the one before it asked for, at most a
// plain OPT. All is compared first and the results are joined, so that there is one branch to predict. False: it is
// something else.
inline bool Responder::ParseCommon(const io::Message& message, size_t index, const Zone::Rep& zone) noexcept {
  if (message.capacity < kReadyRoom) [[unlikely]]
    return false;
  Scratch& s = *scratch_;
  const uint8_t* const p = message.payload;
  const size_t labels = s.label_sizes[index];
  const size_t apex_at = dns::kHeaderSize + labels;
  const size_t question_end = apex_at + zone.apex_size + 4;
  const uint64_t counts = LoadCounts(p);
  const bool edns = counts == (kOneQuestion | kOneAdditional);
  const uint8_t* const opt = p + question_end;
  const uint16_t qtype = dns::Load16(opt - 4);
  const bool size_fits = question_end + (edns ? dns::kOptSize : 0) <= message.size;
  const bool records_fit = (counts == kOneQuestion) | (edns & IsPlainOpt(opt));
  // IXFR, AXFR and ANY are no types of data.
  const bool common = size_fits & records_fit & (labels != 0) & (labels + zone.apex_size <= dns::kMaxName) &
                      ((p[2] & 0xf8) == 0) & !zone.out & (dns::Load16(opt - 2) == dns::kIn) &
                      (static_cast<unsigned>(qtype - dns::kIxfr) > dns::kAny - dns::kIxfr) & zone.EndsIn(p + apex_at);
  if (!common) [[unlikely]]
    return false;
  s.asked[s.asked_count++] = {.message = static_cast<uint8_t>(index),
                              .edns = edns,
                              .dnssec_ok = edns && (opt[7] & 0x80) != 0,
                              .question_end = static_cast<uint16_t>(question_end),
                              .apex_at = static_cast<uint16_t>(apex_at),
                              .udp_size = edns ? dns::Load16(opt + 3) : dns::kMinUdpSize,
                              .qtype = qtype,
                              .address = s.label_addresses[index],
                              .zone = &zone};
  // Memory works while the rest of the burst is parsed.
  if (zone.feeds.size() <= kHintedFeeds) {
    for (const ZoneFeed& feed : zone.feeds) feed.ip4->Hint(s.label_addresses[index]);
  }
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
  for (size_t i = 0; i < s.asked_count; ++i) {
    s.ready[i] = static_cast<uint16_t>(s.asked[i].apex_at - dns::kHeaderSize - kMinLabelBytes);
    s.hits[i] = 0;
  }
  size_t most_feeds = 0;
  for (size_t g = 0; g < s.group_count; ++g) most_feeds = std::max(most_feeds, s.groups[g].zone->feeds.size());

  for (Scratch::Round& round : std::span(s.rounds).first(std::min(kRounds, most_feeds))) {
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
          if (first + r >= zone->feeds.size()) continue;
          const ZoneFeed& feed = zone->feeds[first + r];
          Scratch::Round& round = s.rounds[r];
          stage(feed, std::span(s.addresses + begin, end - begin), round.cursors[g], round.values + begin, begin);
        }
      }
    };
    using Addresses = std::span<const uint32_t>;
    each([](const ZoneFeed& feed, Addresses addresses, Ip4Cursor& cursor, ValueId* values, size_t) {
      feed.ip4->Sort(addresses, cursor, values);
    });
    each([](const ZoneFeed& feed, Addresses addresses, Ip4Cursor& cursor, ValueId* values, size_t) {
      feed.ip4->Locate(addresses, cursor, values);
    });
    each([](const ZoneFeed& feed, Addresses, Ip4Cursor& cursor, ValueId* values, size_t) {
      feed.ip4->Find(cursor, values);
    });
    each([&](const ZoneFeed& feed, Addresses addresses, Ip4Cursor&, const ValueId* values, size_t begin) {
      for (size_t i = 0; i < addresses.size(); ++i) {
        // Half of all questions miss: a mask, not a branch.
        const auto hit = static_cast<uint16_t>(values[i] != kNotListed);
        const auto mask = static_cast<uint16_t>(0 - hit);
        const uint16_t answer = feed.ready_of[values[i]];
        s.ready[begin + i] = static_cast<uint16_t>((answer & mask) | (s.ready[begin + i] & ~mask));
        s.hits[begin + i] = static_cast<uint8_t>(std::min(s.hits[begin + i] + hit, 2));  // more are as good as two
      }
    });
  }
}

// The questions of one zone, those with the same kind of answer one after another: within a kind nothing is left to
// predict.
void Responder::WriteGroup(io::Burst& burst, size_t group) noexcept {
  Scratch& s = *scratch_;
  const auto& [zone, begin, end] = s.groups[group];
  uint8_t listed[io::kBurst];
  uint8_t unlisted[io::kBurst];
  uint8_t composed[io::kBurst];
  size_t listed_count = 0;
  size_t unlisted_count = 0;
  size_t composed_count = 0;
  for (size_t i = begin; i < end; ++i) {
    const unsigned hits = s.hits[i];
    const bool copied = (s.ready[i] != kCompose) & !IsTestPoint(s.addresses[i]);
    const bool is_unlisted = copied & (hits == 0) & zone->negatives_are_ready;
    const bool is_listed = copied & (hits == 1) & (s.asked[i].qtype == dns::kA);
    listed[listed_count] = unlisted[unlisted_count] = composed[composed_count] = static_cast<uint8_t>(i);
    listed_count += is_listed;
    unlisted_count += is_unlisted;
    composed_count += !(is_listed | is_unlisted);
  }
  const auto write = [&, ready = zone->ready.data()](std::span<const uint8_t> indices) {
    for (const uint8_t i : indices) {
      const Asked& asked = s.asked[i];
      WriteReady(burst.messages[asked.message], asked, ready[s.ready[i]]);
    }
  };
  write({listed, listed_count});
  write({unlisted, unlisted_count});
  for (const uint8_t i : std::span(composed, composed_count)) Compose(burst.messages[s.asked[i].message], i);

  ZoneCounters& counters = stats_->zones[zone->slot];
  counters.outcomes[static_cast<size_t>(Outcome::kListed)].Add(listed_count);
  counters.outcomes[static_cast<size_t>(Outcome::kNxdomain)].Add(unlisted_count);
  stats_->rcodes[dns::kNoError].Add(listed_count);
  stats_->rcodes[dns::kNxDomain].Add(unlisted_count);
}

inline void Responder::WriteReady(io::Message& message, const Asked& asked, const ReadyAnswer& ready) noexcept {
  uint8_t* const p = message.payload;
  uint8_t* const out = p + asked.question_end;

  // What goes: flags, counts, and all behind the question.
  uint16_t old_flags;
  std::memcpy(&old_flags, p + 2, sizeof old_flags);
  const uint64_t old_counts = LoadCounts(p);
  uint64_t removed = old_flags + (old_counts & 0xffffffff) + (old_counts >> 32);
  if (message.size > asked.question_end) {
    removed += net::AtOffset(net::Sum(out, message.size - size_t{asked.question_end}), asked.question_end);
  }

  const size_t size = ready.size + (asked.edns ? dns::kOptSize : 0);
  CopyAnswer(out, ready.bytes, size);
  const auto kept_flags = static_cast<uint16_t>(old_flags & __builtin_bswap16(dns::kRd));
  const auto flags = static_cast<uint16_t>(ready.flags | kept_flags);
  std::memcpy(p + 2, &flags, sizeof flags);
  const uint64_t counts = ready.counts | uint64_t{asked.edns} << 56;
  std::memcpy(p + 4, &counts, sizeof counts);
  message.size = static_cast<uint16_t>(asked.question_end + size);

  uint32_t added = ready.sums[asked.edns][asked.question_end & 1] + kept_flags;
  if (asked.dnssec_ok) {
    out[ready.size + 7] = 0x80;  // DO (RFC 3225 section 3)
    added += 0x80u << (8 * ((asked.question_end + ready.size + 7) & 1));
  }
  message.sum_change = added + (~net::Fold(removed) & 0xffff);
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
