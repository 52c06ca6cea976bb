#include "loaders/list_text.h"

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

std::string_view TakeListWord(std::string_view& text) noexcept {
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text = SkipBlanks(text.substr(word.size()));
  return word;
}

}  // namespace rblitz
