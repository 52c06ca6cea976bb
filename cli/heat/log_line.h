// Who a line of a mail server's log says has come: the client of a connection, or of a message.
//
// Postfix: each connection to smtpd, and each that postscreen ends itself: what it hands on to smtpd is told of there.
// Exim: each message that arrived and each client that was refused something. Else a line is an address, perhaps with
// more behind a blank, as lists and access logs have it.
//
// What clients choose themselves, as HELO and senders, is never read as their address.
//
// Thread-safety: pure. Cost: one pass over the line, no allocation.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "tables/ip6.h"

namespace rblitz {

// In host order; an IPv4 address that is written as IPv6 is one of IPv4.
using ClientAddress = std::variant<uint32_t, Ip6Address>;

struct LogLine {
  enum class Kind : uint8_t {
    kOther,    // of no client, or of no kind that is known
    kMail,     // a mail server's, of no client
    kClient,   // a mail server's
    kPlain,    // the line begins with the address
    kNothing,  // empty, or a comment
    kBad,      // of a client, whose address cannot be read
  };
  Kind kind = Kind::kOther;
  ClientAddress client;
};

// REQUIRES: kBlockSlack bytes behind the line may be read.
[[nodiscard]] LogLine ReadLogLine(std::string_view line);

}  // namespace rblitz
