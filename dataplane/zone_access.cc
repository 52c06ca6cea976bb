#include "dataplane/zone_access.h"

#include <array>
#include <utility>

namespace rblitz {

namespace {

constexpr unsigned Strictness(AclAction action) noexcept {
  switch (action) {
    case AclAction::kIgnore:
      return 4;
    case AclAction::kRefuse:
      return 3;
    case AclAction::kEmpty:
      return 2;
    case AclAction::kAnswer:
      return 1;
    default:
      return 0;
  }
}

Acl AllowOnly(std::span<const Ip6Prefix> clients) {
  AclBuilder builder({.action = AclAction::kRefuse});
  for (const Ip6Prefix& prefix : clients) builder.Add(prefix, {.action = AclAction::kPass});
  BuildReport report;
  return builder.Build(nullptr, &report);
}

}  // namespace

ZoneAccess::ZoneAccess(std::span<const Ip6Prefix> allow, std::vector<ZoneFeed> lists) : lists_(std::move(lists)) {
  if (!allow.empty()) allow_ = AllowOnly(allow);
}

ZoneDecision ZoneAccess::Decide(const Ip6Address& client) const noexcept {
  ZoneDecision strictest;
  if (allow_) strictest.action = allow_->Decide(client).action;
  for (const ZoneFeed& list : lists_) {
    const AclDecision decision = list.data->acl->Decide(client);
    if (Strictness(decision.action) <= Strictness(strictest.action)) continue;
    strictest = {.action = decision.action, .feed = &list, .value = decision.value};
  }
  return strictest;
}

}  // namespace rblitz
