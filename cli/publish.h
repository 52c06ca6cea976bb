// Turns what the reloader loaded into what the workers serve: Snapshot and zones into one Serving, published with one
// pointer.
//
// Thread-safety: For on one thread at a time; the publishers it gives run on the reloader's thread; serving() is for
// readers. Lifetime: must outlive the publishers. Errors: a publisher says what BuildServing found; what is served
// stays.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataplane/zone.h"
#include "loaders/reloader.h"
#include "tables/rcu.h"

namespace rblitz {

class ZonePublisher {
 public:
  explicit ZonePublisher(Identity identity) : identity_(std::move(identity)) {}

  // Publishes snapshots as these zones, whose feeds are indices into the snapshot's. A zone keeps its counters' slot
  // over reloads, even when it was gone for a while.
  [[nodiscard]] Publisher For(std::vector<ZoneConfig> zones);

  [[nodiscard]] const Published<Serving>& serving() const { return serving_; }

 private:
  [[nodiscard]] Status Publish(const Snapshot& snapshot, const std::vector<ZoneConfig>& zones);

  Identity identity_;
  std::map<std::string, uint32_t> slots_;  // by zone name
  Published<Serving> serving_;
};

}  // namespace rblitz
