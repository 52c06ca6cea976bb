// Turns what the reloader loaded into what the workers serve: Snapshot, zones and overrides into one Serving, published
// with one pointer.
//
// Thread-safety: For on one thread at a time; the publishers it gives run on the reloader's threads; SetOverrides on
// any thread that is no online reader; serving() is for readers. Lifetime: must outlive the publishers. Errors: a
// publisher says what BuildServing found; what is served stays. Cost: SetOverrides builds zones and the overrides'
// tables anew; the feeds' tables are shared, and so are those that they are joined to, which are made beforehand
// (Publisher::prepare).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cli/override.h"
#include "cli/serials.h"
#include "dataplane/heat_zone.h"
#include "dataplane/zone.h"
#include "dataplane/zone_tables.h"
#include "loaders/reloader.h"
#include "tables/rcu.h"

namespace rblitz {

class ZonePublisher {
 public:
  explicit ZonePublisher(Identity identity) : identity_(std::move(identity)) {}

  // Remembers serials over restarts in this file. REQUIRES: nothing is published yet.
  void KeepSerialsIn(const std::string& path) { serials_.KeepIn(path); }

  // Publishes snapshots as these zones, whose feeds are indices into the snapshot's, under these rules for clients. A
  // zone keeps its counters' slot over reloads, even when it was gone for a while.
  [[nodiscard]] Publisher For(std::vector<ZoneConfig> zones, std::shared_ptr<const ClientRules> client_rules = {});

  // Serves these from now on, at once where something is served already. On failure nothing has changed.
  [[nodiscard]] Status SetOverrides(std::vector<Override> overrides);

  // What the server is asked, as heat; the same for zones that have it among their sources.
  [[nodiscard]] Status SetTraffic(std::shared_ptr<const HeatCells> cells, int64_t now);
  [[nodiscard]] bool wants_traffic() const;

  // The zones in which this override counts as they are now.
  [[nodiscard]] std::vector<std::string> ZonesOf(const Override& override) const;

  [[nodiscard]] const Published<Serving>& serving() const { return serving_; }

 private:
  struct Plan {
    std::vector<ZoneConfig> zones;
    std::shared_ptr<const ClientRules> client_rules;
  };
  [[nodiscard]] std::shared_ptr<const void> Prepare(const Snapshot& snapshot, const Plan& plan);
  [[nodiscard]] Status Publish(const Snapshot& snapshot, const std::shared_ptr<const Plan>& plan);
  // REQUIRES: mutex_ is held.
  [[nodiscard]] Status Serve(Snapshot snapshot, Plan plan, const std::vector<Override>& overrides);

  Identity identity_;
  std::shared_ptr<HeatTables> heat_tables_ = std::make_shared<HeatTables>();
  JoinedTables joined_tables_;
  std::map<std::string, uint32_t> slots_;     // by zone name
  mutable std::mutex mutex_;                  // one at a time publishes
  std::vector<Override> overrides_;           // guarded by mutex_, as is what was published last:
  Snapshot snapshot_;                         // of the feeds alone
  std::shared_ptr<const HeatCells> traffic_;  // null: not known yet
  int64_t traffic_time_ = 0;
  Serials serials_;
  std::shared_ptr<const Plan> plan_;  // null: nothing yet
  Published<Serving> serving_;
};

}  // namespace rblitz
