// Builds an Ip6Table from prefixes in any order. The longest that covers an address decides, of equal ones the first:
// rbldnsd's ip6trie. Its ip6tset, a set of /64s from which single addresses are excluded, is a case of that.
//
// Thread-safety: none; one builder, one thread.
// Cost: 8 bytes a /64 while all have one value, 16 otherwise, 24 any other prefix; Build sorts them and needs the
// finished table besides. Errors: Build fails only when memory runs out (std::bad_alloc).
#pragma once

#include <memory>

#include "tables/build_report.h"
#include "tables/ip6.h"
#include "tables/ip6_table.h"
#include "tables/verdict.h"

namespace rblitz {

class Ip6Builder {
 public:
  Ip6Builder();
  ~Ip6Builder();

  // Lists or, with kNotListed, excludes. REQUIRES: bits behind the prefix are zero; fewer than 2^32 prefixes.
  void Add(const Ip6Prefix& prefix, ValueId value);

  // `previous`, if any, is the table being replaced. The builder is empty afterwards.
  [[nodiscard]] Ip6Table Build(const Ip6Table* previous, BuildReport* report);

  // The entry for exactly kIp6TestListed or kIp6TestUnlisted, also after Build.
  [[nodiscard]] ExactEntry exact(const Ip6Address& address) const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz
