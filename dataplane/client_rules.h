// What clients have to go through before they are answered: DNS cookies and limits on answers. A part of what is
// served, so that a reload changes it.
//
// Thread-safety: const once published.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/dns/siphash.h"
#include "tables/acl.h"

namespace rblitz {

struct CookieRules {
  std::vector<dns::SipKey> secrets;  // at least one; the first makes cookies, all are good
  bool require =
      false;  // over UDP, a client that sends a cookie is answered only when it is one of ours (RFC 7873 5.2)
};

struct LimitRules {
  uint32_t responses_per_second = 0;  // to each prefix, at least 1
  uint8_t prefix_v4 = 24;             // 1 to 32
  uint8_t prefix_v6 = 56;             // 1 to 64
  uint32_t slip = 2;                  // of so many limited answers to a prefix one goes out truncated; 0: none
  bool log_only = false;              // count what would be limited, and answer
  std::optional<Acl> exempt;          // decides kPass for clients without a limit; absent: nobody
};

struct ClientRules {
  std::optional<CookieRules> cookies;
  std::optional<LimitRules> limit;
};

}  // namespace rblitz
