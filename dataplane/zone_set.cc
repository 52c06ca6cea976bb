#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <iterator>
#include <set>
#include <span>
#include <string>

#include "dataplane/dns/address_labels.h"
#include "dataplane/grey_question.h"
#include "dataplane/zone.h"
#include "dataplane/zone_access.h"
#include "dataplane/zone_rep.h"
#include "tables/hash.h"

namespace rblitz {

namespace {

size_t Labels(const uint8_t* name) {
  size_t labels = 0;
  for (; *name != 0; name += 1 + *name) ++labels;
  return labels;
}

// As FindCommon may take it for granted of a zone whose addresses no other zone's apex could be taken for.
bool IsCommon(const Zone::Rep& zone) {
  const bool is_short = zone.apex_size + 4u < 8;             // CommonSlot would read behind the question
  const bool has_more = zone.has_names || zone.has_records;  // four labels can be more than an address
  const bool is_slow = zone.out || has_more || zone.access != nullptr || zone.grey != nullptr;
  return !is_slow && !is_short && zone.apex_size <= dns::kMaxName - dns::kAddressLabelsRead;
}

// What CommonSlot reads in a question for A.
std::array<uint8_t, dns::kMaxName + 8> ApexInQuestion(const Zone::Rep& zone) {
  std::array<uint8_t, dns::kMaxName + 8> question{};
  std::copy_n(zone.apex.begin(), zone.apex_size, question.begin());
  dns::Store16(&question[zone.apex_size], dns::kA);
  dns::Store16(&question[zone.apex_size + 2u], dns::kIn);
  return question;
}

}  // namespace

// Each zone's apex is looked for from its first label on, so that many zones take no longer each than few.
ZoneSet::Index::Above ZoneSet::Index::FindAbove(std::span<const Zone> zones) const {
  Above above;
  for (const Zone& zone : zones) {
    const std::span apex(zone.rep().apex.data(), zone.rep().apex_size);
    bool are_octets = true;
    for (size_t at = 0, labels = 1; apex[at] != 0; ++labels) {
      are_octets = are_octets && labels <= 4 && dns::OctetOfLabel(&apex[at]) >= 0;
      at += size_t{1} + apex[at];
      const Zone::Rep* const other = Find(&apex[at], apex.size() - at);
      if (other == nullptr) continue;
      above.all.insert(other);
      if (are_octets) above.by_octets.insert(other);
    }
  }
  return above;
}

void ZoneSet::Index::AddCommon(std::span<const Zone> zones, const Above& above) {
  constexpr size_t kFewest = 256;
  constexpr size_t kRoomEach = 8;
  const size_t slots = std::max(kFewest, std::bit_ceil(kRoomEach * zones.size()));
  common_shift = 64 - static_cast<unsigned>(std::countr_zero(slots));
  common.assign(slots + zones.size() + 1, nullptr);
  for (const Zone& zone : zones) {
    if (!IsCommon(zone.rep()) || above.by_octets.contains(&zone.rep())) continue;
    size_t slot = CommonSlot(ApexInQuestion(zone.rep()).data());
    while (common[slot] != nullptr) ++slot;
    common[slot] = &zone.rep();
  }
}

void ZoneSet::Index::AddGreylists(std::span<const Zone> zones, const Above& above) {
  for (const Zone& zone : zones) {
    const Zone::Rep& rep = zone.rep();
    const bool has_keys = rep.access != nullptr && rep.access->has_keys();
    if (rep.grey == nullptr || rep.out || has_keys ||
        rep.apex_size > dns::kMaxName - kMaxGreyLabels - dns::kAddressLabelsRead) {
      continue;
    }
    if (above.all.contains(&rep)) continue;
    greylists.push_back(&rep);
  }
}

const Zone::Rep* ZoneSet::Index::FindCommonBehind(const Zone::Rep* const* slot, const uint8_t* apex,
                                                  size_t has_opt) const noexcept {
  while (*slot != nullptr && !(*slot)->ends[has_opt].Matches(apex)) ++slot;
  return *slot;
}

ZoneSet::ZoneSet() : index_(std::make_unique<const Index>()) {}
ZoneSet::ZoneSet(ZoneSet&&) noexcept = default;
ZoneSet& ZoneSet::operator=(ZoneSet&&) noexcept = default;
ZoneSet::~ZoneSet() = default;

Result<ZoneSet> ZoneSet::Build(std::vector<Zone> zones) {
  auto index = std::make_unique<Index>();
  index->entries.resize(std::bit_ceil(2 * zones.size() + 1));
  const size_t mask = index->entries.size() - 1;
  for (const Zone& zone : zones) {
    const Zone::Rep& rep = zone.rep();
    if (index->Find(rep.apex.data(), rep.apex_size) != nullptr) return Fail("zone " + rep.name + ": given twice");
    const uint64_t hash = Hash64(rep.apex.data(), rep.apex_size, ProcessSeed());
    size_t at = hash & mask;
    while (index->entries[at].zone != nullptr) at = (at + 1) & mask;
    index->entries[at] = {.hash = hash, .zone = &rep};
    index->label_counts.push_back(static_cast<uint8_t>(Labels(rep.apex.data())));
  }
  std::ranges::sort(index->label_counts, std::greater());
  index->label_counts.erase(std::unique(index->label_counts.begin(), index->label_counts.end()),
                            index->label_counts.end());
  const Index::Above above = index->FindAbove(zones);
  index->AddCommon(zones, above);
  index->AddGreylists(zones, above);
  ZoneSet set;
  set.zones_ = std::move(zones);
  set.index_ = std::move(index);
  return set;
}

const Zone::Rep* ZoneSet::Index::Find(const uint8_t* name, size_t size) const noexcept {
  if (entries.empty()) return nullptr;
  const uint64_t hash = Hash64(name, size, ProcessSeed());
  const size_t mask = entries.size() - 1;
  for (size_t at = hash & mask; entries[at].zone != nullptr; at = (at + 1) & mask) {
    const Zone::Rep& zone = *entries[at].zone;
    if (entries[at].hash == hash && zone.apex_size == size && std::equal(name, name + size, zone.apex.begin())) {
      return &zone;
    }
  }
  return nullptr;
}

const Zone* ZoneSet::Find(std::string_view name) const noexcept {
  dns::Name wire = dns::NameFromText(name);
  std::transform(wire.bytes.begin(), wire.bytes.begin() + wire.size, wire.bytes.begin(), dns::Lower);
  const Zone::Rep* rep = index_->Find(wire.bytes.data(), wire.size);
  const auto zone = std::find_if(zones_.begin(), zones_.end(), [rep](const Zone& z) { return &z.rep() == rep; });
  return zone == zones_.end() ? nullptr : &*zone;
}

namespace {

// The names of parts that combined feeds bring into a zone, relative to it.
std::set<std::string> PartNames(const ZoneConfig& config, const Snapshot& snapshot) {
  std::set<std::string> names;
  for (const uint32_t index : config.feeds) {
    const FeedData* const data = snapshot.feeds[index].get();
    if (data == nullptr) continue;
    for (const FeedPart& part : data->parts) names.insert(part.zones.begin(), part.zones.end());
  }
  names.erase("");
  return names;
}

bool IsBelow(std::string_view name, std::string_view above) {
  return name.size() > above.size() && name.ends_with(above) && name[name.size() - above.size() - 1] == '.';
}

// A part of a zone's data that stands in another configured zone, or is one, is never asked: the most specific zone
// answers for all of its names.
bool IsHidden(const std::string& part, const Zone& zone, std::span<const Zone> configured) {
  return std::ranges::any_of(configured, [&](const Zone& other) {
    return IsBelow(other.name(), zone.name()) && (part == other.name() || IsBelow(part, other.name()));
  });
}

// Appends the parts of a configured zone. Those whose names are too long for DNS cannot be asked.
Status AddParts(const ZoneConfig& config, const Snapshot& snapshot, const Zone& zone, std::span<const Zone> configured,
                JoinedTables::Round* joining, std::vector<Zone>* parts) {
  for (const std::string& name : PartNames(config, snapshot)) {
    const std::string apex = name + "." + zone.name();
    if (dns::NameFromText(apex).size == 0 || IsHidden(apex, zone, configured)) continue;
    Result<Zone> part = Zone::Build(config, snapshot, name, joining);
    if (!part) return tl::unexpected(part.error());
    parts->push_back(std::move(*part));
  }
  return {};
}

// What all feeds have together, which is what may be joined.
uint64_t EntriesOf(const Snapshot& snapshot) {
  uint64_t entries = 0;
  for (const auto& feed : snapshot.feeds) {
    if (feed == nullptr) continue;
    entries += feed->ip4->entries();
    for (const FeedPart& part : feed->parts) entries += part.data->ip4->entries();
  }
  return entries;
}

}  // namespace

Result<std::unique_ptr<const Serving>> BuildServing(Snapshot snapshot, std::span<const ZoneConfig> configs,
                                                    Identity identity, std::shared_ptr<const ClientRules> client_rules,
                                                    Joining joining) {
  std::vector<Zone> zones;
  JoinedTables::Round of_all(joining.tables, EntriesOf(snapshot), joining.may_join);
  JoinedTables::Round* const round = joining.tables != nullptr ? &of_all : nullptr;
  for (const ZoneConfig& config : configs) {
    Result<Zone> zone = Zone::Build(config, snapshot, "", round);
    if (!zone) return Fail(zone.error().message);
    zones.push_back(std::move(*zone));
  }
  std::vector<Zone> parts;
  for (size_t i = 0; i < configs.size(); ++i) {
    const Status added = AddParts(configs[i], snapshot, zones[i], zones, round, &parts);
    if (!added) return Fail(added.error().message);
  }
  std::move(parts.begin(), parts.end(), std::back_inserter(zones));
  Result<ZoneSet> set = ZoneSet::Build(std::move(zones));
  if (!set) return Fail(set.error().message);
  const bool has_greylists = std::ranges::any_of(configs, [](const ZoneConfig& zone) { return zone.grey.has_value(); });
  return std::make_unique<const Serving>(Serving{.snapshot = std::move(snapshot),
                                                 .zones = std::move(*set),
                                                 .identity = std::move(identity),
                                                 .client_rules = std::move(client_rules),
                                                 .has_greylists = has_greylists});
}

}  // namespace rblitz
