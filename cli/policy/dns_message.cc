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
constexpr uint16_t kPointerToQuestion = 0xc000 | kQuestionHeader;

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

struct Record {
  uint16_t type = 0;
  bool is_internet = false;
  bool is_of_question = false;  // by a pointer to its name, as rblitzd writes it
  std::span<const uint8_t> data;
};

// The record at `at`, which becomes where the next one is; nothing: it runs over the end.
std::optional<Record> TakeRecord(std::span<const uint8_t> message, size_t* at) {
  const auto header = SkipName(message, *at);
  if (!header || *header > message.size() || message.size() - *header < kRecordHeader) return std::nullopt;
  const size_t data = *header + kRecordHeader;
  const size_t size = Get16(message, *header + 8);
  if (size > message.size() - data) return std::nullopt;
  const Record record = {.type = Get16(message, *header),
                         .is_internet = Get16(message, *header + 2) == 1,
                         .is_of_question = Get16(message, *at) == kPointerToQuestion,
                         .data = message.subspan(data, size)};
  *at = data + size;
  return record;
}

// The text that rblitzd adds to what it decides, first of the additional records. Without it nothing is wrong.
void TakeAddition(std::span<const uint8_t> message, size_t at, Reply* reply) {
  const auto record = TakeRecord(message, &at);
  if (!record || record->type != kTypeTxt || !record->is_internet || !record->is_of_question) return;
  if (auto text = TextOf(record->data)) reply->text = *std::move(text);
}

// Aliases and other types that a resolver may have put before are passed over.
bool TakeFirst(std::span<const uint8_t> message, size_t at, uint16_t wanted, Reply* reply) {
  const unsigned answers = Get16(message, 6);
  bool is_taken = false;
  for (unsigned left = answers; left > 0; --left) {
    const auto record = TakeRecord(message, &at);
    if (!record) return is_taken;
    if (is_taken || !record->is_internet || record->type != wanted) continue;
    if (!Take(wanted, record->data, reply)) return false;
    is_taken = true;
  }
  if (wanted == kTypeA && Get16(message, 8) == 0 && Get16(message, 10) != 0) TakeAddition(message, at, reply);
  return true;
}

}  // namespace

void Question::set_id(uint16_t id) {
  bytes[0] = static_cast<uint8_t>(id >> 8);
  bytes[1] = static_cast<uint8_t>(id);
}

void Question::set_type(uint16_t type) {
  const size_t at = echoed().size() - 4;
  bytes[at] = static_cast<uint8_t>(type >> 8);
  bytes[at + 1] = static_cast<uint8_t>(type);
}

Question MakeQuestion(const dns::Name& name, uint16_t type) {
  assert(name.size != 0);
  Question question;
  std::fill_n(question.bytes.begin(), kQuestionHeader, uint8_t{0});
  question.bytes[2] = kRecursionDesired;
  question.bytes[5] = 1;   // QDCOUNT
  question.bytes[11] = 1;  // ARCOUNT
  auto* const end = std::copy_n(name.bytes.begin(), name.size, question.bytes.begin() + kQuestionHeader);
  end[2] = 0;
  end[3] = 1;  // IN
  // RFC 6891 section 6.1.2; 1232 bytes.
  constexpr std::array<uint8_t, kOptSize> kOpt = {0, 0, 41, 0x04, 0xd0};
  std::ranges::copy(kOpt, end + 4);
  question.size = static_cast<uint16_t>(kQuestionHeader + name.size + 4u + kOptSize);
  question.set_type(type);
  return question;
}

uint16_t MessageId(std::span<const uint8_t> message) { return Get16(message, 0); }

Reply ReadReply(std::span<const uint8_t> message, const Question& question) {
  Reply reply;
  const auto asked = question.echoed();
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
