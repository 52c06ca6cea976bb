// Requests of Postfix' policy delegation protocol: lines of name=value, ended by an empty line.
//
// Lines may end in CR LF. Attributes that nobody needs are skipped; of one that comes twice the last counts, as
// SMTPD_POLICY_README allows.
//
// Thread-safety: pure. Lifetime: a request refers to the bytes it was read from. Errors: nothing is guessed: whoever
// sends a broken request is disconnected, so that the mail server takes its default action.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace rblitz::policy {

// More than Postfix ever sends; a client that sends more without an end is broken.
inline constexpr size_t kMaxRequest = 16384;

struct Request {
  std::string_view client_address;
  std::string_view client_name;  // verified; "unknown" where there is none
  std::string_view sender;       // empty: the null sender
  std::string_view recipient;    // empty where the mail server is not at RCPT TO
  std::string_view instance;     // the same for all recipients of a mail
  std::string_view sasl_username;
  std::string_view policy_context;
};

// The size of the first request with its empty line; nothing: it is not whole yet. `searched` is where to go on when
// more has come, 0 at first.
[[nodiscard]] std::optional<size_t> RequestSize(std::string_view bytes, size_t* searched) noexcept;

// Of a whole request. Nothing: a line without '=', a NUL byte, or not what a mail server asks of a policy service.
[[nodiscard]] std::optional<Request> ReadRequest(std::string_view whole) noexcept;

}  // namespace rblitz::policy
