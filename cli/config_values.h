// The values that configuration keys have as text: times, addresses, names, SOA.
//
// Thread-safety: pure. Errors: the message says what is wrong with the value; whoever reads the file adds file, line
// and key.
#pragma once

#include <cstdint>
#include <string>

#include "tables/ip6.h"
#include "tables/result.h"
#include "tables/snapshot.h"

namespace rblitz {

// "35m", "1h30m", "90": seconds, with units s, m, h, d, w. At most 2^31 - 1 (RFC 2181 section 8).
[[nodiscard]] Result<uint32_t> ParseSeconds(const std::string& text);

// "200ms", "1s": milliseconds, with the unit ms, or what ParseSeconds understands. At most an hour.
[[nodiscard]] Result<uint32_t> ParseMilliseconds(const std::string& text);

// "64M", "2G", "4096": bytes, with the binary units K, M, G and T.
[[nodiscard]] Result<uint64_t> ParseBytes(const std::string& text);

// "/16" or "65536": how many addresses a network may have, as in rbldnsd's $MAXRANGE4.
[[nodiscard]] Result<uint64_t> ParseMaxRange(const std::string& text);

// "/32": the length of the widest network of IPv6 that is let through.
[[nodiscard]] Result<uint8_t> ParseMaxRange6(const std::string& text);

// "127.0.0.2" in network order, as an A record carries it. 0.0.0.0 is refused.
[[nodiscard]] Result<uint32_t> ParseAValue(const std::string& text);

// What becomes of bits behind the prefix, as in 192.0.2.7/24.
enum class HostPart : uint8_t { kRefused, kIgnored };
// "10.0.0.0/8", "192.0.2.7", "2001:db8::/32": clients; those of IPv4 as mapped addresses (RFC 4291 section 2.5.5.2).
[[nodiscard]] Result<Ip6Prefix> ParseClients(const std::string& text, HostPart host_part = HostPart::kRefused);
// The same, back.
[[nodiscard]] std::string ClientsText(const Ip6Prefix& clients);
// The same, or "none" for 0.
[[nodiscard]] Result<uint32_t> ParseCode(const std::string& text);

// A domain name without escapes: labels of letters, digits, '-' and '_'. Returned in lower case without a final dot.
[[nodiscard]] Result<std::string> ParseDomainName(const std::string& text);

// "mname rname serial refresh retry expire minimum".
[[nodiscard]] Result<Soa> ParseSoa(const std::string& text);

// What feeds are called, in answers, commands and file names.
[[nodiscard]] Result<std::string> ParseFeedName(const std::string& text);

}  // namespace rblitz
