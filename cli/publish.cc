#include "cli/publish.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "dataplane/stats.h"

namespace rblitz {

Publisher ZonePublisher::For(std::vector<ZoneConfig> zones) {
  for (ZoneConfig& zone : zones) {
    const auto next = static_cast<uint32_t>(std::min(slots_.size(), kZoneSlots - 1));
    zone.slot = slots_.emplace(zone.name, next).first->second;
  }
  return [this, zones = std::move(zones)](const std::shared_ptr<const Snapshot>& snapshot) {
    return Publish(*snapshot, zones);
  };
}

Status ZonePublisher::Publish(const Snapshot& snapshot, const std::vector<ZoneConfig>& zones) {
  auto serving = BuildServing(snapshot, zones, identity_);
  if (!serving) return tl::unexpected<Error>(serving.error());
  serving_.Publish(*std::move(serving));
  return {};
}

}  // namespace rblitz
