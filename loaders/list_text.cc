#include "loaders/list_text.h"

#include <time.h>

#include <algorithm>
#include <string>

#include "loaders/ip4_text.h"

namespace rblitz {

std::string_view WithoutComment(std::string_view line) noexcept {
  line = SkipBlanks(line);
  if (line.starts_with("//")) return {};
  for (size_t i = 0; i < line.size(); ++i) {
    if ((line[i] == '#' || line[i] == ';') && (i == 0 || IsBlank(line[i - 1]))) return TrimBlanks(line.substr(0, i));
  }
  return TrimBlanks(line);
}

bool HasShape(std::string_view text, std::string_view shape) noexcept {
  return std::ranges::equal(text, shape, [](char c, char as) { return as == '0' ? c >= '0' && c <= '9' : c == as; });
}

std::optional<int64_t> ReadTimeAs(const char* format, std::string_view text) {
  const std::string terminated(text);
  tm time{};
  const char* const end = strptime(terminated.c_str(), format, &time);
  if (end != terminated.c_str() + text.size()) return std::nullopt;
  return timegm(&time);
}

std::string_view TakeListWord(std::string_view& text) noexcept {
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text = SkipBlanks(text.substr(word.size()));
  return word;
}

}  // namespace rblitz
