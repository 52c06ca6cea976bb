#include "cli/override_feeds.h"

#include <arpa/inet.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "tables/hash_builder.h"
#include "tables/ip4_builder.h"
#include "tables/ip6_builder.h"
#include "tables/name_builder.h"

namespace rblitz {

namespace {

constexpr uint32_t kUsualA = 0x7f000002;
constexpr uint8_t kNameTestListed[] = {4, 't', 'e', 's', 't'};
constexpr uint8_t kNameTestUnlisted[] = {7, 'i', 'n', 'v', 'a', 'l', 'i', 'd'};

// The A value of entries of the zone's first feed that name none.
uint32_t UsualA(const ZoneConfig& zone, const Snapshot& snapshot) {
  for (const uint32_t index : zone.feeds) {
    const FeedData* data = index < snapshot.feeds.size() ? snapshot.feeds[index].get() : nullptr;
    if (data == nullptr || data->verdicts.values() < 2 || data->verdicts.at(1).empty()) continue;
    if (data->verdicts.at(1).front().a_be != 0) {
      return data->verdicts.at(1).front().a_be;
    }
  }
  return htonl(kUsualA);
}

// One of the two tables of each kind, filled with what is listed in it; the others are its exclusions.
class FeedOfOverrides {
 public:
  FeedOfOverrides(std::string name, OverrideKind listed, uint32_t usual_a_be)
      : listed_(listed), usual_a_be_(usual_a_be) {
    data_->name = std::move(name);
    data_->is_text_only = usual_a_be == 0;
    data_->is_override = true;
  }

  // `digest`, if any, is which one of the subject's it is about, instead of the name.
  void Add(const OverrideSubject& subject, NameForm form, const Digest* digest, const Override& override) {
    const ValueId value = override.kind == listed_ ? ValueOf(override) : kNotListed;
    data_->data_time = std::max(data_->data_time, override.since);
    any_ |= value != kNotListed;
    if (digest != nullptr) return hashes_.Add(*digest, value);
    switch (subject.kind) {
      case OverrideSubject::Kind::kIp4:
        return ip4_.AddRange(subject.ip4.first, subject.ip4.last, value);
      case OverrideSubject::Kind::kIp6:
        has_ip6_ = true;
        return ip6_.Add(subject.ip6, value);
      case OverrideSubject::Kind::kName:
        return names_.Add(subject.name.span(), form, value);
    }
  }

  // Null when nothing is listed.
  std::shared_ptr<const FeedData> Build() {
    if (!any_) return nullptr;
    BuildReport ignored;
    data_->ip4 = std::make_shared<const Ip4Table>(ip4_.Build(nullptr, &ignored));
    data_->test_listed = Listed(ip4_.exact(0x7f000002));
    data_->test_unlisted = Listed(ip4_.exact(0x7f000001));
    if (has_ip6_) data_->ip6 = std::make_shared<const Ip6Table>(ip6_.Build(nullptr, &ignored));
    data_->ip6_test_listed = Listed(ip6_.exact(kIp6TestListed));
    data_->ip6_test_unlisted = Listed(ip6_.exact(kIp6TestUnlisted));
    if (!names_.empty()) {
      data_->names = std::make_shared<const NameTable>(names_.Build(nullptr, &ignored));
      data_->name_test_listed = Listed(data_->names->Exact(kNameTestListed));
      data_->name_test_unlisted = Listed(data_->names->Exact(kNameTestUnlisted));
    }
    if (!hashes_.empty()) data_->hashes = std::make_shared<const HashTable>(hashes_.Build(nullptr, &ignored));
    data_->verdicts.Seal();
    return std::move(data_);
  }

 private:
  // An exclusion of a test point would end the entry that every zone has of itself; no override takes one away.
  static ExactEntry Listed(ExactEntry exact) {
    exact.present &= exact.value != kNotListed;
    return exact;
  }

  ValueId ValueOf(const Override& override) {
    const std::string_view why = override.why;
    const uint32_t a_be = override.a_be != 0 ? override.a_be : usual_a_be_;
    const Verdict verdict{.a_be = data_->is_text_only ? 0 : a_be,
                          .text = data_->verdicts.InternText(std::span(&why, 1))};
    return data_->verdicts.Intern(verdict);
  }

