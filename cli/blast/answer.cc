#include "cli/blast/answer.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "cli/blast/question_set.h"
#include "dataplane/dns/wire.h"
#include "loaders/ip4_text.h"
#include "tables/hash.h"

namespace rblitz::blast {

namespace {

using Bytes = std::span<const uint8_t>;

// IANA "DNS RCODEs" that fit the header.
constexpr std::string_view kRcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
constexpr std::string_view kNumbered = "RCODE";

// Behind a name that begins at `at`, which may end in a pointer; 0: it does not end within the message.
size_t NameEnd(Bytes message, size_t at) noexcept {
  while (at < message.size()) {
    const uint8_t length = message[at];
    if (length >= 0xc0) return message.size() - at >= 2 ? at + 2 : 0;
    if (length > dns::kMaxLabel) return 0;
    at += size_t{1} + length;
    if (length == 0) return at <= message.size() ? at : 0;
  }
  return 0;
}

// Names in data of other records are compared as they stand: the same server compresses them the same way.
bool TakeRecord(Bytes message, size_t& at, Answer& answer) {
  constexpr size_t kFixed = 10;
  const size_t fixed = NameEnd(message, at);
  if (fixed == 0 || message.size() - fixed < kFixed) return false;
  const uint8_t* const p = message.data() + fixed;
  const uint16_t type = dns::Load16(p);
  const size_t size = dns::Load16(p + 8);
  if (message.size() - fixed - kFixed < size) return false;
  const uint8_t* const data = p + kFixed;
  if (type == dns::kA && size == 4) {
    answer.a.push_back(dns::Load32(data));
  } else {
    answer.others += Hash64(data, size, ProcessSeed() + type) | 1;
  }
  at = fixed + kFixed + size;
  return true;
}

}  // namespace

std::optional<AnswerHead> ReadAnswerHead(Bytes message) noexcept {
  if (message.size() < dns::kHeaderSize) return std::nullopt;
  const uint16_t flags = dns::Load16(message.data() + 2);
  if ((flags & dns::kQr) == 0) return std::nullopt;
  AnswerHead head = {.id = dns::Load16(message.data()),
                     .rcode = static_cast<uint8_t>(flags & 15),
                     .has_question = dns::Load16(message.data() + 4) != 0,
                     .hash = 0};
  // Who could not read a question may leave it out.
  if (!head.has_question) return head.rcode != dns::kNoError ? std::optional(head) : std::nullopt;
  const size_t end = NameEnd(message, dns::kHeaderSize);
  if (end == 0 || message.size() - end < 4) return std::nullopt;
  head.hash = QuestionHash(message.data() + dns::kHeaderSize, end + 4 - dns::kHeaderSize);
  return head;
}

std::optional<Answer> ReadAnswer(Bytes message) {
  if (message.size() < dns::kHeaderSize) return std::nullopt;
  const uint16_t flags = dns::Load16(message.data() + 2);
  Answer answer = {.rcode = static_cast<uint8_t>(flags & 15), .truncated = (flags & dns::kTc) != 0, .a = {}};
  size_t at = dns::kHeaderSize;
  for (unsigned i = dns::Load16(message.data() + 4); i > 0; --i) {
    at = NameEnd(message, at);
    if (at == 0 || message.size() - at < 4) return std::nullopt;
    at += 4;
  }
  for (unsigned i = dns::Load16(message.data() + 6); i > 0; --i) {
    if (!TakeRecord(message, at, answer)) return std::nullopt;
  }
  std::sort(answer.a.begin(), answer.a.end());
  return answer;
}

std::string RcodeText(uint8_t rcode) {
  return rcode < std::size(kRcodes) ? std::string(kRcodes[rcode]) : std::string(kNumbered) + std::to_string(rcode);
}

std::optional<uint8_t> RcodeFromText(std::string_view text) noexcept {
  for (uint8_t rcode = 0; rcode < 16; ++rcode) {
    const std::string known = RcodeText(rcode);
    if (known.size() == text.size() && strncasecmp(known.data(), text.data(), text.size()) == 0) return rcode;
  }
  return std::nullopt;
}

std::string AnswerText(const Answer& answer) {
  std::string text = RcodeText(answer.rcode);
  for (const uint32_t a : answer.a) text += " " + AddressText(a);
  if (answer.others != 0) text += " and other records";
  if (answer.truncated) text += " (truncated)";
  return text;
}

}  // namespace rblitz::blast
