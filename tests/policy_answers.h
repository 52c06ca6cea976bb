// Answers as a server makes them, for tests of what asks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cli/policy/dns_message.h"

namespace rblitz::policy {

using Bytes = std::vector<uint8_t>;

inline Question QuestionOf(std::string_view name, uint16_t type = kTypeA) {
  return MakeQuestion(dns::NameFromText(name), type);
}

// The question with QR set, `rcode` and no records.
inline Bytes EmptyAnswer(const Question& question, uint8_t rcode = 0) {
  const auto echoed = question.echoed();
  Bytes answer(echoed.begin(), echoed.end());
  answer[11] = 0;
  answer[2] |= 0x84;
  answer[3] = rcode;
  return answer;
}

inline Bytes WithRecord(Bytes answer, uint16_t type, std::span<const uint8_t> data) {
  ++answer[7];
  const uint8_t record[] = {0xc0, 12, 0, static_cast<uint8_t>(type),       0, 1, 0, 0,
                            0,    0,  0, static_cast<uint8_t>(data.size())};
  answer.insert(answer.end(), std::begin(record), std::end(record));
  answer.insert(answer.end(), data.begin(), data.end());
  return answer;
}

// With 127.0.0.`code`.
inline Bytes CodeAnswer(const Question& question, uint8_t code) {
  const uint8_t data[] = {127, 0, 0, code};
  return WithRecord(EmptyAnswer(question), kTypeA, data);
}

}  // namespace rblitz::policy
