#include "dataplane/stats.h"

namespace rblitz {

std::string_view DropReasonName(DropReason reason) noexcept {
  static constexpr std::string_view kNames[] = {
      "runt",           "oversize",      "other_mac",       "other_ethertype", "double_vlan",   "arp_not_us",
      "nd_not_us",      "bad_nd",        "bad_ip_header",   "ip_checksum",     "ip_options",    "ip6_extension",
      "ip_fragment",    "other_address", "martian",         "other_protocol",  "icmp_checksum", "other_port",
      "bad_udp_length", "udp_checksum",  "no_udp_checksum", "source_port_0",   "short_dns",     "is_response",
      "no_answer_room", "acl",           "rate_limited",    "tx_full",         "kernel_full",
  };
  static_assert(std::size(kNames) == static_cast<size_t>(DropReason::kCount));
  return kNames[static_cast<size_t>(reason)];
}

std::string_view TcpCloseName(TcpClose reason) noexcept {
  static constexpr std::string_view kNames[] = {"client",   "idle",       "slow",         "reset",   "empty",
                                                "too_long", "unanswered", "source_limit", "evicted", "no_memory"};
  static_assert(std::size(kNames) == static_cast<size_t>(TcpClose::kCount));
  return kNames[static_cast<size_t>(reason)];
}

std::string_view OutcomeName(Outcome outcome) noexcept {
  static constexpr std::string_view kNames[] = {"listed",  "nodata",  "nxdomain", "servfail",
                                                "refused", "ignored", "other"};
  static_assert(std::size(kNames) == static_cast<size_t>(Outcome::kCount));
  return kNames[static_cast<size_t>(outcome)];
}

std::string_view CookieStateName(size_t state) noexcept {
  static constexpr std::string_view kNames[] = {"none", "malformed", "client_only", "invalid", "valid"};
  static_assert(std::size(kNames) == kCookieStates);
  return kNames[state];
}

AskedType AskedTypeOf(uint16_t qtype) noexcept {
  // RFC 1035 section 3.2.2, RFC 3596.
  switch (qtype) {
    case 1:
      return AskedType::kA;
    case 2:
      return AskedType::kNs;
    case 6:
      return AskedType::kSoa;
    case 15:
      return AskedType::kMx;
    case 16:
      return AskedType::kTxt;
    case 28:
      return AskedType::kAaaa;
    case 255:
      return AskedType::kAny;
    default:
      return AskedType::kOther;
  }
}

std::string_view AskedTypeName(AskedType type) noexcept {
  static constexpr std::string_view kNames[] = {"A", "NS", "SOA", "MX", "TXT", "AAAA", "ANY", "other"};
  static_assert(std::size(kNames) == static_cast<size_t>(AskedType::kCount));
  return kNames[static_cast<size_t>(type)];
}

}  // namespace rblitz
