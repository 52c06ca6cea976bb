// Looks for the highest rate that holds: doubles it while it holds, then halves the gap between what holds and what
// does not, then asks for the rate that was found to hold several times more, and goes down, further each time, where
// it does not. It ends whatever the answers are.
//
// Thread-safety: one thread. Units: questions a second.
#pragma once

#include <cstddef>
#include <optional>

namespace rblitz::blast {

class RateSearch {
 public:
  struct Bounds {
    double least = 1000;
    double most = 100e6;
    double precision = 0.05;  // the gap, as a share of the rate, that is near enough
    unsigned repeats = 2;     // more times that the rate must hold
  };
  // REQUIRES: 0 < least <= most, precision > 0.
  explicit RateSearch(const Bounds& bounds) noexcept;

  // What to try next; nothing when the search is over.
  [[nodiscard]] std::optional<double> next() const noexcept { return next_; }
  // What was tried last held, or not.
  void Report(bool holds) noexcept;
  // The rate that held each time; 0: not even the least one does.
  [[nodiscard]] double found() const noexcept { return found_; }

 private:
  void Near() noexcept;
  void Confirm() noexcept;
  void Down() noexcept;

  Bounds bounds_;
  double low_ = 0;   // holds; 0: nothing does yet
  double high_ = 0;  // does not hold; 0: everything did
  double found_ = 0;
  double down_;        // the next step down, as a share of the rate
  unsigned held_ = 0;  // times that low_ held again
  bool confirming_ = false;
  std::optional<double> next_;
};

}  // namespace rblitz::blast
