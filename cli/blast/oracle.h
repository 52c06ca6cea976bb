// The right answers: of each question, where one is known. They come from a file or from another server.
//
// Thread-safety: const once filled; Judge from any thread. Units: questions by their place in the set.
// Errors: messages name file and line. Cost: 4 bytes a question, and one of each distinct answer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/blast/answer.h"
#include "cli/blast/question_set.h"
#include "tables/result.h"

namespace rblitz::blast {

class Oracle {
 public:
  // For a set of as many questions.
  explicit Oracle(size_t questions) : by_question_(questions, kUnknown) {}

  // `whole`: other records count as well; a file tells of A values only.
  void Expect(size_t question, const Answer& answer, bool whole);
  [[nodiscard]] bool Knows(size_t question) const noexcept { return by_question_[question] != kUnknown; }
  [[nodiscard]] size_t known() const noexcept { return known_; }

  // What is wrong: "want NXDOMAIN, got NOERROR 127.0.0.2"; empty: nothing, or nothing is known.
  [[nodiscard]] std::string Judge(size_t question, std::span<const uint8_t> message) const;

 private:
  static constexpr uint32_t kUnknown = UINT32_MAX;
  struct Expected {
    Answer answer;
    bool whole;
  };

  std::vector<uint32_t> by_question_;
  std::vector<Expected> answers_;
  std::map<std::string, uint32_t> known_answers_;
  size_t known_ = 0;
};

// Of lines "NAME TYPE RCODE [A...]". Names are compared in lower case; a line that no question asks for is let be, a
// question without a line is not judged.
[[nodiscard]] Result<Oracle> ReadOracle(const std::string& path, const QuestionSet& set);

}  // namespace rblitz::blast
