// Who may ask: prefixes of client addresses to what becomes of their questions, longest match.
//
// Thread-safety: Acl is const after AclBuilder::Build; a builder belongs to one thread. Decisions never allocate or
// fail. Units: an IPv4 client is given as its IPv4-mapped address (RFC 4291 section 2.5.5.2), as dual-stack sockets do,
// and obeys IPv4 prefixes only. Cost: nothing but a flag where nobody is named; else one lookup in an Ip4Table or
// Ip6Table, in batches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tables/build_report.h"
#include "tables/ip4_builder.h"
#include "tables/ip4_table.h"
#include "tables/ip6.h"
#include "tables/ip6_builder.h"
#include "tables/ip6_table.h"
#include "tables/verdict.h"

namespace rblitz {

enum class AclAction : uint8_t {
  kPass,    // as if there were no list
  kIgnore,  // no answer at all
  kRefuse,  // REFUSED
  kEmpty,   // as if the zone listed nothing
  kAnswer,  // everything is listed, with one value
};

struct AclDecision {
  AclAction action = AclAction::kPass;
  ValueId value = kNotListed;  // kAnswer's, in the feed's Verdicts

  bool operator==(const AclDecision&) const = default;
};

class Acl {
 public:
  // Nobody is named: all clients get the decision for those that no prefix covers.
  [[nodiscard]] bool same_for_all() const noexcept { return same_for_all_; }

  // For a batch of at most kMaxBatch clients.
  void DecideBatch(std::span<const Ip6Address> clients, AclDecision* decisions) const noexcept;
  [[nodiscard]] AclDecision Decide(const Ip6Address& client) const noexcept;

  [[nodiscard]] uint64_t entries() const noexcept { return ip4_.entries() + ip6_.entries(); }
  [[nodiscard]] size_t bytes() const noexcept;

 private:
  friend class AclBuilder;
  Acl(Ip4Table ip4, Ip6Table ip6, std::vector<AclDecision> decisions);

  Ip4Table ip4_;
  Ip6Table ip6_;
  std::vector<AclDecision> decisions_;  // by the tables' ids; first the one for clients that no prefix covers
  bool same_for_all_;
};

class AclBuilder {
 public:
  explicit AclBuilder(AclDecision unnamed = {}) : ip4_(Precedence::kLongestMatch, &ids_), decisions_{unnamed} {}
  AclBuilder(const AclBuilder&) = delete;
  AclBuilder& operator=(const AclBuilder&) = delete;

  // Of equal prefixes the first counts. REQUIRES: first <= last, and a prefix; bits behind the prefix are zero.
  void Add(uint32_t first, uint32_t last, AclDecision decision);
  // Prefixes of IPv4-mapped addresses are IPv4 prefixes.
  void Add(const Ip6Prefix& prefix, AclDecision decision);

  // `previous`, if any, is what is replaced. REQUIRES: called once.
  [[nodiscard]] Acl Build(const Acl* previous, BuildReport* report);

 private:
  [[nodiscard]] ValueId IdOf(AclDecision decision);

  Verdicts ids_;  // an id for each decision: the builders below know values only
  Ip4Builder ip4_;
  Ip6Builder ip6_;
  std::vector<AclDecision> decisions_;
};

}  // namespace rblitz
