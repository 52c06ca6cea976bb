// Who may ask a zone, and what they get: its `allow` and its feeds of formats acl and aclkey, which count together. The
// strictest word wins: no answer, REFUSED, an empty zone, one answer to everything; of several such answers that of the
// first feed. For zone*.cc and responder*.cc only.
//
// Thread-safety: const. Lifetime: it points into the feeds of the zone's Snapshot.
// Cost: no allocation; one lookup for `allow` and for each feed.
// Source: the acl of rbldnsd(8), the aclkey of its fork at rspamd.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/zone_rep.h"
#include "tables/acl.h"
#include "tables/ip6.h"

namespace rblitz {

struct ZoneDecision {
  AclAction action = AclAction::kPass;
  const ZoneFeed* feed = nullptr;  // kAnswer's
  ValueId value = kNotListed;      // in it
  bool is_keyed = false;           // the question's key is one of a feed's: it is no part of what is asked for
};

// The label before the apex of the configured zone, in lower case; empty: there is none. Absent: no key is looked for.
using AskedKey = std::optional<std::string_view>;

class ZoneAccess {
 public:
  // `allow`: none is everyone; `others` is what those get that it does not name. `lists` are access lists.
  ZoneAccess(std::span<const Ip6Prefix> allow, AclAction others, std::vector<ZoneFeed> lists);

  // Some feed wants keys.
  [[nodiscard]] bool has_keys() const noexcept { return has_keys_; }

  [[nodiscard]] ZoneDecision Decide(const Ip6Address& client, AskedKey key) const noexcept;

 private:
  std::optional<Acl> allow_;
  std::vector<ZoneFeed> lists_;
  bool has_keys_ = false;
};

}  // namespace rblitz
