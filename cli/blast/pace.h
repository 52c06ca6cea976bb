// When the next question is due, at a rate. Evenly: question i at start + i/rate, exactly, however long it goes on; a
// whole and a remainder are added up for each question, so that nothing is rounded twice and nothing drifts. At random,
// as a crowd of clients asks who know nothing of one another (a Poisson process): the gaps have that mean and are
// distributed exponentially, and the same seed gives the same ones.
//
// Thread-safety: one thread. Units: ns; the rate in thousandths of a question a second. Cost: an addition and a
// comparison a question, or a logarithm, some 10 ns.
#pragma once

#include <cassert>
#include <cmath>
#include <cstdint>
#include <optional>

namespace rblitz::blast {

class Pace {
 public:
  // Evenly without a seed. REQUIRES: millirate > 0.
  Pace(uint64_t start, uint64_t millirate, std::optional<uint64_t> seed = {}) noexcept
      : start_(start),
        rate_(millirate),
        whole_(kUnit / millirate),
        part_(kUnit % millirate),
        next_(start),
        is_random_(seed.has_value()),
        state_(seed.value_or(0)) {
    assert(millirate > 0);
    if (is_random_) next_ += Gap();
  }

  // When the question is due that has not been taken yet.
  [[nodiscard]] uint64_t next() const noexcept { return next_; }
  // How many have been taken.
  [[nodiscard]] uint64_t taken() const noexcept { return taken_; }
  void Take() noexcept {
    ++taken_;
    if (is_random_) {
      next_ += Gap();
      return;
    }
    next_ += whole_;
    rest_ += part_;
    if (rest_ >= rate_) {
      rest_ -= rate_;
      ++next_;
    }
  }

  // How many are due before `end`, taken or not. At random: as many as there are in the mean from the next one on.
  // REQUIRES: none was taken that is due later.
  [[nodiscard]] uint64_t DueBefore(uint64_t end) const noexcept {
    if (is_random_) return taken_ + (next_ < end ? 1 + static_cast<uint64_t>(Questions(end - next_) / kUnit) : 0);
    if (end <= start_) return 0;
    // Question i is due at start + floor(i * unit / rate), which is below end where i * unit < (end - start) * rate.
    return static_cast<uint64_t>((Questions(end - start_) + (kUnit - 1)) / kUnit);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr uint64_t kUnit = 1'000'000'000'000;  // thousandths of ns in a second

  // In so much time, in parts of a unit.
  [[nodiscard]] Wide Questions(uint64_t time) const noexcept { return static_cast<Wide>(time) * rate_; }

  // What is left of a ns is kept for the next one.
  uint64_t Gap() noexcept {
    const double mean = static_cast<double>(kUnit) / static_cast<double>(rate_);
    const double gap = fraction_ - mean * std::log(1 - Uniform());
    const double whole = std::floor(gap);
    fraction_ = gap - whole;
    return static_cast<uint64_t>(whole);
  }

  // From 0 to 1, 1 not among them: the upper bits of SplitMix64.
  double Uniform() noexcept {
    uint64_t x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return static_cast<double>((x ^ x >> 31) >> 11) * 0x1p-53;
  }

  uint64_t start_;
  uint64_t rate_;
  uint64_t whole_;
  uint64_t part_;
  uint64_t next_;
  uint64_t rest_ = 0;
  uint64_t taken_ = 0;
  bool is_random_;
  uint64_t state_;
  double fraction_ = 0;
};

}  // namespace rblitz::blast
