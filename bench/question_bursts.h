// Bursts of 64 of the same questions, copied to where a port would have received them: in the first-level cache.
//
// Thread-safety: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "dataplane/io/packet_io.h"

namespace rblitz::bench {

class QuestionBursts {
 public:
  explicit QuestionBursts(std::vector<std::vector<uint8_t>> questions) : questions_(std::move(questions)) {}

  // Whether the next burst begins with the first question again.
  [[nodiscard]] bool is_at_begin() const noexcept { return at_ == 0; }

  // Every `step`th question, 64 of them. REQUIRES: 64 * step divides their number.
  void Next(io::Burst& burst, size_t step = 1) noexcept {
    for (burst.count = 0; burst.count < io::kBurst; ++burst.count, at_ += step) {
      const std::vector<uint8_t>& question = questions_[at_];
      uint8_t* const buffer = buffers_[burst.count].data();
      std::memcpy(buffer, question.data(), question.size());
      burst.messages[burst.count] = {.payload = buffer,
                                     .size = static_cast<uint16_t>(question.size()),
                                     .capacity = static_cast<uint16_t>(kRoom),
                                     .sum_change = 0};
    }
    at_ %= questions_.size();
  }

 private:
  static constexpr size_t kRoom = 1232;

  const std::vector<std::vector<uint8_t>> questions_;
  std::vector<std::array<uint8_t, kRoom + io::kSlack>> buffers_{io::kBurst};
  size_t at_ = 0;
};

}  // namespace rblitz::bench
