// Team Cymru's CSIRT Assistance Program reports, daily lists of hosts that misbehave, in the old and the new layout:
//   bots|203.0.113.13|64501|2026-11-21 10:00:05|srcport 1337 mwtype Examplebot|Example AS Name
//   bot|203.0.113.112|64496|2026-11-21 00:00:00|family: examplebot;|EXAMPLE-AS Example Net, ZZ
// The columns are the same: category, address, AS number, time (UTC), comment, name of the AS.
#include <algorithm>
#include <string>

#include "loaders/cymru_cap_row.h"
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"
#include "loaders/text_template.h"

namespace rblitz {

namespace {

std::optional<CapRow> Split(std::string_view line) {
  CapRow row;
  for (std::string_view* column : {&row.category, &row.address, &row.asn, &row.time}) {
    const size_t end = line.find('|');
    if (end == std::string_view::npos) return std::nullopt;
    *column = TrimBlanks(line.substr(0, end));
    line.remove_prefix(end + 1);
  }
  const size_t end = line.rfind('|');
  if (end == std::string_view::npos) return std::nullopt;
  row.comment = TrimBlanks(line.substr(0, end));
  return row;
}

// What the head of a report says of its time: a day in the new layout, to the second in the old one.
Status ReadHead(std::string_view comment, FeedDraft* draft) {
  struct Head {
    std::string_view begin;
    const char* format;
  };
  for (const Head& head :
       {Head{"#generated on ", "%Y%m%d"}, Head{"# Data file written at ", "%a %b %d %H:%M:%S %Y GMT"}}) {
    if (!comment.starts_with(head.begin)) continue;
    const std::optional<int64_t> time = ReadTimeAs(head.format, comment.substr(head.begin.size()));
    if (!time) return Fail("bad time in the header " + Quoted(comment));
    draft->SetHeaderTime(*time);
  }
  return {};
}

bool IsCategory(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool IsAsn(std::string_view text) {
  const std::optional<uint32_t> asn = TakeNumber(text, UINT32_MAX);
  return asn && text.empty();
}

// "bot: family: examplebot", of a row without a comment "spam".
std::string TextOf(const CapRow& row) {
  std::string_view comment = row.comment;
  while (!comment.empty() && (comment.back() == ';' || IsBlank(comment.back()))) comment.remove_suffix(1);
  std::string text(row.category);
  if (!comment.empty()) text += ": " + RawFromLiteral(comment);
  return RawFromTemplate(text);
}

}  // namespace

Result<std::optional<CapRow>> ReadCapRow(std::string_view line, FeedDraft* draft) {
  line = TrimBlanks(line);
  if (line.starts_with('#')) {
    const Status head = ReadHead(line, draft);
    if (!head) return tl::unexpected(head.error());
    return std::nullopt;
  }
  if (line.empty()) return std::nullopt;
  const std::optional<CapRow> row = Split(line);
  if (!row) return Fail("not 'category|address|AS|time|comment|name': " + Quoted(line));
  if (!IsCategory(row->category)) return Fail("bad category " + Quoted(row->category));
  if (!row->asn.empty() && !IsAsn(row->asn)) return Fail("bad AS number " + Quoted(row->asn));
  if (!HasShape(row->time, "0000-00-00 00:00:00")) return Fail("bad time " + Quoted(row->time));
  if (row->address.find_first_of("/-") != std::string_view::npos) return Fail("bad address " + Quoted(row->address));
  return row;
}

Status ParseCymruCapLine(std::string_view line, FeedDraft* draft) {
  const Result<std::optional<CapRow>> row = ReadCapRow(line, draft);
  if (!row) return tl::unexpected(row.error());
  if (!row->has_value()) return {};
  const uint32_t a_be = draft->categories.Of((*row)->category, draft->default_raw().a_be);
  if (a_be == 0) return {};
  const std::string text = TextOf(**row);
  return AddCidrEntry((*row)->address, draft->Intern({.a_be = a_be, .text = text}), draft);
}

}  // namespace rblitz
