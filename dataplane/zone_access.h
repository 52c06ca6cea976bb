// Who may ask a zone, and what they get: its `allow` and its feeds of format acl, which count together. The strictest
// word wins: no answer, REFUSED, an empty zone, one answer to everything; of several such answers that of the first
// feed. For zone*.cc and responder*.cc only.
//
// Thread-safety: const. Lifetime: it points into the feeds of the zone's Snapshot.
// Cost: no allocation; one lookup in an Acl for `allow` and for each feed.
// Source: the acl of rbldnsd(8).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/zone_rep.h"
#include "tables/acl.h"
#include "tables/ip6.h"

namespace rblitz {

struct ZoneDecision {
  AclAction action = AclAction::kPass;
  const ZoneFeed* feed = nullptr;  // kAnswer's
  ValueId value = kNotListed;      // in it
};

class ZoneAccess {
 public:
  // `allow`: none is everyone. `lists` are access lists.
  ZoneAccess(std::span<const Ip6Prefix> allow, std::vector<ZoneFeed> lists);

  [[nodiscard]] ZoneDecision Decide(const Ip6Address& client) const noexcept;

 private:
  std::optional<Acl> allow_;
  std::vector<ZoneFeed> lists_;
};

}  // namespace rblitz