  const OverrideKind listed_;
  const uint32_t usual_a_be_;
  bool any_ = false;
  bool has_ip6_ = false;
  std::shared_ptr<FeedData> data_ = std::make_shared<FeedData>();
  Ip4Builder ip4_{Precedence::kLongestMatch, &data_->verdicts};
  Ip6Builder ip6_;
  NameBuilder names_{&data_->verdicts};
  HashBuilder hashes_{&data_->verdicts};
};

// A name as tables have it: `.name` is two of them, so that one override of `name` takes its place there.
std::vector<NameForm> FormsOf(const OverrideSubject& subject) {
  if (subject.kind != OverrideSubject::Kind::kName) return {NameForm::kExact};
  if (subject.form != NameForm::kBoth) return {subject.form};
  return {NameForm::kExact, NameForm::kBelow};
}

void AddKinds(const FeedData& data, ZoneKinds::Set* kinds) {
  const bool has_names = data.names != nullptr || data.hashes != nullptr;
  kinds->ip6 |= data.ip6 != nullptr;
  kinds->names |= has_names;
  kinds->plain_names |= data.names != nullptr;
  kinds->digests |= data.hashes != nullptr;
  kinds->ip4 |= data.ip4->entries() > 0 || (data.ip6 == nullptr && !has_names && data.generic == nullptr);
}

std::string PlaceOf(const OverrideSubject& subject, NameForm form) {
  if (subject.kind != OverrideSubject::Kind::kName) return subject.text;
  return (form == NameForm::kBelow ? "*" : "=") + std::string(subject.name.span().begin(), subject.name.span().end());
}

std::string PlaceOf(const Digest& digest) { return "#" + std::string(digest.span().begin(), digest.span().end()); }

}  // namespace

ZoneKinds KindsOf(const ZoneConfig& zone, const Snapshot& snapshot) {
  ZoneKinds kinds;
  if (zone.heat) return kinds;  // it lists nothing
  if (zone.grey) {
    kinds.is_greylist = kinds.any = kinds.has_lists = true;
    kinds.own = kinds.with_parts = {.ip4 = true, .ip6 = true, .names = false, .plain_names = false, .digests = false};
    return kinds;
  }
  const auto add = [&kinds](const FeedData& data, bool is_own) {
    if (data.is_text_only) return;
    kinds.has_lists = true;
    AddKinds(data, &kinds.with_parts);
    if (is_own) AddKinds(data, &kinds.own);
  };
  for (const uint32_t index : zone.feeds) {
    const FeedData* data = index < snapshot.feeds.size() ? snapshot.feeds[index].get() : nullptr;
    if (data == nullptr) continue;
    kinds.any = true;
    if (data->parts.empty()) add(*data, true);
    for (const FeedPart& part : data->parts) add(*part.data, std::ranges::find(part.zones, "") != part.zones.end());
  }
  return kinds;
}

bool Applies(const Override& override, const std::string& zone, const ZoneKinds& kinds) {
  if (!kinds.any) return false;
  if (!override.zone.empty()) return override.zone == zone;
  if (kinds.is_greylist) return false;
  const ZoneKinds::Set& set = override.kind == OverrideKind::kAdd ? kinds.own : kinds.with_parts;
  switch (override.subject.kind) {
    case OverrideSubject::Kind::kIp4:
      return set.ip4;
    case OverrideSubject::Kind::kIp6:
      return set.ip6;
    case OverrideSubject::Kind::kName:
      return set.names;
  }
  return false;
}

OverrideFeeds::Feeds OverrideFeeds::Build(const std::vector<size_t>& chosen, uint32_t usual_a_be,
                                          const ZoneKinds::Set& kinds) const {
  struct Deciding {
    const Override* override;
    NameForm form;
    const Digest* digest;
  };
  // Of overrides for one thing the zone's own decides, and of those the newest.
  std::map<std::string, Deciding> deciding;
  for (const bool own : {false, true}) {
    for (const size_t index : chosen) {
      const Override& override = (*overrides_)[index];
      if (override.zone.empty() == own) continue;
      const DigestReadings& readings = override.subject.digests;
      const auto digests = std::span(readings.digests).first(kinds.digests ? readings.count : 0);
      for (const Digest& digest : digests) {
        deciding.insert_or_assign(PlaceOf(digest), Deciding{&override, NameForm::kExact, &digest});
      }
      if (!digests.empty() && !kinds.plain_names) continue;
      for (const NameForm form : FormsOf(override.subject)) {
        deciding.insert_or_assign(PlaceOf(override.subject, form), Deciding{&override, form, nullptr});
      }
    }
  }
  // Names that no feed can have: they have a blank.
  FeedOfOverrides listing("list add", OverrideKind::kAdd, usual_a_be);
  FeedOfOverrides excepting("list remove", OverrideKind::kRemove, usual_a_be);
  for (const auto& [place, one] : deciding) {
    listing.Add(one.override->subject, one.form, one.digest, *one.override);
    excepting.Add(one.override->subject, one.form, one.digest, *one.override);
  }
  return {.listing = listing.Build(), .excepting = excepting.Build()};
}

void OverrideFeeds::Join(ZoneConfig* zone, Snapshot* snapshot) {
  if (overrides_->empty()) return;
  const ZoneKinds kinds = KindsOf(*zone, *snapshot);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < overrides_->size(); ++i) {
    if (Applies((*overrides_)[i], zone->name, kinds)) chosen.push_back(i);
  }
  if (chosen.empty()) return;
  const uint32_t usual_a_be = kinds.has_lists ? UsualA(*zone, *snapshot) : 0;
  const ZoneKinds::Set& set = kinds.with_parts;
  const auto [known, inserted] = built_.try_emplace({chosen, usual_a_be, set.plain_names, set.digests});
  if (inserted) known->second = Build(chosen, usual_a_be, set);
  const auto join = [&](const std::shared_ptr<const FeedData>& feed, std::vector<uint32_t>* feeds) {
    if (feed == nullptr) return;
    feeds->push_back(static_cast<uint32_t>(snapshot->feeds.size()));
    snapshot->feeds.push_back(feed);
  };
  join(known->second.listing, &zone->feeds);
  join(known->second.excepting, &zone->except);
}

}  // namespace rblitz
