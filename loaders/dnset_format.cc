// rbldnsd's dnset: `name`, `*.name` (what is below), `.name` (both), each with a value of its own; `!` excludes. A name
// ends at a blank: what would end an address elsewhere (# ; :) is part of it here.
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/name_text.h"
#include "loaders/rbldnsd_line.h"

namespace rblitz {

namespace {

NameForm TakeForm(std::string_view& name) {
  if (name.starts_with('.')) {
    name.remove_prefix(1);
    return NameForm::kBoth;
  }
  if (!name.starts_with("*.")) return NameForm::kExact;
  name.remove_prefix(2);
  return NameForm::kBelow;
}

}  // namespace

Status ParseDnsetLine(std::string_view line, FeedDraft* draft) {
  const Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  if (text->front() == ':') return ParseDefaultLine(*text, draft);
  const bool excluded = text->front() == '!';
  const std::string_view entry = excluded ? SkipBlanks(text->substr(1)) : *text;
  const std::string_view key = entry.substr(0, entry.find_first_of(" \t"));
  std::string_view name = key;
  const NameForm form = TakeForm(name);
  const std::optional<NameLabels> labels = NameFromRbldnsd(name, NameCase::kLower);
  if (!labels || labels->size == 0) return Fail("bad name " + Quoted(key));
  if (excluded) {
    draft->AddName(labels->span(), form, kNotListed);
    return {};
  }
  const Result<ValueId> value = ParseEntryValue(entry.substr(key.size()), draft);
  if (!value) return tl::unexpected(value.error());
  draft->AddName(labels->span(), form, *value);
  return {};
}

}  // namespace rblitz
