// What an answer says, as far as it is compared: its rcode, its A values, and a sum over its other answer records.
//
// Thread-safety: pure. Errors: nothing where the bytes are no DNS answer that can be read to the end of its answer
// section. Source: RFC 1035 section 4.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rblitz::blast {

struct Answer {
  uint8_t rcode = 0;
  bool truncated = false;
  std::vector<uint32_t> a;  // host order, ascending
  uint64_t others = 0;      // of all other records of the answer section, whatever their order; 0: there are none

  bool operator==(const Answer&) const = default;
};
[[nodiscard]] std::optional<Answer> ReadAnswer(std::span<const uint8_t> message);

// What every answer is looked at for.
struct AnswerHead {
  uint16_t id;
  uint8_t rcode;
  bool has_question;
  uint32_t hash;  // of the question, where there is one
};
[[nodiscard]] std::optional<AnswerHead> ReadAnswerHead(std::span<const uint8_t> message) noexcept;

// "NOERROR 127.0.0.2 127.0.0.4", "NXDOMAIN".
[[nodiscard]] std::string AnswerText(const Answer& answer);
[[nodiscard]] std::string RcodeText(uint8_t rcode);
[[nodiscard]] std::optional<uint8_t> RcodeFromText(std::string_view text) noexcept;

}  // namespace rblitz::blast
