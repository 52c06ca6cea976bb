// Stands before the responder where clients have rules to obey (dataplane/client_rules.h): checks and renews DNS
// cookies, limits answers, and lets the responder see only what is left. Where there are no rules it is not called.
//
// Of an address that can be forged nothing is believed but a cookie: a client with a valid one has no limit. What is
// limited is dropped before anything is looked up.
//
// Thread-safety: one worker. Lifetime: the responder must outlive it, `serving` the call.
// Errors: none; a message that gets no answer has its size set to 0 and its reason counted.
// Cost: no allocation but at the start; a question with EDNS is parsed once more, a cookie is a SipHash or two, a limit
// is a cache line; a message is copied there and back. ReadClocks once a burst, which is no system call.
// Source: RFC 7873 section 5.2, RFC 9018.
#pragma once

#include <cstdint>

#include "dataplane/dns/cookie.h"
#include "dataplane/dns/query.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/rate_limit.h"
#include "dataplane/responder.h"
#include "dataplane/stats.h"
#include "dataplane/zone.h"

namespace rblitz {

struct CookieRules;
struct LimitRules;

class Gate {
 public:
  struct Clocks {
    uint64_t steady_ns = 0;
    uint32_t unix_seconds = 0;
  };
  // As exact as the kernel's ticks are, some milliseconds.
  [[nodiscard]] static Clocks ReadClocks() noexcept;

  Gate(Responder* responder, WorkerStats* stats) noexcept : responder_(responder), stats_(stats) {}

  // Turns every question of the burst into its answer, in place. REQUIRES: serving.client_rules.
  void Answer(io::Burst& burst, const Serving& serving, Clocks now) noexcept;

 private:
  // What a message's OPT says, as far as cookies want to know.
  struct Asked {
    dns::Query query;
    dns::CookieState state = dns::CookieState::kNone;
    dns::Cookie cookie;  // that the client gets
  };
  enum class Share : uint8_t { kAllowed, kTruncated, kNothing };

  [[nodiscard]] bool Settle(io::Burst& burst, io::Message& message, const Serving& serving, Clocks now,
                            Asked& asked) noexcept;
  void CheckCookie(const io::Message& message, const io::ClientAddress& client, const CookieRules& rules, Clocks now,
                   Asked& asked) noexcept;
  [[nodiscard]] Share ShareOf(const io::ClientAddress& client, const LimitRules& rules, Clocks now) noexcept;
  void Truncate(io::Message& message, Asked& asked) noexcept;
  void Refuse(io::Message& message, const Asked& asked, dns::Rcode rcode) noexcept;
  void Keep(const io::Message& message, size_t index, const Asked& asked, bool over_tcp) noexcept;
  void GiveBack(io::Burst& burst) noexcept;

  Responder* responder_;
  WorkerStats* stats_;
  RateLimit limit_;
  // What the responder is to answer: where in the burst it stands, and the cookie that its answer carries, if any.
  io::Burst kept_;
  uint8_t index_[io::kBurst];
  bool has_cookie_[io::kBurst];
  dns::Cookie cookies_[io::kBurst];
};

}  // namespace rblitz
