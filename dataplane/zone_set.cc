#include <algorithm>
#include <bit>

#include "dataplane/zone.h"
#include "dataplane/zone_rep.h"
#include "tables/hash.h"

namespace rblitz {

namespace {

size_t Labels(const uint8_t* name) {
  size_t labels = 0;
  for (; *name != 0; name += 1 + *name) ++labels;
  return labels;
}

}  // namespace

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
    index->label_counts[Labels(rep.apex.data())] = true;
  }
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

Result<std::unique_ptr<const Serving>> BuildServing(Snapshot snapshot, std::span<const ZoneConfig> configs,
                                                    Identity identity) {
  std::vector<Zone> zones;
  zones.reserve(configs.size());
  for (const ZoneConfig& config : configs) {
    Result<Zone> zone = Zone::Build(config, snapshot);
    if (!zone) return Fail(zone.error().message);
    zones.push_back(std::move(*zone));
  }
  Result<ZoneSet> set = ZoneSet::Build(std::move(zones));
  if (!set) return Fail(set.error().message);
  return std::make_unique<const Serving>(
      Serving{.snapshot = std::move(snapshot), .zones = std::move(*set), .identity = std::move(identity)});
}

}  // namespace rblitz
