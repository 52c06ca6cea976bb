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

namespace {

// `entry` is what `$=` stands for: the listed thing if it is empty.
void Expand(std::string_view text, std::string_view entry, const TextScope& scope, TextParts* parts) {
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    parts->Append(text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    const char code = text.empty() ? ' ' : text.front();
    if (code == '$') {
      parts->Append("$");
    } else if (code >= '0' && code <= '9') {
      const std::optional<std::string>& variable = scope.variables[static_cast<size_t>(code - '0')];
      parts->Append(variable ? *variable : std::string{'$', code});
    } else if (code == '=' && entry.starts_with(kTemplateCode)) {
      Expand(entry.substr(1), {}, scope, parts);
    } else if (code == '=' && !entry.empty()) {
      parts->Append(entry);  // as it is written, its own dollars among it
    } else if (code == kPrefixCode) {
      parts->AppendPlace(TextPlace::kPrefix);
    } else {
      parts->AppendPlace(TextPlace::kListed);
      if (code != '=') continue;  // that byte is text
    }
    text.remove_prefix(1);
  }
}

}  // namespace

TextParts ExpandText(std::string_view raw, const TextScope& scope) {
  const bool without_base = raw.starts_with('=');
  const std::string_view entry = raw.substr(without_base ? 1 : 0);
  TextParts parts;
  if (!without_base && scope.base) {
    Expand(*scope.base, entry, scope, &parts);
  } else {
    Expand(entry.substr(entry.starts_with(kTemplateCode) ? 1 : 0), entry, scope, &parts);
  }
  return parts;
}

std::string RawFromLiteral(std::string_view text) {
  std::string raw;
  for (const char c : text) raw += c == '$' ? std::string("$$") : std::string(1, c);
  return raw;
}

std::string RawFromTemplate(std::string_view raw) {
  return raw.empty() ? std::string() : std::string(1, kTemplateCode).append(raw);
}

std::string RawFromConfig(std::string_view text, std::string_view feed) {
  constexpr std::string_view kFeed = "$feed";
  constexpr std::string_view kPrefix = "$prefix";
  std::string raw;
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
  return RawFromTemplate(raw);
}

}  // namespace rblitz
