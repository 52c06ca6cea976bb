// What plain lists of all kinds share.
#pragma once

#include <string_view>

namespace rblitz {

// The entry of a line: without blanks at its ends and without its comment, which begins with #, ; or // on a line of
// its own, and with # or ; behind a blank.
[[nodiscard]] std::string_view WithoutComment(std::string_view line) noexcept;

// Takes a word off the front of `text`, and the blanks behind it.
[[nodiscard]] std::string_view TakeListWord(std::string_view& text) noexcept;

}  // namespace rblitz
