// Lists of digests with values as rbldnsd writes them, and the answers of Team Cymru's malware hash registry:
// "<digest> <epoch last seen> <percent of scanners>", whose text says the same as the registry's own.
#include <limits>

#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"
#include "loaders/rbldnsd_line.h"
#include "tables/digest.h"

namespace rblitz {

namespace {

Status ParseLine(std::string_view line, Base32 alphabet, FeedDraft* draft) {
  const Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  if (text->front() == ':') return ParseDefaultLine(*text, draft);
  const bool excluded = text->front() == '!';
  const std::string_view entry = excluded ? SkipBlanks(text->substr(1)) : *text;
  const std::string_view key = entry.substr(0, entry.find_first_of(" \t:#;"));
  const std::optional<Digest> digest = DigestFromText(key, alphabet);
  if (!digest) return Fail("bad digest " + Quoted(key));
  if (excluded) {
    draft->AddDigest(*digest, kNotListed);
    return {};
  }
  const Result<ValueId> value = ParseEntryValue(entry.substr(key.size()), draft);
  if (!value) return tl::unexpected(value.error());
  draft->AddDigest(*digest, *value);
  return {};
}

bool IsNumber(std::string_view word, uint32_t max) {
  const std::optional<uint32_t> number = TakeNumber(word, max);
  return number && word.empty();
}

}  // namespace

Status ParseHashLine(std::string_view line, FeedDraft* draft) { return ParseLine(line, Base32::kRfc4648, draft); }
Status ParseHashZLine(std::string_view line, FeedDraft* draft) { return ParseLine(line, Base32::kZ, draft); }

Status ParseCymruMhrLine(std::string_view line, FeedDraft* draft) {
  std::string_view rest = WithoutComment(line);
  if (rest.empty()) return {};
  const std::string_view key = TakeListWord(rest);
  const std::optional<Digest> digest = DigestFromText(key, Base32::kRfc4648);
  if (!digest) return Fail("bad digest " + Quoted(key));
  const std::string_view seen = TakeListWord(rest);
  if (rest == "NO_DATA" || (seen == "NO_DATA" && rest.empty())) return {};
  if (!IsNumber(seen, std::numeric_limits<uint32_t>::max())) return Fail("bad time " + Quoted(seen));
  if (!IsNumber(rest, 100)) return Fail("bad percentage " + Quoted(rest));
  const std::string text = std::string(seen) + " " + std::string(rest);
  draft->AddDigest(*digest, draft->Intern({.a_be = draft->default_raw().a_be, .text = text}));
  return {};
}

}  // namespace rblitz
