// The DNS messages of a greylist's client: a question, and what an answer to it says.
//
// Thread-safety: pure. Lifetime: a reply's text refers to the message. Errors: what is not the answer to exactly this
// question, byte for byte, is foreign, whatever else it says: whoever cannot see the question cannot know its name,
// which is keyed. Source: RFC 1035 sections 4.1 and 3.3.14, RFC 5452 section 9.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "dataplane/dns/name.h"

namespace rblitz::policy {

inline constexpr uint16_t kTypeA = 1;
inline constexpr uint16_t kTypeTxt = 16;
inline constexpr size_t kQuestionHeader = 12;
inline constexpr size_t kOptSize = 11;  // what follows the question: EDNS, whose speakers get more than they ask for
inline constexpr size_t kMaxQuestion = kQuestionHeader + 255 + 4 + kOptSize;

struct Question {
  std::array<uint8_t, kMaxQuestion> bytes;
  uint16_t size = 0;

  [[nodiscard]] std::span<const uint8_t> message() const { return std::span(bytes).first(size); }
  // The part of it that answers repeat, with the header.
  [[nodiscard]] std::span<const uint8_t> echoed() const { return message().first(size - kOptSize); }
  [[nodiscard]] uint16_t id() const { return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]); }
  void set_id(uint16_t id);
  void set_type(uint16_t type);
};

// REQUIRES: name.size != 0.
[[nodiscard]] Question MakeQuestion(const dns::Name& name, uint16_t type);

enum class ReplyKind : uint8_t {
  kForeign,    // no answer to this question
  kTruncated,  // TC: to be asked over TCP
  kFailed,     // another rcode than NOERROR, or records that cannot be read
  kData,       // with or without a record of the type
};

struct Reply {
  ReplyKind kind = ReplyKind::kForeign;
  uint32_t a = 0;    // of the first A record, in host order; 0: none
  std::string text;  // of the first TXT record, or of the one that comes with an A; its strings joined; empty: none
};

[[nodiscard]] uint16_t MessageId(std::span<const uint8_t> message);  // REQUIRES: two bytes

[[nodiscard]] Reply ReadReply(std::span<const uint8_t> message, const Question& question);

}  // namespace rblitz::policy
