// Overrides as the zones' further feeds: small tables beside those of the real feeds, one that lists and one that
// excepts, each of which has what the other one has as exclusions. So the most specific override decides, and an
// override costs what it is, however large the feeds are.
//
// Thread-safety: none. Cost: the overrides that a zone has, once for all zones that have the same.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/override.h"
#include "dataplane/zone.h"
#include "tables/snapshot.h"

namespace rblitz {

// What a zone lists from its feeds: overrides for every zone join only what is there already, because an IPv4 zone that
// also has names costs more to ask. Feeds of texts alone are tables to look things up in: they list nothing.
struct ZoneKinds {
  struct Set {
    bool ip4 = false;
    bool ip6 = false;
    bool names = false;  // or digests
    bool plain_names = false;
    bool digests = false;
  };

  bool is_greylist = false;  // where overrides say who passes: only those that name the zone
  bool any = false;          // feeds at all: without one the zone is out, and stays so
  bool has_lists = false;    // not texts alone
  Set own;                   // of the zone itself, where overrides list
  Set with_parts;            // and of the parts of combined feeds, where they except, too
};
[[nodiscard]] ZoneKinds KindsOf(const ZoneConfig& zone, const Snapshot& snapshot);

// Whether the override counts in this zone.
[[nodiscard]] bool Applies(const Override& override, const std::string& zone, const ZoneKinds& kinds);

class OverrideFeeds {
 public:
  explicit OverrideFeeds(const std::vector<Override>* overrides) : overrides_(overrides) {}

  // Adds what the overrides say to the zone, its tables behind those of the snapshot.
  void Join(ZoneConfig* zone, Snapshot* snapshot);

 private:
  struct Feeds {
    std::shared_ptr<const FeedData> listing;    // null: nothing
    std::shared_ptr<const FeedData> excepting;  // the same
  };
  // `usual_a_be` 0: of a zone of texts alone, where no override has an A value.
  [[nodiscard]] Feeds Build(const std::vector<size_t>& chosen, uint32_t usual_a_be, const ZoneKinds::Set& kinds) const;

  const std::vector<Override>* overrides_;
  // By overrides, the usual A, and whether there are names and digests.
  std::map<std::tuple<std::vector<size_t>, uint32_t, bool, bool>, Feeds> built_;
};

}  // namespace rblitz
