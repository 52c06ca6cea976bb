// What zones list of the names of a burst that are no plain IPv4 questions: IPv6 addresses, names, digests, and IPv4
// addresses in zones that have those as well. All names of a zone are put to each of its feeds together, in stages, and
// several feeds at a time, so that the memory of all is fetched at once. For zone*.cc and responder*.cc only.
//
// Thread-safety: one object a worker. Lifetime: zones and the bytes of names must stay until the next Clear.
// Cost: no allocation, no lock. A name is hashed once for all feeds of its zone.
// Source: RFC 5782 sections 2.1, 2.4 and 5.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/asked_name.h"
#include "dataplane/zone_names.h"
#include "dataplane/zone_rep.h"
#include "tables/digest.h"
#include "tables/hash_table.h"
#include "tables/hashed_name.h"
#include "tables/ip4_table.h"
#include "tables/ip6_table.h"
#include "tables/name_table.h"

namespace rblitz {

class ZoneMatches {
 public:
  static constexpr size_t kCapacity = 64;  // questions
  // Feeds that list one of the questions, all questions together. A question that has no room is asked again alone
  // (Responder::AnswerNames); what more feeds than these list of one name is left out.
  static constexpr size_t kMaxFound = 1024;

  void Clear() noexcept {
    count_ = 0;
    found_count_ = 0;
  }
  // What is asked next, to be written where it stays.
  [[nodiscard]] AskedName& next() noexcept { return questions_[count_].asked; }
  // Asks the zone for next(). REQUIRES: fewer than kCapacity so far; 16 bytes behind the labels can be read. The index
  // is what the others take.
  size_t AddNext(const Zone::Rep& zone) noexcept;
  size_t Add(const Zone::Rep& zone, const AskedName& asked) noexcept {
    next() = asked;
    return AddNext(zone);
  }
  void LookUp() noexcept;

  [[nodiscard]] size_t size() const noexcept { return count_; }
  [[nodiscard]] const Zone::Rep& zone(size_t i) const noexcept { return *questions_[i].zone; }
  [[nodiscard]] const AskedName& asked(size_t i) const noexcept { return questions_[i].asked; }
  // The feed for which the name is not listed, whatever others say; null: none. Test points are nobody's exceptions.
  [[nodiscard]] const ZoneFeed* excepted_by(size_t i) const noexcept { return questions_[i].excepted_by; }
  // Whether names are listed below it. Of a name that is listed itself it means nothing.
  [[nodiscard]] bool has_names_below(size_t i) const noexcept { return questions_[i].has_names_below; }
  // There was no room for all that lists it.
  [[nodiscard]] bool is_cut(size_t i) const noexcept { return questions_[i].is_cut; }

  // Calls visit(ZoneVerdict, TTL, Subject) for each verdict that the zone has for the name; subjects are written out
  // only for those who want texts. All records of one name and type have one TTL, the smallest of what contributes (RFC
  // 2181 section 5.2). REQUIRES: it is not excepted.
  template <class Visit>
  void ForEachVerdict(size_t i, bool wants_text, Visit&& visit) const;

 private:
  static constexpr size_t kRounds = 8;  // feeds that are asked together
  static constexpr uint16_t kNone = 0xffff;

  enum class Kind : uint8_t { kIp4, kIp6, kName, kDigest };
  struct Found {
    const ZoneFeed* feed;
    ValueId value;
    uint16_t next;  // of the same question
    Kind kind;
    uint8_t offset;  // where the name that decides begins
  };
  struct Question {
    const Zone::Rep* zone;
    AskedName asked;
    const ZoneFeed* excepted_by;
    uint16_t first;  // of what was found
    uint16_t last;
    bool is_test;  // one of the zone's test points
    bool has_names_below;
    bool is_cut;
  };
  // What a feed says, by place in `owners_`.
  struct Round {
    const ZoneFeed* feed;
    Ip6Cursor ip6;
    DigestCursor digests;
    uint64_t permuted[kCapacity];
    alignas(16) ValueId values[kCapacity];
    NameMatch matches[kCapacity];
  };
  using Indices = std::span<const uint8_t>;  // of questions

