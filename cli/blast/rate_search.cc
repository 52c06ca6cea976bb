#include "cli/blast/rate_search.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace rblitz::blast {

RateSearch::RateSearch(const Bounds& bounds) noexcept : bounds_(bounds), down_(bounds.precision), next_(bounds.least) {
  assert(bounds.least > 0 && bounds.least <= bounds.most && bounds.precision > 0);
}

void RateSearch::Report(bool holds) noexcept {
  assert(next_);
  const double tried = *next_;
  if (confirming_) {
    if (!holds) return Down();
    ++held_;
    return Confirm();
  }
  (holds ? low_ : high_) = tried;
  Near();
}

void RateSearch::Near() noexcept {
  if (low_ == 0) {
    next_.reset();
  } else if (high_ == 0 && low_ < bounds_.most) {
    next_ = std::min(2 * low_, bounds_.most);
  } else if (high_ > low_ * (1 + bounds_.precision)) {
    next_ = std::sqrt(low_ * high_);
  } else {
    confirming_ = true;
    Confirm();
  }
}

void RateSearch::Confirm() noexcept {
  next_ = low_;
  if (held_ < bounds_.repeats) return;
  found_ = low_;
  next_.reset();
}

void RateSearch::Down() noexcept {
  held_ = 0;
  low_ *= 1 - std::min(down_, 0.5);
  down_ *= 2;
  next_ = low_;
  if (low_ < bounds_.least) next_.reset();
}

}  // namespace rblitz::blast
