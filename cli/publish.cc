#include "cli/publish.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "cli/override_feeds.h"
#include "dataplane/stats.h"

namespace rblitz {

Publisher ZonePublisher::For(std::vector<ZoneConfig> zones, std::shared_ptr<const ClientRules> client_rules) {
  for (ZoneConfig& zone : zones) {
    const auto next = static_cast<uint32_t>(std::min(slots_.size(), kZoneSlots - 1));
    zone.slot = slots_.emplace(zone.name, next).first->second;
    if (zone.heat) zone.heat->tables = heat_tables_;
  }
  const auto shared = std::make_shared<const Plan>(Plan{std::move(zones), std::move(client_rules)});
  return {
      .publish = [this, shared](const std::shared_ptr<const Snapshot>& snapshot) { return Publish(*snapshot, shared); },
      .prepare = [this, shared](const Snapshot& snapshot) { return Prepare(snapshot, *shared); }};
}

// What zones join, as they are going to be: Serve finds it there.
std::shared_ptr<const void> ZonePublisher::Prepare(const Snapshot& snapshot, const Plan& plan) {
  std::vector<ZoneConfig> zones;
  std::ranges::copy_if(plan.zones, std::back_inserter(zones), [&](const ZoneConfig& zone) {
    const auto has_parts = [&](uint32_t feed) {
      return snapshot.feeds[feed] != nullptr && !snapshot.feeds[feed]->parts.empty();
    };
    const bool may_join = zone.feeds.size() > 1 || std::ranges::any_of(zone.feeds, has_parts);
    return may_join && !zone.grey && !zone.heat && zone.join.value_or(true);
  });
  if (zones.empty()) return nullptr;
  const auto serving = BuildServing(snapshot, zones, {}, {}, {.tables = &joined_tables_, .may_join = true});
  if (!serving) return nullptr;  // Publish says why
  auto joined = std::make_shared<std::vector<std::shared_ptr<const Ip4Union>>>();
  for (const Zone& zone : (*serving)->zones.zones()) {
    if (zone.joined() != nullptr) joined->push_back(zone.joined());
  }
  return joined;
}

Status ZonePublisher::Publish(const Snapshot& snapshot, const std::shared_ptr<const Plan>& plan) {
  const std::lock_guard lock(mutex_);
  if (Status served = Serve(snapshot, *plan, overrides_); !served) return served;
  snapshot_ = snapshot;
  plan_ = plan;
  return {};
}

Status ZonePublisher::SetOverrides(std::vector<Override> overrides) {
  const std::lock_guard lock(mutex_);
  if (plan_ != nullptr) {
    if (Status served = Serve(snapshot_, *plan_, overrides); !served) return served;
  }
  overrides_ = std::move(overrides);
  return {};
}

Status ZonePublisher::Serve(Snapshot snapshot, Plan plan, const std::vector<Override>& overrides) {
  OverrideFeeds joining(&overrides);
  for (ZoneConfig& zone : plan.zones) {
    if (zone.heat && zone.heat->traffic) {
      zone.heat->live = traffic_;
      zone.heat->live_time = traffic_time_;
    }
    joining.Join(&zone, &snapshot);
    serials_.Join(&zone);
  }
  auto serving = BuildServing(std::move(snapshot), plan.zones, identity_, std::move(plan.client_rules),
                              {.tables = &joined_tables_, .may_join = false});
  if (!serving) return tl::unexpected<Error>(serving.error());
  serials_.Remember((*serving)->zones.zones());
  serving_.Publish(*std::move(serving));
  return {};
}

Status ZonePublisher::SetTraffic(std::shared_ptr<const HeatCells> cells, int64_t now) {
  const std::lock_guard lock(mutex_);
  traffic_ = std::move(cells);
  traffic_time_ = now;
  return plan_ != nullptr ? Serve(snapshot_, *plan_, overrides_) : Status();
}

bool ZonePublisher::wants_traffic() const {
  const std::lock_guard lock(mutex_);
  return plan_ != nullptr &&
         std::ranges::any_of(plan_->zones, [](const ZoneConfig& zone) { return zone.heat && zone.heat->traffic; });
}

std::vector<std::string> ZonePublisher::ZonesOf(const Override& override) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  if (plan_ == nullptr) return names;
  for (const ZoneConfig& zone : plan_->zones) {
    if (Applies(override, zone.name, KindsOf(zone, snapshot_))) names.push_back(zone.name);
  }
  return names;
}

}  // namespace rblitz
