#include "dataplane/dns/query.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace rblitz::dns {

namespace {

using Message = std::span<const uint8_t>;

// Offset behind the name at `at`, which may end in a pointer; 0 when it runs past the end. Pointers are not followed:
// nobody wants to know what a record's owner is.
size_t SkipName(Message message, size_t at) noexcept {
  while (at < message.size()) {
    const uint8_t length = message[at];
    if (length == 0) return at + 1;
    if ((length & 0xc0) == 0xc0) return message.size() - at >= 2 ? at + 2 : 0;
    if (length > kMaxLabel || length >= message.size() - at) return 0;
    at += 1u + length;
  }
  return 0;
}

// RFC 6891 section 6.1.3: class is the client's size, TTL is extended RCODE, version and flags.
void TakeOpt(Message message, size_t fixed, uint16_t length, Query& query) noexcept {
  if (query.edns || !OptionsAreWellFormed(message.subspan(fixed + 10, length))) {
    query.status = QueryStatus::kFormErr;  // RFC 6891 section 6.1.1: more than one OPT
    query.edns = true;
    return;
  }
  query.edns = true;
  query.options_at = static_cast<uint16_t>(fixed + 10);
  query.options_size = length;
  query.udp_size = std::max(Load16(&message[fixed + 2]), kMinUdpSize);
  const uint32_t flags = Load32(&message[fixed + 4]);
  query.dnssec_ok = (flags & kDo) != 0;
  if ((flags >> 16 & 0xff) != 0) query.status = QueryStatus::kBadVers;
}

// Four labels of one byte each, as nibbles are, at once. Bytes taken; 0: they are not such, or near an end.
size_t TakeNibbles(Message message, size_t at, Query& query) noexcept {
  constexpr size_t kLabels = 4;
  constexpr size_t kBytes = 2 * kLabels;
  constexpr uint64_t kLengths = 0x00ff'00ff'00ff'00ff;
  constexpr uint64_t kOnes = 0x0001'0001'0001'0001;
  static_assert(std::endian::native == std::endian::little);
  const size_t start = at - kHeaderSize;
  if (message.size() - at <= kBytes || start + kBytes >= kMaxName || query.labels + kLabels > kMaxLabels) return 0;
  uint64_t labels;
  std::memcpy(&labels, &message[at], sizeof labels);
  if ((labels & kLengths) != kOnes) return 0;
  const uint32_t starts = static_cast<uint32_t>(start) * 0x01010101u + 0x06040200u;
  std::memcpy(&query.label_at[query.labels], &starts, sizeof starts);
  query.labels = static_cast<uint8_t>(query.labels + kLabels);
  return kBytes;
}

// The name of the question: no pointers, at most 255 bytes (RFC 1035 section 2.3.4). False when it is not one.
bool ParseName(Message message, Query& query) noexcept {
  size_t at = kHeaderSize;
  while (at < message.size()) {
    const uint8_t length = message[at];
    if (length == 1) {
      if (const size_t taken = TakeNibbles(message, at, query); taken != 0) {
        at += taken;
        continue;
      }
    }
    if (length > kMaxLabel || at - kHeaderSize + length >= kMaxName || query.labels == kMaxLabels + 1) return false;
    query.label_at[query.labels] = static_cast<uint8_t>(at - kHeaderSize);
    if (length == 0) {
      query.name_size = static_cast<uint8_t>(at + 1 - kHeaderSize);
      return true;
    }
    ++query.labels;
    at += 1u + length;
  }
  return false;
}

// What follows the question: counts as in the header. Sets edns, dnssec_ok, udp_size, options, status.
void ParseRecords(Message message, size_t at, Query& query) noexcept {
  const unsigned before =
      Load16(&message[6]) + Load16(&message[8]);  // ANCOUNT, NSCOUNT: records of no use in a question
  const unsigned records = before + Load16(&message[10]);
  for (unsigned i = 0; i < records; ++i) {
    const size_t owner = at;
    at = SkipName(message, at);
    // Each record takes at least 11 bytes, so that a count of 65535 ends with the message.
    if (at == 0 || message.size() - at < 10 || Load16(&message[at + 8]) > message.size() - at - 10) {
      query.status = QueryStatus::kFormErr;
      return;
    }
    const uint16_t length = Load16(&message[at + 8]);
    if (i >= before && Load16(&message[at]) == kOpt) {
      TakeOpt(message, at, length, query);
      if (message[owner] != 0) query.status = QueryStatus::kFormErr;  // RFC 6891 section 6.1.2: owner is the root
      if (query.status == QueryStatus::kFormErr) return;
    }
    at += 10u + length;
  }
}

// Behind all questions, of which there is another number than one, or whose opcode is not known here; 0 when they
// cannot be read.
size_t SkipQuestions(Message message) noexcept {
  size_t at = kHeaderSize;
  for (unsigned left = Load16(&message[4]); left > 0; --left) {
    at = SkipName(message, at);
    if (at == 0 || message.size() - at < 4) return 0;
    at += 4;
  }
  return at;
}

// Neither is answered, but whoever speaks EDNS is answered in EDNS (RFC 6891 section 6.1.1).
void ParseUnanswerable(Message message, Query& query) noexcept {
  const size_t at = SkipQuestions(message);
  if (at == 0) return;
  const QueryStatus reason = std::exchange(query.status, QueryStatus::kOk);
  ParseRecords(message, at, query);
  const bool lacks_question = reason == QueryStatus::kFormErr && at == kHeaderSize;
  query.status = lacks_question && query.status == QueryStatus::kOk ? QueryStatus::kNoQuestion : reason;
}

}  // namespace

bool OptionsAreWellFormed(Message rdata) noexcept {
  while (!rdata.empty()) {
    if (rdata.size() < 4) return false;
    const size_t length = Load16(&rdata[2]);
    if (length > rdata.size() - 4) return false;
    rdata = rdata.subspan(4 + length);
  }
  return true;
}

void ParseQuery(Message message, Query* parsed) noexcept {
  Query& query = *parsed;
  query.Clear();
  if (message.size() < kHeaderSize) {
    query.status = QueryStatus::kShort;
    return;
  }
  const uint16_t flags = Load16(&message[2]);
  if ((flags & kQr) != 0) {
    query.status = QueryStatus::kResponse;
    return;
  }
  const bool is_query = (flags & kOpcodeMask) == 0;
  if (!is_query || Load16(&message[4]) != 1) {
    query.status = is_query ? QueryStatus::kFormErr : QueryStatus::kNotImp;
    return ParseUnanswerable(message, query);
  }
  query.status = QueryStatus::kFormErr;
  if (!ParseName(message, query)) return;
  const size_t end = kHeaderSize + query.name_size;
  if (message.size() - end < 4) return;
  query.qtype = Load16(&message[end]);
  query.qclass = Load16(&message[end + 2]);
  query.question_end = static_cast<uint16_t>(end + 4);
  query.status = QueryStatus::kOk;
  ParseRecords(message, end + 4, query);
}

}  // namespace rblitz::dns
