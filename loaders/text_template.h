// TXT templates in rbldnsd's language: `$` is the listed thing, `$$` a dollar, `$0` to `$9` variables of the file, `$=`
// the entry's own text inside the base template.
//
// rbldnsd expands at query time, so a variable that is set on the last line counts for the first entry. Here texts are
// kept raw until all lines are read and expanded once, into the parts that Verdicts::InternText takes.
//
// Besides, `$` and kPrefixCode is the network that lists the thing, and kTemplateCode begins a text that is expanded
// where `$=` puts it too, not inserted as it is. No file can say either, as no line has a NUL (line_reader.h): they
// come from the configuration and from formats that mean them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tables/verdict.h"

namespace rblitz {

inline constexpr char kPrefixCode = '\0';
inline constexpr char kTemplateCode = '\0';

// What the specials $0 to $9 and $= set; the first setting of each counts.
struct TextScope {
  std::array<std::optional<std::string>, 10> variables;
  std::optional<std::string> base;
};

// Literals with a place between each two.
class TextParts {
 public:
  void Append(std::string_view literal) { literals_ += literal; }
  void AppendPlace(TextPlace place) {
    ends_.push_back(literals_.size());
    places_.push_back(place);
  }
  // Valid until the next change.
  [[nodiscard]] std::vector<std::string_view> parts() const;
  [[nodiscard]] const std::vector<TextPlace>& places() const noexcept { return places_; }

 private:
  std::string literals_;
  std::vector<size_t> ends_;  // of all parts but the last
  std::vector<TextPlace> places_;
};

[[nodiscard]] TextParts ExpandText(std::string_view raw, const TextScope& scope);

// Raw text that reads `text` as it stands.
[[nodiscard]] std::string RawFromLiteral(std::string_view text);

// Raw text that is expanded wherever it stands. Nothing of nothing.
[[nodiscard]] std::string RawFromTemplate(std::string_view raw);

// The same for a template of the configuration, where `$feed` is the name of the feed and `$prefix` the network.
[[nodiscard]] std::string RawFromConfig(std::string_view text, std::string_view feed);

}  // namespace rblitz
