#include "dataplane/responder.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
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

// The header's counts of a plain question, ARCOUNT 0: in memory order, turned so that ARCOUNT's last byte is the
// lowest.
constexpr uint64_t kPlainCounts = 0x01'0000;
constexpr uint16_t kQrAndOpcode = 0x00f8;  // memory order

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

// At least `size` bytes, in steps: short answers in steps of 16, so that they don't reach into another cache line.
template <size_t kStep>
inline void CopyAnswer(uint8_t* to, const uint8_t* from, size_t size) noexcept {
  static_assert(ReadyAnswer::kCapacity % kStep == 0 && kStep <= io::kSlack);
  size_t at = 0;
  do {
    for (size_t part = 0; part < kStep; part += 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + at + part),
                       _mm_load_si128(reinterpret_cast<const __m128i*>(from + at + part)));
    }
    at += kStep;
  } while (at < size);
}

// Whether one of them is a test point.
inline bool HasTestPoint(std::span<const uint32_t> addresses) noexcept {
  const __m128i first = _mm_set1_epi32(static_cast<int>(kTestUnlisted));
  const __m128i second = _mm_set1_epi32(static_cast<int>(kTestListed));
  __m128i found = _mm_setzero_si128();
  size_t i = 0;
  for (; i + 4 <= addresses.size(); i += 4) {
    const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&addresses[i]));
    found = _mm_or_si128(found, _mm_or_si128(_mm_cmpeq_epi32(four, first), _mm_cmpeq_epi32(four, second)));
  }
  return _mm_movemask_epi8(found) != 0 ||
         std::any_of(addresses.begin() + static_cast<ptrdiff_t>(i), addresses.end(), IsTestPoint);
}

}  // namespace

Responder::Responder(WorkerStats* stats) : stats_(stats), scratch_(std::make_unique<Scratch>()) {}
Responder::~Responder() = default;

void Responder::Answer(io::Burst& burst, const Serving& serving) noexcept {
  Scratch& s = *scratch_;
  for (size_t i = 0; i < burst.count; ++i) s.names[i] = burst.messages[i].payload + dns::kHeaderSize;
  s.parse_addresses(s.names, burst.count, s.label_addresses, s.label_sizes);
  Parse(burst, serving);
  SortByZone();
  LookUp();
  for (size_t g = 0; g < s.group_count; ++g) WriteGroup(burst, g);
}

namespace {

// What follows OPT's fixed part, or stands where nothing may follow.
[[gnu::noinline]] bool AreGoodOptions(const uint8_t* options, size_t size) noexcept {
  return dns::Load16(options - dns::kOptSize + kOptLengthAt) == size && dns::OptionsAreWellFormed({options, size});
}

}  // namespace

// What mail servers ask all day: one question for an address in a zone, with or without OPT.
struct Responder::CommonQuestion {
  const Zone::Rep* zone = nullptr;  // null: it is something else
  size_t has_opt = 0;
  size_t end = 0;
};

inline Responder::CommonQuestion Responder::ReadCommon(const io::Message& message, size_t labels,
                                                       const ZoneSet& zones) noexcept {
  if (message.capacity < kReadyRoom) [[unlikely]]
    return {};
  const uint8_t* const p = message.payload;
  const uint64_t edns = std::rotl(Load<uint64_t>(p + 4), 8) - kPlainCounts;
  const size_t has_opt = edns & 1;
  const size_t apex_at = dns::kHeaderSize + labels;
  const Zone::Rep* const zone = zones.index_->FindCommon(p + apex_at, has_opt);
  const uint64_t is_no_address = (uint64_t{labels} - 1) >> 63;
  if ((zone == nullptr) | (((edns >> 1) | (Load<uint16_t>(p + 2) & kQrAndOpcode) | is_no_address) != 0)) [[unlikely]]
    return {};
  const size_t end = apex_at + zone->ends[0].size();
  const size_t rest = message.size - end;  // wraps where the question is cut off: never a good size
  if (rest == 0 && has_opt == 0) return {zone, 0, end};
  if (rest < dns::kOptSize || rest > message.size || has_opt == 0) [[unlikely]]
    return {};
  const bool is_bare_opt = (rest == dns::kOptSize) & (Load<uint16_t>(p + end + kOptLengthAt) == 0);
  if (!is_bare_opt && !AreGoodOptions(p + end + dns::kOptSize, rest - dns::kOptSize)) return {};
  return {zone, 1, end};
}

