#include "tables/acl.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rblitz {

Acl::Acl(Ip4Table ip4, Ip6Table ip6, std::vector<AclDecision> decisions)
    : ip4_(std::move(ip4)), ip6_(std::move(ip6)), decisions_(std::move(decisions)), same_for_all_(entries() == 0) {}

void Acl::DecideBatch(std::span<const Ip6Address> clients, AclDecision* decisions) const noexcept {
  assert(clients.size() <= kMaxBatch);
  if (same_for_all_) {
    std::fill_n(decisions, clients.size(), decisions_.front());
    return;
  }
  uint32_t ip4[kMaxBatch];
  Ip6Address ip6[kMaxBatch];
  uint8_t of_ip4[kMaxBatch];
  uint8_t of_ip6[kMaxBatch];
  size_t ip4s = 0;
  size_t ip6s = 0;
  for (size_t i = 0; i < clients.size(); ++i) {
    const bool is_ip4 = IsV4Mapped(clients[i]);
    ip4[ip4s] = static_cast<uint32_t>(clients[i].low);
    of_ip4[ip4s] = static_cast<uint8_t>(i);
    ip4s += is_ip4;
    ip6[ip6s] = clients[i];
    of_ip6[ip6s] = static_cast<uint8_t>(i);
    ip6s += !is_ip4;
  }
  ValueId ids[kMaxBatch];
  ip4_.LookupBatch({ip4, ip4s}, ids);
  for (size_t i = 0; i < ip4s; ++i) decisions[of_ip4[i]] = decisions_[ids[i]];
  ip6_.LookupBatch({ip6, ip6s}, ids);
  for (size_t i = 0; i < ip6s; ++i) decisions[of_ip6[i]] = decisions_[ids[i]];
}

AclDecision Acl::Decide(const Ip6Address& client) const noexcept {
  AclDecision decision;
  DecideBatch({&client, 1}, &decision);
  return decision;
}

size_t Acl::bytes() const noexcept {
  return ip4_.bytes() + ip6_.bytes() + decisions_.capacity() * sizeof(decisions_[0]);
}

ValueId AclBuilder::IdOf(AclDecision decision) {
  const ValueId id = ids_.Intern({.a_be = static_cast<uint32_t>(decision.action), .text = decision.value});
  if (id == decisions_.size()) decisions_.push_back(decision);
  return id;
}

void AclBuilder::Add(uint32_t first, uint32_t last, AclDecision decision) {
  ip4_.AddRange(first, last, IdOf(decision));
}

void AclBuilder::Add(const Ip6Prefix& prefix, AclDecision decision) {
  if (!IsV4Mapped(prefix.address) || prefix.length < 96) {
    ip6_.Add(prefix, IdOf(decision));
    return;
  }
  const auto first = static_cast<uint32_t>(prefix.address.low);
  Add(first, first | static_cast<uint32_t>(HostBits(prefix.length).low), decision);
}

Acl AclBuilder::Build(const Acl* previous, BuildReport* report) {
  Ip4Table ip4 = ip4_.Build(previous != nullptr ? &previous->ip4_ : nullptr, report);
  BuildReport ip6_report;
  Ip6Table ip6 = ip6_.Build(previous != nullptr ? &previous->ip6_ : nullptr, &ip6_report);
  *report += ip6_report;
  return {std::move(ip4), std::move(ip6), std::move(decisions_)};
}

}  // namespace rblitz
