// Regular expressions, many at once: whether any of them is somewhere in a text, without regard to case. The only file
// that includes RE2 is patterns.cc: its time is linear in the text, so that no pattern makes it slow.
//
// Thread-safety: Matches of several threads at once. Errors: Add says what is wrong with a pattern.
// Cost: one pass over the text for all patterns.
#pragma once

#include <memory>
#include <string_view>

#include "tables/result.h"

namespace rblitz::policy {

class Patterns {
 public:
  Patterns();
  ~Patterns();
  Patterns(Patterns&&) noexcept;
  Patterns& operator=(Patterns&&) noexcept;

  // REQUIRES: before Finish.
  [[nodiscard]] Status Add(std::string_view pattern);
  // REQUIRES: once.
  void Finish();

  // REQUIRES: after Finish.
  [[nodiscard]] bool Matches(std::string_view text) const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz::policy
