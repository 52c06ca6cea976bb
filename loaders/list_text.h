// What plain lists of all kinds share.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rblitz {

// The entry of a line: without blanks at its ends and without its comment, which begins with #, ; or // on a line of
// its own, and with # or ; behind a blank.
[[nodiscard]] std::string_view WithoutComment(std::string_view line) noexcept;

// Whether the text looks like `shape`, in which a 0 stands for any digit: "0000-00-00".
[[nodiscard]] bool HasShape(std::string_view text, std::string_view shape) noexcept;

// The seconds since 1970 of a time as strptime reads it in UTC, all of `text`.
[[nodiscard]] std::optional<int64_t> ReadTimeAs(const char* format, std::string_view text);

// Takes a word off the front of `text`, and the blanks behind it.
[[nodiscard]] std::string_view TakeListWord(std::string_view& text) noexcept;

}  // namespace rblitz
