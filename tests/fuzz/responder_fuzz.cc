// Any bytes as a burst of questions to the responder of zones with IPv4 addresses, and to that of zones with all kinds
// of data. The first byte is the room for answers, in units of 8 bytes (0: 1472 bytes); then come the questions, each
// after its length in two bytes.
//
// They also go through a gate with cookies and limits, whose answers must obey the same but for the last.
//
// Every answer must be one: id, QR, opcode and question kept, no larger than the room and than what the client takes,
// records that end where the message ends, a right sum_change; and it must be the answer that the question gets alone.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/client_rules.h"
#include "dataplane/dns/query.h"
#include "dataplane/gate.h"
#include "dataplane/net/checksum.h"
#include "dataplane/responder.h"
#include "tests/all_kinds.h"
#include "tests/dns_wire_walk.h"
#include "tests/echo.h"
#include "tests/fuzz/require.h"
#include "tests/serving.h"

namespace {

using namespace rblitz;
using Bytes = std::vector<uint8_t>;

constexpr size_t kMaxQuestion = 2000;

std::vector<Bytes> QuestionsOf(std::span<const uint8_t> input) {
  std::vector<Bytes> questions;
  while (input.size() >= 2 && questions.size() < io::kBurst) {
    const size_t size = std::min({size_t{input[0]} << 8 | input[1], input.size() - 2, kMaxQuestion});
    questions.emplace_back(input.begin() + 2, input.begin() + 2 + static_cast<ptrdiff_t>(size));
    input = input.subspan(2 + size);
  }
  return questions;
}

// What a client that asked so takes at most (RFC 6891 section 6.2.3), and what we send at most.
size_t LimitOf(const Bytes& question) {
  const dns::Query query = dns::ParseQuery(question);
  return query.edns ? std::clamp(query.udp_size, dns::kMinUdpSize, dns::kUdpSize) : dns::kMinUdpSize;
}

void RequireAnswers(const Bytes& question, const io::Message& message) {
  const std::span<const uint8_t> answer(message.payload, message.size);
  Require(answer.size() >= dns::kHeaderSize && answer.size() <= message.capacity);
  Require(answer.size() <= std::max(LimitOf(question), dns::ParseQuery(question).question_end + dns::kOptSize));
  Require(answer[0] == question[0] && answer[1] == question[1]);
  Require((answer[2] & 0x80) != 0 && (question[2] & 0x80) == 0);
  Require((answer[2] & 0x79) == (question[2] & 0x79));  // opcode and RD
  const test::WireCounts counts = test::WalkMessage(answer);
  Require(counts.whole);
  Require(counts.questions <= 1 && counts.opts <= 1);
  if (counts.questions == 1) {
    Require(std::equal(answer.begin() + dns::kHeaderSize, answer.begin() + static_cast<ptrdiff_t>(counts.question_end),
                       question.begin() + dns::kHeaderSize));
  }
  const uint32_t question_sum = net::Sum(question.data(), question.size());
  Require(net::Fold(uint64_t{question_sum} + message.sum_change) % 0xffff ==
          net::Sum(answer.data(), answer.size()) % 0xffff);
}

struct Anybody : io::Clients {
  [[nodiscard]] io::ClientAddress ClientOf(const io::Message& message) const noexcept override {
    return {0x20, 1, 0xd, 0xb8, message.payload[0]};
  }
};

std::shared_ptr<const ClientRules> Rules(bool require) {
  ClientRules rules;
  rules.cookies = CookieRules{.secrets = {dns::SipKey{1}, dns::SipKey{2}}, .require = require};
  rules.limit = LimitRules{.responses_per_second = 500, .prefix_v6 = 48, .slip = 2};
  return std::make_shared<const ClientRules>(std::move(rules));
}

uint64_t steady_ns = 0;

// The answers to one burst; an empty one is none. Buffers end where the slack ends.
std::vector<Bytes> Ask(std::span<const Bytes> questions, uint16_t capacity, const Serving& serving) {
  static const Anybody kAnybody;
  static const auto kStats = std::make_unique<WorkerStats>();
  static Responder responder(kStats.get());
  static Gate gate(&responder, kStats.get());
  std::vector<Bytes> buffers;
  io::Burst burst;
  for (const Bytes& question : questions) {
    buffers.emplace_back(std::max<size_t>(question.size(), capacity) + io::kSlack, 0xee);
    std::copy(question.begin(), question.end(), buffers.back().begin());
  }
  for (Bytes& buffer : buffers) {
    const auto size = static_cast<uint16_t>(questions[burst.count].size());
    burst.messages[burst.count++] = {.payload = buffer.data(), .size = size, .capacity = capacity, .sum_change = 0};
  }
  const uint64_t dropped = test::DroppedInAll(*kStats);
  if (serving.client_rules == nullptr) {
    responder.Answer(burst, serving);
  } else {
    burst.clients = &kAnybody;
    gate.Answer(burst, serving, {.steady_ns = steady_ns += 1'000'000, .unix_seconds = 1559731985});
  }
  std::vector<Bytes> answers;
  uint64_t unanswered = 0;
  for (size_t i = 0; i < burst.count; ++i) {
    const io::Message& message = burst.messages[i];
    if (message.size != 0) RequireAnswers(questions[i], message);
    unanswered += message.size == 0;
    answers.emplace_back(message.payload, message.payload + message.size);
  }
  Require(test::DroppedInAll(*kStats) - dropped == unanswered);
  return answers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto capacity = static_cast<uint16_t>(data[0] == 0 ? 1472 : data[0] * 8);
  const std::vector<Bytes> questions = QuestionsOf({data + 1, size - 1});
  static const std::unique_ptr<const Serving> kServings[] = {test::FourZones().value(),
                                                             test::ZonesOfAllKinds().value()};
  for (const auto& serving : kServings) {
    const std::vector<Bytes> together = Ask(questions, capacity, *serving);
    for (size_t i = 0; i < questions.size(); ++i) {
      Require(Ask({&questions[i], 1}, capacity, *serving).front() == together[i]);
    }
  }
  static const std::unique_ptr<const Serving> kGuarded[] = {test::FourZones(Rules(false)).value(),
                                                            test::ZonesOfAllKinds(Rules(true)).value()};
  for (const auto& serving : kGuarded) Ask(questions, capacity, *serving);
  return 0;
}
