#include "loaders/rbldnsd_line.h"

#include <arpa/inet.h>

#include "loaders/ip4_text.h"

namespace rblitz {

namespace {

constexpr size_t kMaxRawText = 255;

bool BeginsComment(char c) noexcept { return c == '#' || c == ';'; }

// Host order; 0 is no A value.
uint32_t FullA(Octets octets) noexcept {
  const uint32_t address = octets.address;
  switch (octets.count) {
    case 1:
      return address == 0 ? 0 : 0x7f000000 | address >> 24;
    case 2:
      return (address & 0xff000000) | (address >> 16 & 0xff);
    case 3:
      return (address & 0xffff0000) | (address >> 8 & 0xff);
    default:
      return address;
  }
}

const AddressRange& Listed(const Ip4Key& key) { return key.range; }
const Ip6Prefix& Listed(const Ip6Key& key) { return key.prefix; }

template <class Key>
Status ParseEntryLine(std::string_view text, Result<Key> (*parse_key)(std::string_view), FeedDraft* draft) {
  const bool excluded = text.front() == '!';
  const Result<Key> key = parse_key(excluded ? SkipBlanks(text.substr(1)) : text);
  if (!key) return tl::unexpected(key.error());
  if (excluded) return draft->Add(Listed(*key), kNotListed);
  const Result<ValueId> value = ParseEntryValue(key->rest, draft);
  if (!value) return tl::unexpected(value.error());
  return draft->Add(Listed(*key), *value);
}

}  // namespace

Status ParseIp4KeyLine(std::string_view line, ParseIp4Key* parse_key, FeedDraft* draft) {
  const Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  if (text->front() == ':') return ParseDefaultLine(*text, draft);
  return ParseEntryLine(*text, parse_key, draft);
}

Status ParseIp6KeyLine(std::string_view line, ParseIp6Key* parse_key, FeedDraft* draft) {
  const Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  if (text->front() == ':' && !text->starts_with("::")) return ParseDefaultLine(*text, draft);
  return ParseEntryLine(*text, parse_key, draft);
}

Status ParseOnlyValueLine(std::string_view line, FeedDraft* draft) {
  const Result<RawValue> value = ParseValue(line, draft->config_value());
  if (!value) return tl::unexpected(value.error());
  draft->SetOnlyValue(*value);
  return {};
}

Status ParseDefaultLine(std::string_view line, FeedDraft* draft) {
  const Result<RawValue> value = ParseValue(line, draft->config_value());
  if (!value) return tl::unexpected(value.error());
  draft->SetDefault(*value);
  return {};
}

Result<ValueId> ParseEntryValue(std::string_view rest, FeedDraft* draft) {
  rest = SkipBlanks(rest);
  if (rest.empty() || BeginsComment(rest[0])) return draft->default_value();
  const Result<RawValue> value = ParseValue(rest, draft->default_raw());
  if (!value) return tl::unexpected(value.error());
  return draft->Intern(*value);
}

Result<std::string_view> TakeRbldnsdCommon(std::string_view line, FeedDraft* draft) {
  line = TrimBlanks(line);
  if (IsSpecial(line)) {
    if (const Status parsed = ParseSpecial(line, &draft->specials); !parsed) return tl::unexpected(parsed.error());
    return std::string_view();
  }
  if (!line.empty() && BeginsComment(line[0])) return std::string_view();
  return line;
}

bool EndsKey(std::string_view rest) noexcept {
  return rest.empty() || IsBlank(rest[0]) || BeginsComment(rest[0]) || rest[0] == ':';
}

Result<RawValue> ParseValue(std::string_view text, RawValue fallback) {
  RawValue value = fallback;
  std::string_view rest = text;
  if (rest.starts_with(':')) {
    rest.remove_prefix(1);
    const std::optional<Octets> octets = TakeOctets(rest, LeadingZeros::kDecimal);
    const uint32_t a = octets ? FullA(*octets) : 0;
    if (a == 0) return Fail("bad A value in " + Quoted(text));
    value.a_be = htonl(a);
    rest = SkipBlanks(rest);
    if (rest.empty()) return value;
    if (rest[0] != ':') return Fail("bad value " + Quoted(text));
    rest = SkipBlanks(rest.substr(1));
  }
  value.text = rest.substr(0, kMaxRawText);
  return value;
}

}  // namespace rblitz
