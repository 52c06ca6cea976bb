#include "loaders/text_template.h"

namespace rblitz {

std::vector<std::string_view> TextParts::parts() const {
  std::vector<std::string_view> parts;
  parts.reserve(ends_.size() + 1);
  size_t begin = 0;
  for (const size_t end : ends_) {
    parts.push_back(std::string_view(literals_).substr(begin, end - begin));
    begin = end;
  }
  parts.push_back(std::string_view(literals_).substr(begin));
  return parts;
}

TextParts ExpandText(std::string_view raw, const TextScope& scope) {
  const bool without_base = raw.starts_with('=');
  const std::string_view entry = raw.substr(without_base ? 1 : 0);
  std::string_view rest = without_base || !scope.base ? entry : std::string_view(*scope.base);
  TextParts parts;
  while (!rest.empty()) {
    const size_t dollar = rest.find('$');
    parts.Append(rest.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    rest.remove_prefix(dollar + 1);
    const char code = rest.empty() ? '\0' : rest.front();
    if (code == '$') {
      parts.Append("$");
    } else if (code >= '0' && code <= '9') {
      const std::optional<std::string>& variable = scope.variables[static_cast<size_t>(code - '0')];
      parts.Append(variable ? *variable : std::string{'$', code});
    } else if (code == '=' && !entry.empty()) {
      parts.Append(entry);  // as it is written, its own dollars among it
    } else if (code == kPrefixCode) {
      parts.AppendPlace(TextPlace::kPrefix);
    } else {
      parts.AppendPlace(TextPlace::kListed);
      if (code != '=') continue;  // that byte is text
    }
    rest.remove_prefix(1);
  }
  return parts;
}

std::string RawFromLiteral(std::string_view text) {
  std::string raw;
  for (const char c : text) raw += c == '$' ? std::string("$$") : std::string(1, c);
  return raw;
}

std::string RawFromConfig(std::string_view text, std::string_view feed) {
  constexpr std::string_view kFeed = "$feed";
  constexpr std::string_view kPrefix = "$prefix";
  // A text that begins with = would lose it as an entry that refuses the base template does.
  std::string raw = text.starts_with('=') ? "=" : "";
  while (!text.empty()) {
    if (text.starts_with(kFeed)) {
      raw += RawFromLiteral(feed);
      text.remove_prefix(kFeed.size());
      continue;
    }
    if (text.starts_with(kPrefix)) {
      raw += {'$', kPrefixCode};
      text.remove_prefix(kPrefix.size());
      continue;
    }
    const size_t taken = text.starts_with("$$") ? 2 : 1;
    raw += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return raw;
}

}  // namespace rblitz
