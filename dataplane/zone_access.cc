#include "dataplane/zone_access.h"

#include <algorithm>
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

Acl AllowOnly(std::span<const Ip6Prefix> clients, AclAction others) {
  AclBuilder builder({.action = others});
  for (const Ip6Prefix& prefix : clients) builder.Add(prefix, {.action = AclAction::kPass});
  BuildReport report;
  return builder.Build(nullptr, &report);
}

}  // namespace

ZoneAccess::ZoneAccess(std::span<const Ip6Prefix> allow, AclAction others, std::vector<ZoneFeed> lists)
    : lists_(std::move(lists)) {
  if (!allow.empty()) allow_ = AllowOnly(allow, others);
  has_keys_ = std::ranges::any_of(lists_, [](const ZoneFeed& list) { return list.data->keys != nullptr; });
}

ZoneDecision ZoneAccess::Decide(const Ip6Address& client, AskedKey key) const noexcept {
  ZoneDecision strictest;
  if (allow_) strictest.action = allow_->Decide(client).action;
  bool is_keyed = false;
  for (const ZoneFeed& list : lists_) {
    AclDecision decision;
    if (list.data->acl != nullptr) {
      decision = list.data->acl->Decide(client);
    } else if (key) {
      const AclDecision* const known = list.data->keys->Find(*key);
      is_keyed |= known != nullptr;
      decision = known != nullptr ? *known : list.data->keys->unnamed();
    }
    if (Strictness(decision.action) <= Strictness(strictest.action)) continue;
    strictest = {.action = decision.action, .feed = &list, .value = decision.value};
  }
  strictest.is_keyed = is_keyed;
  return strictest;
}

}  // namespace rblitz
