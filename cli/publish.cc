#include "cli/publish.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/override_feeds.h"
#include "dataplane/stats.h"

namespace rblitz {

Publisher ZonePublisher::For(std::vector<ZoneConfig> zones) {
  for (ZoneConfig& zone : zones) {
    const auto next = static_cast<uint32_t>(std::min(slots_.size(), kZoneSlots - 1));
    zone.slot = slots_.emplace(zone.name, next).first->second;
  }
  const auto shared = std::make_shared<const std::vector<ZoneConfig>>(std::move(zones));
  return [this, shared](const std::shared_ptr<const Snapshot>& snapshot) { return Publish(*snapshot, shared); };
}

Status ZonePublisher::Publish(const Snapshot& snapshot, const Zones& zones) {
  const std::lock_guard lock(mutex_);
  if (Status served = Serve(snapshot, *zones, overrides_); !served) return served;
  snapshot_ = snapshot;
  zones_ = zones;
  return {};
}

Status ZonePublisher::SetOverrides(std::vector<Override> overrides) {
  const std::lock_guard lock(mutex_);
  if (zones_ != nullptr) {
    if (Status served = Serve(snapshot_, *zones_, overrides); !served) return served;
  }
  overrides_ = std::move(overrides);
  return {};
}

Status ZonePublisher::Serve(Snapshot snapshot, std::vector<ZoneConfig> zones, const std::vector<Override>& overrides) {
  OverrideFeeds joining(&overrides);
  for (ZoneConfig& zone : zones) {
    joining.Join(&zone, &snapshot);
    serials_.Join(&zone);
  }
  auto serving = BuildServing(std::move(snapshot), zones, identity_);
  if (!serving) return tl::unexpected<Error>(serving.error());
  serials_.Remember((*serving)->zones.zones());
  serving_.Publish(*std::move(serving));
  return {};
}

std::vector<std::string> ZonePublisher::ZonesOf(const Override& override) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  if (zones_ == nullptr) return names;
  for (const ZoneConfig& zone : *zones_) {
    if (Applies(override, zone.name, KindsOf(zone, snapshot_))) names.push_back(zone.name);
  }
  return names;
}

}  // namespace rblitz
