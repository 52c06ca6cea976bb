// When the next question is due, at a fixed rate: question i at start + i/rate, exactly, however long it goes on. A
// whole and a remainder are added up for each question, so that nothing is rounded twice and nothing drifts.
//
// Thread-safety: one thread. Units: ns; the rate in thousandths of a question a second. Cost: an addition and a
// comparison a question.
#pragma once

#include <cassert>
#include <cstdint>

namespace rblitz::blast {

class Pace {
 public:
  // REQUIRES: millirate > 0.
  Pace(uint64_t start, uint64_t millirate) noexcept
      : start_(start), rate_(millirate), whole_(kUnit / millirate), part_(kUnit % millirate), next_(start) {
    assert(millirate > 0);
  }

  // When the question is due that has not been taken yet.
  [[nodiscard]] uint64_t next() const noexcept { return next_; }
  // How many have been taken.
  [[nodiscard]] uint64_t taken() const noexcept { return taken_; }
  void Take() noexcept {
    ++taken_;
    next_ += whole_;
    rest_ += part_;
    if (rest_ >= rate_) {
      rest_ -= rate_;
      ++next_;
    }
  }

  // How many are due before `end`, taken or not.
  [[nodiscard]] uint64_t DueBefore(uint64_t end) const noexcept {
    if (end <= start_) return 0;
    // Question i is due at start + floor(i * unit / rate), which is below end where i * unit < (end - start) * rate.
    const auto product = static_cast<Wide>(end - start_) * rate_;
    return static_cast<uint64_t>((product + (kUnit - 1)) / kUnit);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr uint64_t kUnit = 1'000'000'000'000;  // thousandths of ns in a second

  uint64_t start_;
  uint64_t rate_;
  uint64_t whole_;
  uint64_t part_;
  uint64_t next_;
  uint64_t rest_ = 0;
  uint64_t taken_ = 0;
};

}  // namespace rblitz::blast
