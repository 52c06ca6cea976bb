#include "dataplane/answer_writer.h"

#include <algorithm>
#include <cstring>

#include "dataplane/dns/name.h"
#include "dataplane/net/checksum.h"

namespace rblitz {

namespace {

constexpr size_t kRecordHead = 12;  // pointer, type, class, TTL, length

uint32_t SumOf(const io::Message& message) noexcept { return net::Sum(message.payload, message.size); }

// RFC 1035 section 4.1.1: what of the question's flags an answer keeps.
uint16_t KeptFlags(const uint8_t* payload) noexcept { return dns::Load16(payload + 2) & (dns::kOpcodeMask | dns::kRd); }

}  // namespace

AnswerWriter::AnswerWriter(io::Message& message, const dns::Query& query) noexcept
    : message_(message), query_(query), old_sum_(SumOf(message)), end_(query.question_end) {
  // RFC 6891 section 6.2.3: sizes that are offered are those of UDP.
  const size_t wanted = query.over_tcp ? dns::kMaxMessage
                        : query.edns   ? std::min(query.udp_size, dns::kUdpSize)
                                       : dns::kMinUdpSize;
  limit_ = std::min<size_t>(message.capacity, wanted) - (query.edns ? dns::kOptSize : 0);
}

uint8_t* AnswerWriter::Room(size_t bytes, Section section) noexcept {
  if (end_ > limit_ || bytes > limit_ - end_) {
    truncated_ |= section == Section::kAnswer;
    return nullptr;
  }
  uint8_t* const room = message_.payload + end_;
  end_ += bytes;
  return room;
}

void AnswerWriter::AddChunk(const RecordChunk& chunk, Section section) noexcept {
  if (chunk.records == 0) return;
  uint8_t* const out = Room(chunk.bytes.size(), section);
  if (out == nullptr) return;
  std::memcpy(out, chunk.bytes.data(), chunk.bytes.size());
  for (const auto& [at, delta] : chunk.places) {
    dns::Store16(out + at, static_cast<uint16_t>(dns::kPointer | (apex_at_ + delta)));
  }
  counts_[static_cast<size_t>(section)] = static_cast<uint16_t>(counts_[static_cast<size_t>(section)] + chunk.records);
}

bool AnswerWriter::IsThere(uint16_t type, std::span<const uint8_t> rdata) const noexcept {
  // Every record of the answer section was written by AddRecord: owner is the pointer to the question.
  for (size_t at = query_.question_end; at < end_;) {
    const uint8_t* const record = message_.payload + at;
    const size_t length = dns::Load16(record + 10);
    if (dns::Load16(record + 2) == type && length == rdata.size() &&
        std::memcmp(record + kRecordHead, rdata.data(), length) == 0) {
      return true;
    }
    at += kRecordHead + length;
  }
  return false;
}

void AnswerWriter::AddRecord(uint16_t type, uint16_t qclass, uint32_t ttl_seconds, std::span<const uint8_t> rdata,
                             Section section) noexcept {
  if (IsThere(type, rdata)) return;
  uint8_t* const out = Room(kRecordHead + rdata.size(), section);
  if (out == nullptr) return;
  dns::Store16(out, dns::kQnamePointer);
  dns::Store16(out + 2, type);
  dns::Store16(out + 4, qclass);
  dns::Store32(out + 6, ttl_seconds);
  dns::Store16(out + 10, static_cast<uint16_t>(rdata.size()));
  std::memcpy(out + kRecordHead, rdata.data(), rdata.size());
  ++counts_[static_cast<size_t>(section)];
}

void AnswerWriter::AddA(uint32_t ttl_seconds, uint32_t a_be) noexcept {
  uint8_t rdata[4];
  std::memcpy(rdata, &a_be, sizeof rdata);
  AddRecord(dns::kA, dns::kIn, ttl_seconds, rdata);
}

void AnswerWriter::AddText(uint16_t qclass, uint32_t ttl_seconds, std::string_view text, Section section) noexcept {
  uint8_t rdata[256];
  text = text.substr(0, 255);
  rdata[0] = static_cast<uint8_t>(text.size());
  std::memcpy(rdata + 1, text.data(), text.size());
  AddRecord(dns::kTxt, qclass, ttl_seconds, {rdata, text.size() + 1}, section);
}

void AnswerWriter::Finish(dns::Rcode rcode, bool authoritative) noexcept {
  uint8_t* const p = message_.payload;
  const uint16_t flags = static_cast<uint16_t>(KeptFlags(p) | dns::kQr | (authoritative ? dns::kAa : 0) |
                                               (truncated_ ? dns::kTc : 0) | (rcode & 0xf));
  dns::Store16(p + 2, flags);
  dns::Store16(p + 4, query_.question_end > dns::kHeaderSize ? 1 : 0);
  dns::Store16(p + 6, counts_[0]);
  dns::Store16(p + 8, counts_[1]);
  dns::Store16(p + 10, static_cast<uint16_t>(counts_[2] + (query_.edns ? 1 : 0)));
  if (query_.edns) {
    // RFC 6891 section 6.1.3; DO is copied (RFC 3225 section 3). The limit has kept its room.
    uint8_t* const opt = p + end_;
    opt[0] = 0;
    dns::Store16(opt + 1, dns::kOpt);
    dns::Store16(opt + 3, dns::kUdpSize);
    dns::Store32(opt + 5, static_cast<uint32_t>(rcode >> 4) << 24 | (query_.dnssec_ok ? dns::kDo : 0));
    dns::Store16(opt + 9, 0);
    end_ += dns::kOptSize;
  }
  message_.size = static_cast<uint16_t>(end_);
  message_.sum_change = net::Fold(uint64_t{SumOf(message_)} + (~old_sum_ & 0xffff));
}

void AddOption(io::Message& message, uint16_t code, std::span<const uint8_t> data) noexcept {
  const size_t length_at = message.size - 2u;
  uint8_t* const p = message.payload + length_at;
  const auto length = static_cast<uint16_t>(data.size());
  dns::Store16(p, static_cast<uint16_t>(4 + length));
  dns::Store16(p + 2, code);
  dns::Store16(p + 4, length);
  std::memcpy(p + 6, data.data(), length);
  // The length was 0, and all else is new.
  const uint32_t added = net::AtOffset(net::Sum(p, 6u + length), length_at);
  message.sum_change = net::Fold(uint64_t{message.sum_change} + added);
  message.size = static_cast<uint16_t>(message.size + 4 + length);
}

}  // namespace rblitz
