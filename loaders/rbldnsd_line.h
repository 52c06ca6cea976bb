// What the lines of all rbldnsd types share: comments and specials, and the grammar of values.
//
// A value is `:A:text`, `:A:` (no text), `:A` (the default's text), `text` (the default's A) or nothing (the default).
// An A may be short: 5 is 127.0.0.5, 1.2 is 1.0.0.2, 1.2.3 is 1.2.0.3.
#pragma once

#include <string_view>

#include "loaders/feed_draft.h"
#include "loaders/ip4_text.h"
#include "loaders/raw_values.h"
#include "tables/ip6.h"
#include "tables/result.h"

namespace rblitz {

// What an entry lists, and the rest of its line.
struct Ip4Key {
  AddressRange range;
  std::string_view rest;
};

struct Ip6Key {
  Ip6Prefix prefix;
  std::string_view rest;
};

// Takes the key off a line that begins with one. REQUIRES of the function: EndsKey(rest) holds for what it returns.
using ParseIp4Key = Result<Ip4Key>(std::string_view text);
using ParseIp6Key = Result<Ip6Key>(std::string_view text);

[[nodiscard]] Result<Ip4Key> ParseIp4TrieKey(std::string_view text);  // ip4trie_format.cc
[[nodiscard]] Result<Ip6Key> ParseIp6TrieKey(std::string_view text);  // ip6trie_format.cc

// Reads a line of a type whose entries are keys with values, where `!` excludes and default lines count until the next
// one.
[[nodiscard]] Status ParseIp4KeyLine(std::string_view line, ParseIp4Key* parse_key, FeedDraft* draft);
// The same; a line that begins with `::` is no default line but an address.
[[nodiscard]] Status ParseIp6KeyLine(std::string_view line, ParseIp6Key* parse_key, FeedDraft* draft);

// Reads a default line of a type that has one value for all its entries.
[[nodiscard]] Status ParseOnlyValueLine(std::string_view line, FeedDraft* draft);

// Removes blanks at both ends and acts on comments and specials: nothing is left of those.
[[nodiscard]] Result<std::string_view> TakeRbldnsdCommon(std::string_view line, FeedDraft* draft);

// Reads a line that begins with `:`, the value of what follows it.
[[nodiscard]] Status ParseDefaultLine(std::string_view line, FeedDraft* draft);

// The id of the value behind a key: the default's where `rest` has none or only a comment.
[[nodiscard]] Result<ValueId> ParseEntryValue(std::string_view rest, FeedDraft* draft);

// Whether a key may end before `rest`: at a blank, a comment, a value or the end of the line.
[[nodiscard]] bool EndsKey(std::string_view rest) noexcept;

// The value in `text`, which has no blanks at its ends; what it does not say is taken from `fallback`.
[[nodiscard]] Result<RawValue> ParseValue(std::string_view text, RawValue fallback);

}  // namespace rblitz