void Responder::Parse(io::Burst& burst, const Serving& serving) noexcept {
  Scratch& s = *scratch_;
  s.Begin();
  const Zone::Rep* zone_before = nullptr;
  size_t group = 0;
  uint32_t other_types = 0;
  for (size_t i = 0; i < burst.count; ++i) {
    const io::Message& message = burst.messages[i];
    const auto [zone, has_opt, end] = ReadCommon(message, s.label_sizes[i], serving.zones);
    if (zone == nullptr) [[unlikely]] {
      ParseAny(burst, i, serving);
      continue;
    }
    if (zone != zone_before) [[unlikely]] {
      zone_before = zone;
      group = s.GroupOf(zone);
    }
    const uint16_t qtype = dns::Load16(message.payload + end - 4);
    other_types |= uint32_t{qtype} ^ dns::kA;
    s.Add(static_cast<uint8_t>(i), static_cast<Form>(has_opt), static_cast<uint16_t>(end), qtype, s.label_addresses[i],
          group);
  }
  s.all_plain &= other_types == 0;
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
  for (size_t i = 0; i < s.asked_count; ++i) ++sizes[s.asked[i].group];
  size_t end = 0;
  for (size_t g = 0; g < s.group_count; ++g) {
    s.groups[g].begin = s.groups[g].end = end;
    end += sizes[g];
  }
  Asked asked[io::kBurst];
  uint32_t addresses[io::kBurst];
  for (size_t i = 0; i < s.asked_count; ++i) {
    const size_t to = s.groups[s.asked[i].group].end++;
    asked[to] = s.asked[i];
    addresses[to] = s.addresses[i];
  }
  std::copy_n(asked, s.asked_count, s.asked);
  std::copy_n(addresses, s.asked_count, s.addresses);
}

// Asks all tables, kRounds of each zone at a time, every stage over all of them before the next.
void Responder::LookUp() noexcept {
  Scratch& s = *scratch_;
  size_t most_feeds = 0;
  for (size_t g = 0; g < s.group_count; ++g) most_feeds = std::max(most_feeds, s.groups[g].zone->feeds.size());
  s.most_feeds = most_feeds;
  std::fill_n(s.hits, s.asked_count, uint16_t{0});

  for (Scratch::Round& round : std::span(s.rounds).first(std::min(kRounds, most_feeds))) {
    for (size_t g = 0; g < s.group_count; ++g) {
      const size_t begin = s.groups[g].begin;
      round.cursors[g] = {.permuted = round.permuted + begin,
                          .buckets = round.buckets + begin,
                          .single = round.single + begin,
                          .further = round.further + begin};
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
    if (most_feeds == 1) return;  // WriteGroup reads the values themselves
    if (most_feeds == 1) return;  // WriteGroup reads the values where they are
    each([&](const ZoneFeed& feed, Addresses addresses, Ip4Cursor&, const ValueId* values, size_t begin) {
      if (feed.excepts) [[unlikely]]
        return Except(values, begin, addresses.size());
      Join(feed, values, begin, addresses.size());
    });
  }
}

// Adds what a feed says of the questions from `begin` on.
inline void Responder::Join(const ZoneFeed& feed, const ValueId* values, size_t begin, size_t count) noexcept {
  Scratch& s = *scratch_;
  for (size_t i = 0; i < count; ++i) {
    // Half of all questions miss: a mask, not a branch.
    const auto hit = static_cast<uint16_t>(values[i] != kNotListed);
    const auto mask = static_cast<uint16_t>(0 - hit);
    const uint16_t answer = feed.ready_of[values[i]];
    s.ready[begin + i] = static_cast<uint16_t>((answer & mask) | (s.ready[begin + i] & ~mask));
    s.hits[begin + i] = static_cast<uint16_t>(s.hits[begin + i] + hit);
  }
}

// Takes away all that feeds before said of the questions from `begin` on that this one lists.
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
  const bool has_one_feed = s.most_feeds == 1 && zone->feeds.size() == 1;
  if (has_one_feed && s.all_plain && zone->negatives_are_ready && zone->feeds[0].is_ready &&
      !HasTestPoint({s.addresses + begin, end - begin})) [[likely]] {
    const ValueId* const values = s.rounds[0].values;
    SortByKind(group, [&](const Asked& asked, size_t i) {
      return 2 * static_cast<size_t>(values[i] != kNotListed) + static_cast<size_t>(asked.form);
    });
    const uint16_t* const ready_of = zone->feeds[0].ready_of.data();
    WriteKinds(burst, *zone, [&](size_t i) { return ready_of[values[i]]; });
  } else {
    if (has_one_feed) Join(zone->feeds[0], s.rounds[0].values + begin, begin, end - begin);
    SortByKind(group, [&, zone = zone](const Asked& asked, size_t i) {
      const size_t hits = s.hits[i];
      const bool is_ready = ((hits == 0) & zone->negatives_are_ready) |
                            ((hits == 1) & (asked.qtype == dns::kA) & (s.ready[i] != kCompose));
      const bool is_copied = is_ready & (asked.form != Form::kOther) & !IsTestPoint(s.addresses[i]);
      const size_t mask = size_t{0} - is_copied;
      return ((2 * hits + static_cast<size_t>(asked.form)) & mask) | (Scratch::kComposed & ~mask);
    });
    WriteKinds(burst, *zone, [&](size_t i) { return s.ready[i]; });
  }

  const uint64_t listed = s.of_kind[Scratch::kListed].count + s.of_kind[Scratch::kListedEdns].count;
  const uint64_t unlisted = s.of_kind[Scratch::kUnlisted].count + s.of_kind[Scratch::kUnlistedEdns].count;
  ZoneCounters& counters = stats_->zones[zone->slot];
  counters.outcomes[static_cast<size_t>(Outcome::kListed)].Add(listed);
  counters.outcomes[static_cast<size_t>(Outcome::kNxdomain)].Add(unlisted);
  stats_->rcodes[dns::kNoError].Add(listed);
  stats_->rcodes[dns::kNxDomain].Add(unlisted);
}

