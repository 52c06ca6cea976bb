// Reads what mail servers ask all day: one question for an address in a zone, with or without OPT. Everything else is
// left to ParseQuery. For responder*.cc only.
//
// Thread-safety: const. Cost: some thirty instructions for a question that is one.
// Source: RFC 5782 section 2.1, RFC 6891 section 6.1.2.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "dataplane/dns/query.h"
#include "dataplane/ready_writer.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

// Whether good options follow OPT's fixed part. REQUIRES: `options` stands behind it.
[[nodiscard, gnu::noinline]] inline bool AreGoodOptions(const uint8_t* options, size_t size) noexcept {
  return dns::Load16(options - dns::kOptSize + kOptLengthAt) == size && dns::OptionsAreWellFormed({options, size});
}

// What ParseQuery says of a question that is bare or has OPT at once, as far as AnswerWriter wants to know. REQUIRES:
// not Form::kOther.
[[nodiscard]] inline dns::Query PlainQuery(const io::Message& message, Form form, uint16_t question_end,
                                           uint16_t qtype) noexcept {
  dns::Query query;
  query.question_end = question_end;
  query.qtype = qtype;
  query.edns = form == Form::kOpt;
  if (query.edns) {
    const uint8_t* const opt = message.payload + question_end;
    query.dnssec_ok = (opt[kOptFlagsAt] & 0x80) != 0;
    query.udp_size = std::max(dns::Load16(opt + kOptSizeAt), dns::kMinUdpSize);
  }
  return query;
}

struct Responder::CommonQuestion {
  const Zone::Rep* zone = nullptr;  // null: it is something else
  size_t has_opt = 0;
  size_t end = 0;
};

// `labels`: bytes before the apex, 0 where they are no address. `find(apex, has_opt)`: the zone whose apex stands
// there.
template <class Find>
inline Responder::CommonQuestion Responder::ReadCommon(const io::Message& message, size_t labels,
                                                       Find&& find) noexcept {
  // The header's counts of a plain question, ARCOUNT 0: in memory order, turned so that ARCOUNT's last byte is the
  // lowest.
  constexpr uint64_t kPlainCounts = 0x01'0000;
  constexpr uint16_t kQrAndOpcode = 0x00f8;  // memory order

  if (message.capacity < kReadyRoom) [[unlikely]]
    return {};
  const uint8_t* const p = message.payload;
  const uint64_t edns = std::rotl(Load<uint64_t>(p + 4), 8) - kPlainCounts;
  const size_t has_opt = edns & 1;
  const size_t apex_at = dns::kHeaderSize + labels;
  const Zone::Rep* const zone = find(p + apex_at, has_opt);
  const uint64_t is_no_address = (uint64_t{labels} - 1) >> 63;
  if ((zone == nullptr) | (((edns >> 1) | (Load<uint16_t>(p + 2) & kQrAndOpcode) | is_no_address) != 0)) [[unlikely]]
    return {};
  const size_t end = apex_at + zone->ends[0].size();
  const size_t rest = message.size - end;  // wraps where the question is cut off: never a good size
  if (rest == 0 && has_opt == 0) return {zone, 0, end};
  if (rest < dns::kOptSize || rest > message.size || has_opt == 0) [[unlikely]]
    return {};
  const bool is_bare_opt = (rest == dns::kOptSize) & (Load<uint16_t>(p + end + kOptLengthAt) == 0);
  if (!is_bare_opt && !AreGoodOptions(p + end + dns::kOptSize, rest - dns::kOptSize)) return {};
  return {zone, 1, end};
}

inline Responder::CommonQuestion Responder::ReadCommon(const io::Message& message, size_t labels,
                                                       const ZoneSet& zones) noexcept {
  return ReadCommon(message, labels,
                    [&](const uint8_t* apex, size_t has_opt) { return zones.index_->FindCommon(apex, has_opt); });
}

}  // namespace rblitz
