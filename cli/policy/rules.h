// Which requests the greylist is asked about, and by what name.
//
// Thread-safety: const but for Reload. Errors: Create and Reload say which file cannot be read; after a Reload that
// fails the lists are what they were. Bad lines of the lists are passed over, counted, and the first ten logged.
#pragma once

#include <optional>

#include "cli/grey_name.h"
#include "cli/policy/counters.h"
#include "cli/policy/dns_message.h"
#include "cli/policy/request.h"
#include "cli/policy/settings.h"
#include "cli/policy/whitelist.h"

namespace rblitz::policy {

class Rules {
 public:
  // Lifetime: the settings must outlive the rules.
  [[nodiscard]] static Result<Rules> Create(const Settings* settings, GreyKey key);

  // Reads the lists again.
  [[nodiscard]] Status Reload();
  // Of the lists, when they were last read.
  [[nodiscard]] uint64_t bad_lines() const { return bad_lines_; }

  // Why the request passes without a question; nothing: the greylist has to be asked.
  [[nodiscard]] std::optional<Outcome> WithoutAsking(const Request& request) const;

  // The A question for it; nothing: the request makes no name.
  [[nodiscard]] std::optional<Question> QuestionFor(const Request& request) const;

 private:
  Rules(const Settings* settings, GreyKey key) : settings_(settings), key_(std::move(key)) {}
  [[nodiscard]] bool IsLocal(const Ip6Address& client) const;

  const Settings* settings_;
  GreyKey key_;
  ClientList clients_;
  RecipientList recipients_;
  uint64_t bad_lines_ = 0;
};

// As RFC 4291 section 2.5.5.2 maps an IPv4 one; nothing: it is none.
[[nodiscard]] std::optional<Ip6Address> AddressFrom(std::string_view text);

// What a code of the greylist means (docs/greylisting.md), 127.0.0.4 and all others, in host order.
[[nodiscard]] Outcome OutcomeOf(uint32_t a);

}  // namespace rblitz::policy
