#include "dataplane/responder.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <type_traits>

#include "dataplane/answer_writer.h"
#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/query.h"
#include "dataplane/net/checksum.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

static_assert(io::kBurst <= kMaxBatch);

// The header's second word up to ARCOUNT as a plain question has it: opcode QUERY and QR clear, one question, nothing
// more. Flags may be as they like.
constexpr uint64_t kHeadCompared = 0xffff'ffff'ffff'00f8;
constexpr uint64_t kHeadWanted = 0x0000'0000'0100'0000;
constexpr uint16_t kOneAdditional = 0x0100;  // memory order

// OPT: root, type OPT, any size, extended RCODE and version 0, any flags. Its options are nobody's business here.
constexpr uint64_t kOptCompared = 0x00ff'ff00'00ff'ffff;
constexpr uint64_t kOptWanted = uint64_t{dns::kOpt} << 16;
constexpr size_t kOptSizeAt = 3;
constexpr size_t kOptFlagsAt = 7;
constexpr size_t kOptLengthAt = 9;

template <class T>
T Load(const uint8_t* p) noexcept {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

template <class T>
void Store(uint8_t* p, T value) noexcept {
  std::memcpy(p, &value, sizeof value);
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
  s.Begin();
  for (size_t i = 0; i < burst.count; ++i) {
    if (!ParseCommon(burst.messages[i], i, serving)) [[unlikely]]
      ParseAny(burst.messages[i], i, serving);
  }
  SortByZone();
  LookUp();
  for (size_t g = 0; g < s.group_count; ++g) WriteGroup(burst, g);
}

// What mail servers ask all day: one question for an address in a zone, with or without OPT. All is compared first and
// the results are joined, so that there is one branch to predict. False: it is something else.
inline bool Responder::ParseCommon(const io::Message& message, size_t index, const Serving& serving) noexcept {
  if (message.capacity < kReadyRoom) [[unlikely]]
    return false;
  Scratch& s = *scratch_;
  const uint8_t* const p = message.payload;
  const size_t labels = s.label_sizes[index];
  const size_t apex_at = dns::kHeaderSize + labels;
  const Zone::Rep* const zone = serving.zones.index_->FindCommon(p + apex_at);
  if (zone == nullptr || labels == 0) [[unlikely]]
    return false;
  const size_t question_end = apex_at + zone->question_end.size();
  const uint8_t* const opt = p + question_end;
  const uint64_t head = (Load<uint64_t>(p + 2) & kHeadCompared) ^ kHeadWanted;
  const auto additional = Load<uint16_t>(p + 10);
  const uint64_t edns = additional >> 8;
  const uint64_t opt_differs = (Load<uint64_t>(opt) & kOptCompared) ^ kOptWanted;
  const size_t opt_size = dns::kOptSize + size_t{dns::Load16(opt + kOptLengthAt)};
  const size_t size = question_end + (opt_size & (0 - edns));
  const uint64_t differs = head | (additional & ~kOneAdditional) | (opt_differs & (0 - edns)) | (size ^ message.size);
  const uint16_t qtype = dns::Load16(opt - 4);
  if ((differs != 0) | IsTransfer(qtype)) [[unlikely]]
    return false;
  if (size > question_end + dns::kOptSize &&
      !dns::OptionsAreWellFormed({opt + dns::kOptSize, opt_size - dns::kOptSize}))
    return false;
  s.Add({.message = static_cast<uint8_t>(index),
         .form = static_cast<Form>(edns),
         .question_end = static_cast<uint16_t>(question_end),
         .apex_at = static_cast<uint16_t>(apex_at),
         .qtype = qtype},
        s.label_addresses[index], zone);
  return true;
}

// Orders the questions by zone, each zone's in their own order.
void Responder::SortByZone() noexcept {
  Scratch& s = *scratch_;
  if (s.group_count == 1) {
    s.groups[0].begin = 0;
    s.groups[0].end = s.asked_count;
    return;
  }
  size_t sizes[io::kBurst] = {};
  for (size_t i = 0; i < s.asked_count; ++i) ++sizes[s.group_of[i]];
  size_t end = 0;
  for (size_t g = 0; g < s.group_count; ++g) {
    s.groups[g].begin = s.groups[g].end = end;
    end += sizes[g];
  }
  Asked asked[io::kBurst];
  uint32_t addresses[io::kBurst];
  for (size_t i = 0; i < s.asked_count; ++i) {
    const size_t to = s.groups[s.group_of[i]].end++;
    asked[to] = s.asked[i];
    addresses[to] = s.addresses[i];
  }
  std::copy_n(asked, s.asked_count, s.asked);
  std::copy_n(addresses, s.asked_count, s.addresses);
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
        s.hits[begin + i] = static_cast<uint16_t>(s.hits[begin + i] + hit);
      }
    });
  }
}

