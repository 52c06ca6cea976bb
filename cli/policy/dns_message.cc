#include "cli/policy/dns_message.h"

#include <algorithm>
#include <cassert>
#include <optional>

namespace rblitz::policy {

namespace {

constexpr uint8_t kRecursionDesired = 0x01;  // a resolver may stand between
constexpr uint8_t kResponse = 0x80;
constexpr uint8_t kOpcode = 0x78;
constexpr uint8_t kTruncation = 0x02;
constexpr size_t kRecordHeader = 10;  // behind its name

uint16_t Get16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

// Behind a name that may end in a pointer; nothing: it runs over the end.
std::optional<size_t> SkipName(std::span<const uint8_t> message, size_t at) {
  while (at < message.size()) {
    const uint8_t length = message[at];
    if (length >= 0xc0) return at + 2;
    if (length == 0) return at + 1;
    if (length > 63) return std::nullopt;
    at += size_t{length} + 1;
  }
  return std::nullopt;
}

std::optional<std::string> TextOf(std::span<const uint8_t> data) {
  std::string text;
  while (!data.empty()) {
    const size_t size = data[0];
    if (size > data.size() - 1) return std::nullopt;
    text.append(reinterpret_cast<const char*>(&data[1]), size);
    data = data.subspan(size + 1);
  }
  return text;
}

// False: the record cannot be what its type says.
bool Take(uint16_t type, std::span<const uint8_t> data, Reply* reply) {
  if (type == kTypeA) {
    if (data.size() != 4) return false;
    reply->a = uint32_t{Get16(data, 0)} << 16 | Get16(data, 2);
    return true;
  }
  std::optional<std::string> text = TextOf(data);
  if (!text) return false;
  reply->text = *std::move(text);
  return true;
}

// Aliases and other types that a resolver may have put before are passed over.
bool TakeFirst(std::span<const uint8_t> message, size_t at, uint16_t wanted, Reply* reply) {
  for (unsigned left = Get16(message, 6); left > 0; --left) {
    const auto header = SkipName(message, at);
    if (!header || *header > message.size() || message.size() - *header < kRecordHeader) return false;
    const size_t data = *header + kRecordHeader;
    const size_t size = Get16(message, *header + 8);
    if (size > message.size() - data) return false;
    const bool is_internet = Get16(message, *header + 2) == 1;
    if (is_internet && Get16(message, *header) == wanted) return Take(wanted, message.subspan(data, size), reply);
    at = data + size;
  }
  return true;
}

}  // namespace

void Question::set_id(uint16_t id) {
  bytes[0] = static_cast<uint8_t>(id >> 8);
  bytes[1] = static_cast<uint8_t>(id);
}

void Question::set_type(uint16_t type) {
  bytes[size - 4u] = static_cast<uint8_t>(type >> 8);
  bytes[size - 3u] = static_cast<uint8_t>(type);
}

Question MakeQuestion(const dns::Name& name, uint16_t type) {
  assert(name.size != 0);
  Question question;
  std::fill_n(question.bytes.begin(), kQuestionHeader, uint8_t{0});
  question.bytes[2] = kRecursionDesired;
  question.bytes[5] = 1;  // QDCOUNT
  auto* const end = std::copy_n(name.bytes.begin(), name.size, question.bytes.begin() + kQuestionHeader);
  end[2] = 0;
  end[3] = 1;  // IN
  question.size = static_cast<uint16_t>(kQuestionHeader + name.size + 4u);
  question.set_type(type);
  return question;
}

uint16_t MessageId(std::span<const uint8_t> message) { return Get16(message, 0); }

Reply ReadReply(std::span<const uint8_t> message, const Question& question) {
  Reply reply;
  const auto asked = question.message();
  if (message.size() < asked.size() || MessageId(message) != question.id()) return reply;
  if ((message[2] & (kResponse | kOpcode)) != kResponse || Get16(message, 4) != 1) return reply;
  const auto echo = message.subspan(kQuestionHeader, asked.size() - kQuestionHeader);
  if (!std::ranges::equal(echo, asked.subspan(kQuestionHeader))) return reply;
  reply.kind = ReplyKind::kTruncated;
  if ((message[2] & kTruncation) != 0) return reply;
  reply.kind = ReplyKind::kFailed;
  if ((message[3] & 0x0f) != 0) return reply;
  const uint16_t type = Get16(asked, asked.size() - 4);
  if (TakeFirst(message, asked.size(), type, &reply)) reply.kind = ReplyKind::kData;
  return reply;
}

}  // namespace rblitz::policy
