// Team Cymru's tables of prefixes and autonomous systems, in the columns of its own answers:
//   64497 64498 | 198.51.100.0/24 | ZZ | ripencc | 2010-05-06           origin and peer, TXT
//   64496 | ZZ | arin | 2001-02-03 | EXAMPLE-A, ZZ                      asn, TXT
//   64496 | 192.0.2.1 | 192.0.2.0/24 | ZZ | arin | 2001-02-03 | NAME    whois, begin ... verbose ... end
// Blanks round columns do not count, nor do the quotes in which dig prints a text.
#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>

#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"
#include "loaders/name_text.h"
#include "loaders/text_template.h"

namespace rblitz {

namespace {

constexpr std::string_view kSeparator = " | ";

// The row of a line; nothing of comments.
std::string_view RowOf(std::string_view line) {
  line = TrimBlanks(line);
  if (line.starts_with('#') || line.starts_with(';')) return {};
  if (line.size() >= 2 && line.front() == '"' && line.back() == '"') return line.substr(1, line.size() - 2);
  return line;
}

// Cuts a row into its columns; what follows the last separator that counts is the last one's. False: too few.
bool Split(std::string_view row, std::span<std::string_view> columns) {
  for (std::string_view& column : columns.first(columns.size() - 1)) {
    const size_t end = row.find('|');
    if (end == std::string_view::npos) return false;
    column = TrimBlanks(row.substr(0, end));
    row.remove_prefix(end + 1);
  }
  columns.back() = TrimBlanks(row);
  return true;
}

bool IsWord(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Status CheckColumns(std::string_view asns, std::string_view country, std::string_view registry, std::string_view date) {
  std::string_view rest = asns;
  do {
    std::string_view word = TakeListWord(rest);
    const std::optional<uint32_t> asn = TakeNumber(word, std::numeric_limits<uint32_t>::max());
    if (!asn || !word.empty()) return Fail("bad AS number " + Quoted(asns));
  } while (!rest.empty());
  if (country.size() > 2 || !IsWord(country)) return Fail("bad country " + Quoted(country));
  if (!IsWord(registry)) return Fail("bad registry " + Quoted(registry));
  if (!date.empty() && !HasShape(date, "0000-00-00")) return Fail("bad date " + Quoted(date));
  return {};
}

// The columns as Team Cymru puts them into a text.
std::string TextOf(std::span<const std::string_view> columns) {
  std::string text(columns[0]);
  for (const std::string_view column : columns.subspan(1)) text.append(kSeparator).append(column);
  return std::string(TrimBlanks(text));  // without a date a text ends in the separator's bar
}

// A prefix's text names the prefix that decides, so that all prefixes of one origin share a text.
Status AddPrefix(std::string_view asns, std::string_view prefix, std::span<const std::string_view, 3> registration,
                 FeedDraft* draft) {
  const std::string_view country = registration[0];
  const std::string_view registry = registration[1];
  const std::string_view date = registration[2];
  if (Status good = CheckColumns(asns, country, registry, date); !good) return good;
  if (prefix.find('/') == std::string_view::npos) return Fail("bad prefix " + Quoted(prefix));
  static constexpr char kPrefixPlace[] = {'$', kPrefixCode};
  const std::array columns = {asns, std::string_view(kPrefixPlace, sizeof kPrefixPlace), country, registry, date};
  const std::string text = RawFromTemplate(TextOf(columns));
  return AddCidrEntry(prefix, draft->Intern({.a_be = 0, .text = text}), draft);
}

}  // namespace

Status ParseCymruOriginLine(std::string_view line, FeedDraft* draft) {
  const std::string_view row = RowOf(line);
  if (row.empty()) return {};
  std::array<std::string_view, 5> columns;
  if (!Split(row, columns)) return Fail("not 'AS | prefix | country | registry | date': " + Quoted(row));
  return AddPrefix(columns[0], columns[1], std::span(columns).last<3>(), draft);
}

Status ParseCymruWhoisLine(std::string_view line, FeedDraft* draft) {
  const std::string_view row = RowOf(line);
  if (row.empty()) return {};
  if (row.starts_with("Bulk mode; ")) {
    const size_t at = row.find('[');
    const std::optional<int64_t> time =
        at == std::string_view::npos ? std::nullopt : ReadTimeAs("[%Y-%m-%d %H:%M:%S +0000]", row.substr(at));
    if (!time) return Fail("bad time in the header " + Quoted(row));
    draft->SetHeaderTime(*time);
    return {};
  }
  std::array<std::string_view, 7> columns;
  if (!Split(row, columns)) return Fail("not 'AS | IP | prefix | country | registry | date | name': " + Quoted(row));
  const bool is_head = columns[0] == "AS";
  const bool is_unknown = columns[0] == "NA" || columns[2] == "NA";  // an address that nobody announces
  if (is_head || is_unknown) return {};
  return AddPrefix(columns[0], columns[2], std::span(columns).subspan<3, 3>(), draft);
}

Status ParseCymruAsnLine(std::string_view line, FeedDraft* draft) {
  const std::string_view row = RowOf(line);
  if (row.empty()) return {};
  std::array<std::string_view, 5> columns;
  if (!Split(row, columns)) return Fail("not 'AS | country | registry | date | name': " + Quoted(row));
  if (columns[0] == "AS") return {};
  const auto& [asn, country, registry, date, name] = columns;
  if (asn.find_first_of(" \t") != std::string_view::npos) return Fail("bad AS number " + Quoted(asn));
  if (Status good = CheckColumns(asn, country, registry, date); !good) return good;
  const Result<NameLabels> label = NameFromList("as" + std::string(asn));
  if (!label) return tl::unexpected(label.error());
  const std::string text = RawFromTemplate(RawFromLiteral(TextOf(columns)));
  draft->AddName(label->span(), NameForm::kExact, draft->Intern({.a_be = 0, .text = text}));
  return {};
}

}  // namespace rblitz