// The questions of one zone, those with the same kind of answer one after another: within a kind nothing is left to
// predict.
void Responder::WriteGroup(io::Burst& burst, size_t group) noexcept {
  Scratch& s = *scratch_;
  const auto& [zone, begin, end] = s.groups[group];
  enum Kind : size_t { kUnlisted, kUnlistedEdns, kListed, kListedEdns, kComposed, kKinds };
  uint8_t of_kind[kKinds][io::kBurst];
  size_t counts[kKinds] = {};
  for (size_t i = begin; i < end; ++i) {
    const Asked& asked = s.asked[i];
    const size_t hits = s.hits[i];
    // Half of all questions miss: no branch asks.
    const bool is_ready =
        ((hits == 0) & zone->negatives_are_ready) | ((hits == 1) & (asked.qtype == dns::kA) & (s.ready[i] != kCompose));
    const bool is_copied = is_ready & (asked.form != Form::kOther) & !IsTestPoint(s.addresses[i]);
    const size_t mask = size_t{0} - is_copied;
    const size_t kind = ((2 * hits + static_cast<size_t>(asked.form)) & mask) | (kComposed & ~mask);
    of_kind[kind][counts[kind]++] = static_cast<uint8_t>(i);
  }
  const auto write = [&, ready = zone->ready.data()]<bool kEdns>(size_t kind, std::bool_constant<kEdns>) {
    for (const uint8_t i : std::span(of_kind[kind], counts[kind])) {
      const Asked& asked = s.asked[i];
      WriteReady<kEdns>(burst.messages[asked.message], asked.question_end, ready[s.ready[i]]);
    }
  };
  write(kUnlisted, std::false_type());
  write(kUnlistedEdns, std::true_type());
  write(kListed, std::false_type());
  write(kListedEdns, std::true_type());
  for (const uint8_t i : std::span(of_kind[kComposed], counts[kComposed])) {
    Compose(burst.messages[s.asked[i].message], s.asked[i], s.addresses[i], *zone);
  }

  const uint64_t listed = counts[kListed] + counts[kListedEdns];
  const uint64_t unlisted = counts[kUnlisted] + counts[kUnlistedEdns];
  ZoneCounters& counters = stats_->zones[zone->slot];
  counters.outcomes[static_cast<size_t>(Outcome::kListed)].Add(listed);
  counters.outcomes[static_cast<size_t>(Outcome::kNxdomain)].Add(unlisted);
  stats_->rcodes[dns::kNoError].Add(listed);
  stats_->rcodes[dns::kNxDomain].Add(unlisted);
}

// REQUIRES: the question's form is kOpt when kEdns, else kBare.
template <bool kEdns>
inline void Responder::WriteReady(io::Message& message, size_t question_end, const ReadyAnswer& ready) noexcept {
  uint8_t* const p = message.payload;
  uint8_t* const out = p + question_end;
  const unsigned odd = question_end & 1;

  // What goes, all that is not known beforehand: flags, and of OPT its size, flags and options.
  const auto old_flags = Load<uint16_t>(p + 2);
  const auto kept_flags = static_cast<uint16_t>(old_flags & __builtin_bswap16(dns::kRd));
  uint32_t removed = old_flags;
  uint32_t added = uint32_t{ready.changes[kEdns][odd]} + kept_flags;
  uint8_t dnssec_ok = 0;
  if constexpr (kEdns) {
    const size_t options = message.size - question_end - dns::kOptSize;
    uint32_t opt = uint32_t{dns::Load16(out + kOptSizeAt)} + dns::Load16(out + kOptFlagsAt);
    if (options != 0) opt += dns::Load16(out + kOptLengthAt) + net::AtOffset(net::Sum(out + dns::kOptSize, options), 1);
    removed += opt << (8 * odd);
    dnssec_ok = out[kOptFlagsAt] & 0x80;  // DO (RFC 3225 section 3)
  }

  const size_t size = ready.size + (kEdns ? dns::kOptSize : 0);
  CopyAnswer(out, ready.bytes, size);
  Store(p + 2, static_cast<uint16_t>(ready.flags | kept_flags));
  Store(p + 4, ready.counts | uint64_t{kEdns} << 56);
  if constexpr (kEdns) {
    const size_t flags_at = ready.size + kOptFlagsAt;
    out[flags_at] = dnssec_ok;
    added += uint32_t{dnssec_ok} << (8 * ((question_end + flags_at) & 1));
  }
  message.size = static_cast<uint16_t>(question_end + size);
  // `removed` is below 2^27: this multiple of 0xffff keeps the difference positive, and far from 2^32.
  message.sum_change = added + (0xffffu << 12) - removed;
}

// An address question without a ready answer: another type than A, several feeds, a test address.
void Responder::Compose(io::Message& message, const Asked& asked, uint32_t address, const Zone::Rep& zone) noexcept {
  dns::Query query;
  if (asked.form == Form::kOther) {
    query = dns::ParseQuery({message.payload, message.size});
  } else {
    query.question_end = asked.question_end;
    query.qtype = asked.qtype;
    query.edns = asked.form == Form::kOpt;
    if (query.edns) {
      const uint8_t* const opt = message.payload + asked.question_end;
      query.dnssec_ok = (opt[kOptFlagsAt] & 0x80) != 0;
      query.udp_size = std::max(dns::Load16(opt + kOptSizeAt), dns::kMinUdpSize);
    }
  }
  AnswerAddress(message, query, zone, asked.apex_at, address);
}

}  // namespace rblitz
