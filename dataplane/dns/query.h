// Reads a question: header, name, type, class, EDNS. The whole of what the wire may say; the responder takes a shorter
// way for what mail servers ask all day, and this one for everything else.
//
// Thread-safety: pure. Errors: a QueryStatus. Cost: about 20 ns.
// Source: RFC 1035 section 4.1, RFC 6891 section 6.1, RFC 8906 section 3.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/dns/wire.h"

namespace rblitz::dns {

enum class QueryStatus : uint8_t {
  kOk,
  kShort,       // not even a header: no answer
  kResponse,    // QR = 1: no answer
  kNotImp,      // an opcode other than QUERY; edns is known where the rest could be read
  kFormErr,     // see question_end for what of it can be echoed
  kBadVers,     // EDNS version above 0; everything else is readable
  kNoQuestion,  // QDCOUNT 0, everything else is readable: what cookies make something of (RFC 7873 section 5.4)
};

struct Query {
  QueryStatus status = QueryStatus::kOk;
  bool edns = false;
  bool dnssec_ok = false;
  bool over_tcp = false;            // never set by ParseQuery: whoever received it knows
  uint16_t udp_size = kMinUdpSize;  // what the client takes over UDP, at least kMinUdpSize
  uint16_t qtype = 0;
  uint16_t qclass = 0;
  uint16_t question_end = kHeaderSize;  // offset behind QCLASS; kHeaderSize when there is no readable question
  uint16_t options_at = 0;              // of what OPT carries
  uint16_t options_size = 0;            // bytes
  uint8_t labels = 0;                   // of the name, without the root label
  uint8_t name_size = 0;                // bytes, with the root label
  uint8_t label_at[kMaxLabels + 1];     // offset in the name of each label and of the root label

  // As it was made, but for label_at.
  void Clear() noexcept {
    status = QueryStatus::kOk;
    edns = dnssec_ok = over_tcp = false;
    udp_size = kMinUdpSize;
    qtype = qclass = 0;
    question_end = kHeaderSize;
    options_at = options_size = 0;
    labels = name_size = 0;
  }
};

void ParseQuery(std::span<const uint8_t> message, Query* query) noexcept;
[[nodiscard]] inline Query ParseQuery(std::span<const uint8_t> message) noexcept {
  Query query;
  ParseQuery(message, &query);
  return query;
}

// Whether the options of an OPT fill its data exactly (RFC 6891 section 6.1.2).
[[nodiscard]] bool OptionsAreWellFormed(std::span<const uint8_t> rdata) noexcept;

}  // namespace rblitz::dns