  void Fetch(const Zone::Rep& zone, const AskedName& asked) noexcept;
  void LookUpZone(const Zone::Rep& zone, Indices questions) noexcept;
  void LookUpIp4(const Zone::Rep& zone, Indices questions) noexcept;
  void LookUpIp6(const Zone::Rep& zone, Indices questions) noexcept;
  void LookUpNames(const Zone::Rep& zone, Indices questions) noexcept;
  void LookUpDigests(const Zone::Rep& zone, Indices questions) noexcept;
  void FindDigests(const Zone::Rep& zone, size_t count) noexcept;
  // Every stage over kRounds of the feeds that have such data before the next, then over the next ones.
  template <class Has, class... Stages>
  void Ask(const Zone::Rep& zone, Has&& has, Stages&&... stages) noexcept;
  void Collect(const Round& round, size_t count, Kind kind) noexcept;
  void Add(size_t question, const ZoneFeed& feed, Kind kind, ValueId value, size_t offset) noexcept;

  [[nodiscard]] static Kind TestKind(const AskedName& asked) noexcept;
  // What a test point answers; null: what was found counts.
  [[nodiscard]] static const std::vector<ZoneVerdict>* TestOf(const Question& question) noexcept;
  [[nodiscard]] static Subject SubjectOf(const AskedName& asked, Kind kind, size_t offset, SubjectText& text) noexcept;
  template <class Visit>
  void ForEachMatch(const Question& question, bool wants_text, Visit&& visit) const;

  size_t count_ = 0;
  size_t found_count_ = 0;
  Question questions_[kCapacity];
  HashedName names_[kCapacity];  // of questions whose zone has tables of names
  Found found_[kMaxFound];

  // Of the zone that is looked up: what its feeds are asked, and whose question each is.
  uint8_t owners_[kCapacity];
  uint32_t ip4_[kCapacity];
  Ip6Address ip6_[kCapacity];
  HashedName some_names_[kCapacity];
  Digest digests_[kCapacity];
  Round rounds_[kRounds];
};

template <class Visit>
void ZoneMatches::ForEachMatch(const Question& question, bool wants_text, Visit&& visit) const {
  SubjectText text;
  if (const std::vector<ZoneVerdict>* const test = TestOf(question); test != nullptr) {
    const Subject subject = wants_text ? SubjectOf(question.asked, TestKind(question.asked), 0, text) : Subject{};
    for (const ZoneVerdict& at : *test) visit(at, subject);
    return;
  }
  for (size_t at = question.first; at != kNone; at = found_[at].next) {
    const auto& [feed, value, next, kind, offset] = found_[at];
    const Subject subject = wants_text ? SubjectOf(question.asked, kind, offset, text) : Subject{};
    for (const Verdict& verdict : feed->data->verdicts.at(value)) visit(ZoneVerdict{feed, verdict}, subject);
  }
}

template <class Visit>
void ZoneMatches::ForEachVerdict(size_t i, bool wants_text, Visit&& visit) const {
  const Question& question = questions_[i];
  uint32_t ttl_seconds = UINT32_MAX;
  if (const std::vector<ZoneVerdict>* const test = TestOf(question); test != nullptr) {
    for (const ZoneVerdict& at : *test) {
      ttl_seconds = std::min(ttl_seconds, at.feed == nullptr ? question.zone->ttl_seconds : at.feed->ttl_seconds);
    }
  } else {
    for (size_t at = question.first; at != kNone; at = found_[at].next) {
      ttl_seconds = std::min(ttl_seconds, found_[at].feed->ttl_seconds);
    }
  }
  if (ttl_seconds == UINT32_MAX) return;
  ForEachMatch(question, wants_text,
               [&](const ZoneVerdict& at, const Subject& subject) { visit(at, ttl_seconds, subject); });
}

}  // namespace rblitz
