#include "dataplane/stats.h"

namespace rblitz {

std::string_view DropReasonName(DropReason reason) noexcept {
  static constexpr std::string_view kNames[] = {
      "runt",          "oversize",       "other_mac",     "other_ethertype", "arp_not_us",
      "bad_ip_header", "ip_checksum",    "ip_options",    "ip_fragment",     "other_address",
      "martian",       "other_protocol", "icmp_checksum", "other_port",      "bad_udp_length",
      "udp_checksum",  "source_port_0",  "short_dns",     "is_response",     "no_answer_room",
      "acl",           "tx_full",
  };
  static_assert(std::size(kNames) == static_cast<size_t>(DropReason::kCount));
  return kNames[static_cast<size_t>(reason)];
}

std::string_view OutcomeName(Outcome outcome) noexcept {
  static constexpr std::string_view kNames[] = {"listed",  "nodata",  "nxdomain", "servfail",
                                                "refused", "ignored", "other"};
  static_assert(std::size(kNames) == static_cast<size_t>(Outcome::kCount));
  return kNames[static_cast<size_t>(outcome)];
}

}  // namespace rblitz
