// The questions that the common way does not take: names that are no address, the apex, CH, broken ones.

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/answer_writer.h"
#include "dataplane/client.h"
#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/query.h"
#include "dataplane/heat_zone.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_access.h"
#include "dataplane/zone_matches.h"
#include "dataplane/zone_names.h"
#include "dataplane/zone_rep.h"
#include "tables/vectors.h"

namespace rblitz {

namespace {

// Index of the label at which the apex of the configured zone begins; `below` is that of the zone's.
size_t ConfiguredApex(const dns::Query& query, const Zone::Rep& zone, size_t below) noexcept {
  const size_t at = size_t{query.label_at[below]} + zone.part_size;
  while (query.label_at[below] < at) ++below;
  return below;
}

// SOA and NS of the apex are for all clients, whatever key they have: no name is long enough for one.
AskedKey FindKey(const dns::Query& query, const FoldedName& name, const Zone::Rep& zone, size_t apex) noexcept {
  if (zone.access == nullptr || !zone.access->has_keys()) return std::nullopt;
  if (apex > 0) {
    const uint8_t* const label = &name[query.label_at[apex - 1]];
    return std::string_view(reinterpret_cast<const char*>(label + 1), *label);
  }
  if (query.qtype == dns::kSoa || query.qtype == dns::kNs) return std::nullopt;
  return std::string_view();
}

void FindAsker(const io::Burst& burst, const io::Message& message, const ZoneAccess* access, AskedKey key,
               Asker& asker) noexcept {
  asker = {};
  if (access == nullptr) return;
  if (burst.clients == nullptr) {
    asker.gets.action = AclAction::kRefuse;
    return;
  }
  asker.address = AddressOf(burst.clients->ClientOf(message));
  asker.gets = access->Decide(asker.address, key);
}

// An IPv4 client as it is usually written.
std::string_view ClientText(const Ip6Address& address, SubjectText& text) noexcept {
  if (!IsV4Mapped(address)) return AddressText(address, text);
  return {text.data(), AddressToText(static_cast<uint32_t>(address.low), text.data())};
}

// Whole vectors: there is room behind both (io::kSlack). Lengths of labels are no letters.
void Fold(const io::Message& message, const dns::Query& query, FoldedName& name) noexcept {
  constexpr size_t kStep = kVectorSize;
  static_assert(sizeof(FoldedName) >= dns::kMaxName + kStep && io::kSlack >= kStep);
  const uint8_t* const from = message.payload + dns::kHeaderSize;
  for (size_t at = 0; at < query.name_size; at += kStep) {
    const auto bytes = LoadVector<U8x16>(from + at);
    const auto from_a = reinterpret_cast<I8x16>(bytes - ('A' + 128));  // A is the least
    const auto is_upper = reinterpret_cast<U8x16>(from_a < -128 + 26);
    StoreVector(name.data() + at, bytes + (is_upper & 0x20));
  }
}

// Whether the verdict has a record of this type.
bool AddVerdict(AnswerWriter& writer, uint16_t qtype, const ZoneVerdict& at, uint32_t ttl_seconds,
                const Subject& subject) noexcept {
  if (qtype == dns::kA && at.verdict.a_be != 0) {
    writer.AddA(ttl_seconds, at.verdict.a_be);
    return true;
  }
  if (qtype != dns::kTxt) return false;
  char text[kMaxTextBytes];
  const size_t size = RenderText(at, subject, text);
  if (size != 0) writer.AddText(dns::kIn, ttl_seconds, {text, size});
  return size != 0;
}

// Calls visit(ZoneVerdict, TTL, subject) for what the client gets instead of the zone's data.
template <class Visit>
void ForEachOwnVerdict(const Asker& asker, Visit&& visit) noexcept {
  SubjectText text;
  const Subject subject{.text = ClientText(asker.address, text)};
  const ZoneFeed& feed = *asker.gets.feed;
  for (const Verdict& verdict : feed.data->verdicts.at(asker.gets.value)) {
    visit(ZoneVerdict{&feed, verdict}, feed.ttl_seconds, subject);
  }
}

// Whether the record is of this type.
bool AddGeneric(AnswerWriter& writer, uint16_t qtype, const GenericRecord& record, uint32_t ttl_seconds) noexcept {
  if (static_cast<uint16_t>(record.type) != qtype) return false;
  writer.AddRecord(qtype, dns::kIn, ttl_seconds,
                   {reinterpret_cast<const uint8_t*>(record.rdata.data()), record.rdata.size()});
  return true;
}

// Of the feeds' own records of this type for this name; UINT32_MAX: there is none.
uint32_t SmallestTtl(const Zone::Rep& zone, std::span<const uint8_t> labels, uint16_t qtype) noexcept {
  uint32_t smallest = UINT32_MAX;
  ForEachRecord(zone, labels, [&](const GenericRecord& record, uint32_t ttl_seconds) {
    if (static_cast<uint16_t>(record.type) == qtype) smallest = std::min(smallest, ttl_seconds);
  });
  return smallest;
}

}  // namespace

void Responder::Drop(io::Message& message, DropReason reason) noexcept {
  stats_->Drop(reason);
  message.size = 0;
}

void Responder::Finish(AnswerWriter& writer, dns::Rcode rcode, bool authoritative) noexcept {
  writer.Finish(rcode, authoritative);
  stats_->rcodes[rcode].Add(1);
}

void Responder::Count(const Zone::Rep& zone, Outcome outcome) noexcept {
  stats_->zones[zone.slot].outcomes[static_cast<size_t>(outcome)].Add(1);
}

void Responder::ParseAny(io::Burst& burst, size_t index, const Serving& serving) noexcept {
  io::Message& message = burst.messages[index];
  dns::Query& query = scratch_->next_name().query;
  dns::ParseQuery({message.payload, message.size}, &query);
  query.over_tcp = burst.over_tcp;
  if (query.status != dns::QueryStatus::kOk) return AnswerUnreadable(message, query);
  stats_->CountType(AskedTypeOf(query.qtype));
  if (message.capacity < query.question_end + dns::kOptSize) return Drop(message, DropReason::kNoAnswerRoom);
  if (query.qclass == dns::kCh) return AnswerChaos(message, query, serving.identity);
  if (query.qclass == dns::kIn) {
    // The most specific zone: the one with the most labels.
    FoldedName& name = scratch_->folded[scratch_->matches.size()];
    Fold(message, query, name);
    for (const size_t labels : serving.zones.index_->label_counts) {
      if (labels > query.labels) continue;
      const size_t below = query.labels - labels;
      const size_t at = query.label_at[below];
      const Zone::Rep* zone = serving.zones.index_->Find(&name[at], query.name_size - at);
      if (zone != nullptr) {
        return AnswerInZone(burst, index, query, serving, *zone, below);
      }
    }
  }
  AnswerWriter writer(message, query);
  Finish(writer, dns::kRefused, false);
}

void Responder::AnswerUnreadable(io::Message& message, const dns::Query& query) noexcept {
  using dns::QueryStatus;
  if (query.status == QueryStatus::kShort) return Drop(message, DropReason::kShortDns);
  if (query.status == QueryStatus::kResponse) return Drop(message, DropReason::kIsResponse);
  const dns::Rcode rcode = query.status == QueryStatus::kNotImp    ? dns::kNotImp
                           : query.status == QueryStatus::kBadVers ? dns::kBadVers
                                                                   : dns::kFormErr;
  if (message.capacity < query.question_end + dns::kOptSize) return Drop(message, DropReason::kNoAnswerRoom);
  AnswerWriter writer(message, query);
  Finish(writer, rcode, false);
}

// RFC 4892 and what BIND made customary. Anything else of class CH is refused.
void Responder::AnswerChaos(io::Message& message, const dns::Query& query, const Identity& identity) noexcept {
  struct Known {
    std::string_view name;
    const std::string& text;
  };
  const Known known[] = {{{"\7version\4bind\0", 14}, identity.version},
                         {{"\7version\6server\0", 16}, identity.version},
                         {{"\2id\6server\0", 11}, identity.id},
                         {{"\10hostname\4bind\0", 15}, identity.id}};
  FoldedName name;
  Fold(message, query, name);
  const std::string_view asked{reinterpret_cast<const char*>(name.data()), query.name_size};
  AnswerWriter writer(message, query);
  for (const auto& [known_name, text] : known) {
    if (asked != known_name || text.empty()) continue;
    if (query.qtype == dns::kTxt || query.qtype == dns::kAny) writer.AddText(dns::kCh, 0, text);
    return Finish(writer, dns::kNoError, true);
  }
  Finish(writer, dns::kRefused, false);
}

void Responder::AnswerInZone(io::Burst& burst, size_t index, const dns::Query& query, const Serving& serving,
                             const Zone::Rep& zone, size_t below) noexcept {
  Scratch& s = *scratch_;
  io::Message& message = burst.messages[index];
  const FoldedName& name = s.folded[s.matches.size()];
  const size_t configured = ConfiguredApex(query, zone, below);
  Asker& asker = s.next_name().asker;
  FindAsker(burst, message, zone.access.get(), FindKey(query, name, zone, configured), asker);
  if (asker.gets.action == AclAction::kIgnore) {
    Count(zone, Outcome::kIgnored);
    return Drop(message, DropReason::kAcl);
  }
  const size_t apex_at = dns::kHeaderSize + query.label_at[below];
  const bool has_more = zone.has_names || zone.has_records || zone.grey != nullptr || asker.gets.is_keyed;
  const bool is_refused = asker.gets.action == AclAction::kRefuse || IsTransfer(query.qtype);
  if (asker.gets.action == AclAction::kPass && !zone.out && !has_more && !is_refused && below == 4 &&
      s.label_sizes[index] != 0) {
    if (message.capacity < kReadyRoom) {
      return AnswerAddress(message, query, zone, apex_at, s.label_addresses[index]);
    }
    s.Add(static_cast<uint8_t>(index), Form::kOther, query.question_end, query.qtype, s.label_addresses[index], zone);
    s.all_plain = false;
    return;
  }
  if (is_refused || zone.out) {
    AnswerWriter writer(message, query);
    Count(zone, is_refused ? Outcome::kRefused : Outcome::kServfail);
    return Finish(writer, is_refused ? dns::kRefused : dns::kServFail, false);
  }
  if (asker.gets.is_keyed) return AnswerKeyed(message, index, query, serving.zones, configured - 1);
  if (below == 0) {
    AnswerWriter writer(message, query);
    writer.set_apex_at(apex_at);
    return AnswerApex(writer, query, zone);
  }
  if (zone.grey != nullptr) return AskGrey(message, index, query, zone, below, apex_at);
  if (zone.heat != nullptr) return AskHeat(message, index, query, zone, below, apex_at);
  AnswerBelow(index, zone, below, apex_at);
}

// The zone of what is left without the key: the configured one, or the part of it that has the most labels.
void Responder::AnswerKeyed(io::Message& message, size_t index, const dns::Query& query, const ZoneSet& zones,
                            size_t key) noexcept {
  const FoldedName& name = scratch_->folded[scratch_->matches.size()];
  const size_t key_at = query.label_at[key];
  const size_t apex_at = query.label_at[key + 1];
  const size_t apex_size = query.name_size - apex_at;
  FoldedName without;
  std::copy_n(name.begin(), key_at, without.begin());
  std::copy_n(&name[apex_at], apex_size, &without[key_at]);
  for (size_t below = 0; below <= key; ++below) {
    const size_t at = query.label_at[below];
    const Zone::Rep* const found = zones.index_->Find(&without[at], key_at - at + apex_size);
    if (found == nullptr || size_t{found->apex_size} - found->part_size != apex_size) continue;
    // Chunks point to the configured zone's apex alone.
    const size_t found_at = dns::kHeaderSize + apex_at - found->part_size;
    if (below > 0) return AnswerBelow(index, *found, below, found_at);
    // Nothing but the key, or the apex of a part, both of which are above names that may exist.
    AnswerWriter writer(message, query);
    writer.set_apex_at(found_at);
    return AnswerExisting(writer, query, *found);
  }
}

void Responder::AnswerBelow(size_t index, const Zone::Rep& zone, size_t below, size_t apex_at) noexcept {
  Scratch& s = *scratch_;
  // All of it stays where it was read and folded to.
  NameQuestion& question = s.next_name();
  question.message = static_cast<uint8_t>(index);
  question.apex_at = static_cast<uint16_t>(apex_at);
  AskedName& asked = s.matches.next();
  asked.Set({s.folded[s.matches.size()].data(), size_t{question.query.label_at[below]}}, below);
  if (!zone.has_lists) asked = Completed(zone, asked);
  s.matches.AddNext(zone);
}

// What lists them is looked up together; those for which there was no room, one after another.
void Responder::AnswerNames(io::Burst& burst) noexcept {
  Scratch& s = *scratch_;
  s.matches.LookUp();
  struct Cut {
    size_t question;
    const Zone::Rep* zone;
    AskedName asked;
  };
  Cut cut[io::kBurst];  // NOLINT(cppcoreguidelines-pro-type-member-init): as many as are counted
  size_t cut_count = 0;
  for (size_t i = 0; i < s.matches.size(); ++i) {
    if (s.matches.is_cut(i)) [[unlikely]] {
      cut[cut_count++] = {.question = i, .zone = &s.matches.zone(i), .asked = s.matches.asked(i)};
    } else {
      AnswerName(burst.messages[s.name_questions[i].message], s.name_questions[i], i);
    }
  }
  for (const auto& [question, zone, asked] : std::span(cut, cut_count)) {
    s.matches.Clear();
    const size_t alone = s.matches.Add(*zone, asked);
    s.matches.LookUp();
    AnswerName(burst.messages[s.name_questions[question].message], s.name_questions[question], alone);
  }
}

// Any name below the apex: an IPv6 address, a name, a digest, one with records of its own, or above one of those.
void Responder::AnswerName(io::Message& message, const NameQuestion& question, size_t match) noexcept {
  const ZoneMatches& matches = scratch_->matches;
  const Zone::Rep& zone = matches.zone(match);
  const AskedName& asked = matches.asked(match);
  const dns::Query& query = question.query;
  const Asker& asker = question.asker;
  AnswerWriter writer(message, query);
  writer.set_apex_at(question.apex_at);
  bool exists = false;
  bool answered = false;
  // All records of one name and type have one TTL (RFC 2181 section 5.2).
  uint32_t ttl = zone.has_records ? SmallestTtl(zone, asked.labels, query.qtype) : UINT32_MAX;
  const auto add = [&](const ZoneVerdict& at, uint32_t ttl_seconds, const Subject& subject) {
    exists = true;
    if (!AddVerdict(writer, query.qtype, at, std::min(ttl, ttl_seconds), subject)) return;
    answered = true;
    ttl = std::min(ttl, ttl_seconds);
  };
  if (matches.excepted_by(match) == nullptr) {
    if (asker.gets.action == AclAction::kPass) matches.ForEachVerdict(match, query.qtype == dns::kTxt, add);
    if (asker.gets.action == AclAction::kAnswer && CanBeListed(zone, asked)) ForEachOwnVerdict(asker, add);
    // Records are no listings: whoever may ask gets them.
    exists |= ForEachRecord(zone, asked.labels, [&](const GenericRecord& record, uint32_t) {
      answered |= AddGeneric(writer, query.qtype, record, ttl);
    });
  }
  if (answered) {
    Count(zone, Outcome::kListed);
    return Finish(writer, dns::kNoError, true);
  }
  const bool is_empty = asker.gets.action == AclAction::kEmpty;
  exists |=
      is_empty ? HasRecordsBelow(zone, asked.labels) : matches.has_names_below(match) || HasOtherBelow(zone, asked);
  if (exists) return AnswerExisting(writer, query, zone);
  writer.AddChunk(zone.soa_negative, Section::kAuthority);
  Count(zone, Outcome::kNxdomain);
  Finish(writer, dns::kNxDomain, true);
}

void Responder::AnswerApex(AnswerWriter& writer, const dns::Query& query, const Zone::Rep& zone) noexcept {
  const RecordChunk* const records = query.qtype == dns::kSoa  ? &zone.soa
                                     : query.qtype == dns::kNs ? &zone.ns
                                                               : nullptr;
  bool answered = records != nullptr && records->records != 0;
  if (answered) writer.AddChunk(*records, Section::kAnswer);
  const uint32_t ttl = SmallestTtl(zone, {}, query.qtype);
  ForEachRecord(zone, {}, [&](const GenericRecord& record, uint32_t) {
    answered |= AddGeneric(writer, query.qtype, record, ttl);
  });
  if (!answered) return AnswerExisting(writer, query, zone);
  Count(zone, Outcome::kOther);
  Finish(writer, dns::kNoError, true);
}

// A name that exists, without records of the type that was asked for.
void Responder::AnswerExisting(AnswerWriter& writer, const dns::Query& query, const Zone::Rep& zone) noexcept {
  if (query.qtype == dns::kAny && zone.grey == nullptr) {
    writer.AddChunk(zone.hinfo, Section::kAnswer);  // RFC 8482 section 4.2
    Count(zone, Outcome::kOther);
  } else {
    writer.AddChunk(zone.soa_negative, Section::kAuthority);  // RFC 2308 section 2.2
    Count(zone, Outcome::kNoData);
  }
  Finish(writer, dns::kNoError, true);
}

void Responder::AnswerAddress(io::Message& message, const dns::Query& query, const Zone::Rep& zone, size_t apex_at,
                              uint32_t address) noexcept {
  if (zone.heat != nullptr) {
    return AnswerHeatQuery(message, query, zone, apex_at, address, zone.heat->LookUpOne(address));
  }
  AnswerWriter writer(message, query);
  writer.set_apex_at(apex_at);
  char text[16];
  const Subject subject{.text = {text, AddressToText(address, text)}, .ip4 = &address};
  bool listed = false;
  bool answered = false;
  ForEachVerdict(zone, address, [&](const ZoneVerdict& at, uint32_t ttl_seconds) {
    listed = true;
    answered |= AddVerdict(writer, query.qtype, at, ttl_seconds, subject);
  });
  const bool is_above_ip6 = zone.has_ip6 && apex_at == kNibblesEnd;
  if (listed ? !answered : is_above_ip6) return AnswerExisting(writer, query, zone);
  if (!listed) writer.AddChunk(zone.soa_negative, Section::kAuthority);
  Count(zone, listed ? Outcome::kListed : Outcome::kNxdomain);
  Finish(writer, listed ? dns::kNoError : dns::kNxDomain, true);
}

}  // namespace rblitz
