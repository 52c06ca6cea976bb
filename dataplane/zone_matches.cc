#include "dataplane/zone_matches.h"

#include <cassert>

namespace rblitz {

namespace {

bool IsIp6TestPoint(const AskedName& asked) noexcept {
  return asked.is_ip6 && (asked.ip6 == kIp6TestListed || asked.ip6 == kIp6TestUnlisted);
}

bool AsksTestPoint(const Zone::Rep& zone, const AskedName& asked) noexcept {
  if (!zone.has_lists) return false;
  const bool is_ip4 = asked.is_ip4 && !asked.is_ip6;  // nor one behind which a host is
  return (is_ip4 && IsTestPoint(asked.ip4) && zone.has_addresses) || (IsIp6TestPoint(asked) && zone.has_ip6) ||
         (zone.has_names && NameTestPoint(asked.labels) >= 0);
}

// Zones that list IPv4 addresses are asked for the one within an IPv6 address, too, as rbldnsd does: of a mapped
// address it is all that counts.
void AskIp4Within(const Zone::Rep& zone, AskedName& asked) noexcept {
  if (asked.ip4_within == Ip4Within::kNone || !zone.has_addresses || !zone.has_lists) [[likely]]
    return;
  asked.is_ip4 = true;
  asked.is_ip6 = asked.ip4_within != Ip4Within::kMapped;
}

}  // namespace

// Lines come while the next questions are read. What more feeds have is fetched when they are asked.
void ZoneMatches::Fetch(const Zone::Rep& zone, const AskedName& asked) noexcept {
  const auto first = [](const auto& tables) { return std::span(tables).first(std::min(tables.size(), kRounds)); };
  if (asked.is_ip6) {
    for (const Ip6Table* const table : first(zone.ip6_tables)) table->Prefetch(asked.ip6);
  }
  if (zone.name_tables.empty()) return;
  HashedName& name = names_[count_];
  name.Assign(asked.labels);
  for (const NameTable* const table : first(zone.name_tables)) table->Prefetch({&name, 1});
}

size_t ZoneMatches::AddNext(const Zone::Rep& zone) noexcept {
  assert(count_ < kCapacity);
  Question& question = questions_[count_];
  question.zone = &zone;
  question.excepted_by = nullptr;
  question.first = kNone;
  question.last = kNone;
  question.is_test = AsksTestPoint(zone, question.asked);
  if (!question.is_test) {
    AskIp4Within(zone, question.asked);
    question.is_test = AsksTestPoint(zone, question.asked);
  }
  Fetch(zone, question.asked);
  question.has_names_below = false;
  question.is_cut = false;
  return count_++;
}

// Zone by zone: those of the first question's zone, then of the first one that is left, and so on.
void ZoneMatches::LookUp() noexcept {
  uint8_t left[kCapacity];
  size_t left_count = count_;
  for (size_t i = 0; i < count_; ++i) left[i] = static_cast<uint8_t>(i);
  while (left_count > 0) {
    const Zone::Rep& zone = *questions_[left[0]].zone;
    uint8_t same[kCapacity];
    size_t same_count = 0;
    size_t others = 0;
    for (const uint8_t i : std::span(left, left_count)) {
      if (questions_[i].zone == &zone) {
        same[same_count++] = i;
      } else {
        left[others++] = i;
      }
    }
    left_count = others;
    LookUpZone(zone, {same, same_count});
  }
}

void ZoneMatches::LookUpZone(const Zone::Rep& zone, Indices questions) noexcept {
  const bool excepts = !zone.excepting().empty();
  if (zone.has_addresses || excepts) LookUpIp4(zone, questions);
  if (zone.has_ip6 || excepts) LookUpIp6(zone, questions);
  if (!zone.has_names && !excepts) return;
  LookUpNames(zone, questions);
  LookUpDigests(zone, questions);
}

template <class Has, class... Stages>
void ZoneMatches::Ask(const Zone::Rep& zone, Has&& has, Stages&&... stages) noexcept {
  size_t count = 0;
  const auto run = [&](auto&& stage) {
    for (Round& round : std::span(rounds_, count)) stage(*round.feed->data, round);
  };
  for (const ZoneFeed& feed : zone.feeds) {
    if (!has(*feed.data)) continue;
    rounds_[count++].feed = &feed;
    if (count < kRounds) continue;
    (run(stages), ...);
    count = 0;
  }
  (run(stages), ...);
}

void ZoneMatches::LookUpIp4(const Zone::Rep& zone, Indices questions) noexcept {
  size_t count = 0;
  for (const uint8_t i : questions) {
    owners_[count] = i;
    ip4_[count] = questions_[i].asked.ip4;
    count += questions_[i].asked.is_ip4;
  }
  if (count == 0) return;
  Ask(
      zone, [](const FeedData&) { return true; },
      [&](const FeedData& data, Round& round) {
        data.ip4->LookupBatch({ip4_, count}, round.values);
      },
      [&](const FeedData&, const Round& round) { Collect(round, count, Kind::kIp4); });
}

void ZoneMatches::LookUpIp6(const Zone::Rep& zone, Indices questions) noexcept {
  size_t count = 0;
  for (const uint8_t i : questions) {
    owners_[count] = i;
    ip6_[count] = questions_[i].asked.ip6;
    count += questions_[i].asked.is_ip6;
  }
  if (count == 0) return;
  const std::span<const Ip6Address> addresses(ip6_, count);
  Ask(
      zone, [](const FeedData& data) { return data.ip6 != nullptr; },
      [&](const FeedData& data, Round& round) {
        round.ip6.permuted = round.permuted;
        data.ip6->Locate(addresses, round.ip6);
      },
      [&](const FeedData& data, Round& round) { data.ip6->Find(addresses, round.ip6, round.values); },
      [&](const FeedData&, const Round& round) { Collect(round, count, Kind::kIp6); });
}

void ZoneMatches::LookUpNames(const Zone::Rep& zone, Indices questions) noexcept {
  if (zone.name_tables.empty()) return;
  // As they stand where all are of one zone.
  const bool are_all = questions.size() == count_;
  if (!are_all) {
    for (size_t k = 0; k < questions.size(); ++k) some_names_[k] = names_[questions[k]];
  }
  const std::span<const HashedName> names(are_all ? names_ : some_names_, questions.size());
  Ask(
      zone, [](const FeedData& data) { return data.names != nullptr; },
      [&](const FeedData& data, Round&) { data.names->Prefetch(names); },
      [&](const FeedData& data, Round& round) { data.names->Find(names, round.matches); },
      [&](const FeedData&, const Round& round) {
        for (size_t k = 0; k < questions.size(); ++k) {
          const NameMatch& match = round.matches[k];
          // What lists a name from above lists what is below it. Nobody knows whether all that is excepted, too.
          const bool is_from_above = (match.value != kNotListed) & (match.offset != 0);
          questions_[questions[k]].has_names_below |= (!round.feed->excepts) & (match.below | is_from_above);
          if (match.value != kNotListed) Add(questions[k], *round.feed, Kind::kName, match.value, match.offset);
        }
      });
}

void ZoneMatches::LookUpDigests(const Zone::Rep& zone, Indices questions) noexcept {
  const auto has = [](const ZoneFeed& feed) { return feed.data->hashes != nullptr; };
  if (std::ranges::none_of(zone.feeds, has)) return;
  size_t count = 0;
  for (const uint8_t i : questions) {
    const DigestReadings readings = DigestsFromLabels(questions_[i].asked.labels);
    if (count + readings.count > kCapacity) {
      FindDigests(zone, count);
      count = 0;
    }
    for (const Digest& digest : std::span(readings.digests).first(readings.count)) {
      owners_[count] = i;
      digests_[count++] = digest;
    }
  }
  if (count > 0) FindDigests(zone, count);
}

void ZoneMatches::FindDigests(const Zone::Rep& zone, size_t count) noexcept {
  const std::span<const Digest> digests(digests_, count);
  Ask(
      zone, [](const FeedData& data) { return data.hashes != nullptr; },
      [&](const FeedData& data, Round& round) { data.hashes->Prefetch(digests, round.digests); },
      [&](const FeedData& data, Round& round) { data.hashes->Locate(digests, round.digests); },
      [&](const FeedData& data, Round& round) { data.hashes->Find(digests, round.digests, round.values); },
      [&](const FeedData&, const Round& round) { Collect(round, count, Kind::kDigest); });
}

void ZoneMatches::Collect(const Round& round, size_t count, Kind kind) noexcept {
  for (size_t k = 0; k < count; ++k) {
    if (round.values[k] != kNotListed) Add(owners_[k], *round.feed, kind, round.values[k], 0);
  }
}

void ZoneMatches::Add(size_t question, const ZoneFeed& feed, Kind kind, ValueId value, size_t offset) noexcept {
  Question& q = questions_[question];
  if (q.is_test) return;  // answered as RFC 5782 says, whatever feeds do
  if (feed.excepts) {
    if (q.excepted_by == nullptr) q.excepted_by = &feed;
    return;
  }
  if (found_count_ == kMaxFound) {
    q.is_cut = true;
    return;
  }
  const auto at = static_cast<uint16_t>(found_count_++);
  found_[at] = {.feed = &feed, .value = value, .next = kNone, .kind = kind, .offset = static_cast<uint8_t>(offset)};
  (q.first == kNone ? q.first : found_[q.last].next) = at;
  q.last = at;
}

ZoneMatches::Kind ZoneMatches::TestKind(const AskedName& asked) noexcept {
  return asked.is_ip4 && rblitz::IsTestPoint(asked.ip4) ? Kind::kIp4 : IsIp6TestPoint(asked) ? Kind::kIp6 : Kind::kName;
}

const std::vector<ZoneVerdict>* ZoneMatches::TestOf(const Question& question) noexcept {
  if (!question.is_test) return nullptr;
  const AskedName& asked = question.asked;
  const Zone::Rep& zone = *question.zone;
  switch (TestKind(asked)) {
    case Kind::kIp4:
      return &zone.test[asked.ip4 - kTestUnlisted];
    case Kind::kIp6:
      return &zone.ip6_test[asked.ip6 == kIp6TestListed ? 1 : 0];
    default:
      return &zone.name_test[static_cast<size_t>(NameTestPoint(asked.labels))];
  }
}

Subject ZoneMatches::SubjectOf(const AskedName& asked, Kind kind, size_t offset, SubjectText& text) noexcept {
  switch (kind) {
    case Kind::kIp4:
      return {.text = {text.data(), AddressToText(asked.ip4, text.data())}, .ip4 = &asked.ip4};
    case Kind::kIp6:
      return {.text = AddressText(asked.ip6, text), .ip6 = &asked.ip6};
    default:
      return {.text = LabelsText(asked.labels.subspan(offset), text)};
  }
}

}  // namespace rblitz