template <class KindOf>
inline void Responder::SortByKind(size_t group, KindOf&& kind_of) noexcept {
  Scratch& s = *scratch_;
  for (Scratch::OfKind& kind : s.of_kind) kind.count = 0;
  for (size_t i = s.groups[group].begin; i < s.groups[group].end; ++i) {
    Scratch::OfKind& kind = s.of_kind[kind_of(s.asked[i], i)];
    kind.at[kind.count++] = static_cast<uint8_t>(i);
  }
}

// `ready_of` gives the ready answer of a listed one.
template <class ReadyOf>
inline void Responder::WriteKinds(io::Burst& burst, const Zone::Rep& zone, ReadyOf&& ready_of) noexcept {
  Scratch& s = *scratch_;
  const auto write = [&]<bool kEdns, size_t kStep>(Scratch::Kind kind, auto&& ready) {
    for (const uint8_t i : std::span(s.of_kind[kind].at, s.of_kind[kind].count)) {
      const Asked& asked = s.asked[i];
      WriteReady<kEdns, kStep>(burst.messages[asked.message], asked.question_end, ready(asked, i));
    }
  };
  // Negative answers depend on where the apex stands, and so on where the question ends.
  const ReadyAnswer* const negatives = zone.ready.data() - (dns::kHeaderSize + kMinLabelBytes + zone.ends[0].size());
  const auto negative = [&](const Asked& asked, size_t) -> const ReadyAnswer& { return negatives[asked.question_end]; };
  const auto listed = [&](const Asked&, size_t i) -> const ReadyAnswer& { return zone.ready[ready_of(i)]; };
  write.template operator()<false, 32>(Scratch::kUnlisted, negative);
  write.template operator()<true, 32>(Scratch::kUnlistedEdns, negative);
  write.template operator()<false, 16>(Scratch::kListed, listed);
  write.template operator()<true, 16>(Scratch::kListedEdns, listed);
  const Scratch::OfKind& composed = s.of_kind[Scratch::kComposed];
  for (const uint8_t i : std::span(composed.at, composed.count)) {
    Compose(burst.messages[s.asked[i].message], s.asked[i], s.addresses[i], zone);
  }
}

// REQUIRES: the question's form is kOpt when kEdns, else kBare.
template <bool kEdns, size_t kStep>
inline void Responder::WriteReady(io::Message& message, size_t question_end, const ReadyAnswer& ready) noexcept {
  uint8_t* const p = message.payload;
  uint8_t* const out = p + question_end;
  const unsigned odd = question_end & 1;

  // What goes, all that is not known beforehand: flags, and of OPT its size, flags and options.
  const uint32_t old_flags = Load<uint16_t>(p + 2);
  const uint32_t kept_flags = old_flags & __builtin_bswap16(dns::kRd);
  uint32_t change = ready.changes[kEdns][odd] + kept_flags - old_flags;
  uint8_t dnssec_ok = 0;
  if constexpr (kEdns) {
    const size_t options = message.size - question_end - dns::kOptSize;
    uint32_t opt = uint32_t{dns::Load16(out + kOptSizeAt)} + dns::Load16(out + kOptFlagsAt);
    if (options != 0) opt += dns::Load16(out + kOptLengthAt) + net::AtOffset(net::Sum(out + dns::kOptSize, options), 1);
    change -= opt << (8 * odd);
    dnssec_ok = out[kOptFlagsAt] & 0x80;  // DO (RFC 3225 section 3)
  }

  const size_t size = ready.size + (kEdns ? dns::kOptSize : 0);
  CopyAnswer<kStep>(out, ready.bytes, size);
  Store(p + 2, ready.head | kept_flags);  // ARCOUNT stays: as many OPTs go as came
  if constexpr (kEdns) {
    const size_t flags_at = ready.size + kOptFlagsAt;
    out[flags_at] = dnssec_ok;
    change += uint32_t{dnssec_ok} << (8 * ((question_end + flags_at) & 1));
  }
  message.size = static_cast<uint16_t>(question_end + size);
  message.sum_change = change;
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
  if (IsTransfer(query.qtype)) {
    AnswerWriter writer(message, query);
    return Finish(writer, dns::kRefused, false);
  }
  AnswerAddress(message, query, zone, query.question_end - zone.ends[0].size(), address);
}

}  // namespace rblitz
