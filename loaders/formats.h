// The grammars: how a format's name leads to the function that reads one line of it. One file each; a format is a row
// of the table in formats.cc.
//
// A grammar gets a line without its LF and CR; kBlockSlack bytes behind it may be read. It returns why the line is bad,
// or nothing wrong; a bad line lists nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "loaders/feed_draft.h"
#include "loaders/heat_draft.h"
#include "loaders/line_reader.h"
#include "loaders/split_lines.h"
#include "tables/ip4_builder.h"
#include "tables/result.h"

namespace rblitz {

[[nodiscard]] Status ParseIp4SetLine(std::string_view line, FeedDraft* draft);   // ip4set_format.cc
[[nodiscard]] Status ParseIp4TsetLine(std::string_view line, FeedDraft* draft);  // ip4tset_format.cc
[[nodiscard]] Status ParseIp4TrieLine(std::string_view line, FeedDraft* draft);  // ip4trie_format.cc
[[nodiscard]] Status ParseIp6TrieLine(std::string_view line, FeedDraft* draft);  // ip6trie_format.cc
[[nodiscard]] Status ParseIp6TsetLine(std::string_view line, FeedDraft* draft);  // ip6tset_format.cc
[[nodiscard]] Status ParseAclLine(std::string_view line, FeedDraft* draft);      // acl_format.cc
[[nodiscard]] Status ParseAclKeyLine(std::string_view line, FeedDraft* draft);
[[nodiscard]] Status ParseCidrLine(std::string_view line, FeedDraft* draft);   // cidr_format.cc
[[nodiscard]] Status ParseCymruLine(std::string_view line, FeedDraft* draft);  // cymru_format.cc

[[nodiscard]] Status ParseCymruAsnLine(std::string_view line, FeedDraft* draft);  // cymru_asn_format.cc
[[nodiscard]] Status ParseCymruOriginLine(std::string_view line, FeedDraft* draft);
[[nodiscard]] Status ParseCymruWhoisLine(std::string_view line, FeedDraft* draft);
[[nodiscard]] Status ParseCymruCapLine(std::string_view line, FeedDraft* draft);  // cymru_cap_format.cc

[[nodiscard]] Status ParseDnsetLine(std::string_view line, FeedDraft* draft);    // dnset_format.cc
[[nodiscard]] Status ParseDomainsLine(std::string_view line, FeedDraft* draft);  // domains_format.cc
[[nodiscard]] Status ParseDomainsBelowLine(std::string_view line,
                                           FeedDraft* draft);                  // plain names stand for both there
[[nodiscard]] Status ParseHostsLine(std::string_view line, FeedDraft* draft);  // hosts_format.cc
[[nodiscard]] Status ParseHashLine(std::string_view line, FeedDraft* draft);   // hash_format.cc
[[nodiscard]] Status ParseHashZLine(std::string_view line, FeedDraft* draft);  // base32 is z-base-32 there
[[nodiscard]] Status ParseCymruMhrLine(std::string_view line, FeedDraft* draft);
[[nodiscard]] Status ParseGenericLine(std::string_view line, FeedDraft* draft);  // generic_format.cc

[[nodiscard]] Status ParseHeatLine(std::string_view line, FeedDraft* draft);  // heat_format.cc
[[nodiscard]] Status ParseHeatCountsLine(std::string_view line, FeedDraft* draft);
[[nodiscard]] Status ParseHeatTimesLine(std::string_view line, FeedDraft* draft);
[[nodiscard]] Status ParseHeatDshieldLine(std::string_view line, FeedDraft* draft);  // heat_rows_format.cc
[[nodiscard]] Status ParseHeatStopForumSpamLine(std::string_view line, FeedDraft* draft);
[[nodiscard]] Status ParseHeatCapLine(std::string_view line, FeedDraft* draft);
[[nodiscard]] Status ParseHeatThreatFoxLine(std::string_view line, FeedDraft* draft);

class LineErrors;
uint64_t ParseHeatListBlock(std::string_view block, FeedDraft* draft, LineErrors* errors);  // heat_format.cc
uint64_t ParseCombinedBlock(std::string_view block, FeedDraft* draft, LineErrors* errors);  // combined_format.cc

// Lists an address, CIDR or range of either family, as plain lists write it.
[[nodiscard]] Status AddCidrEntry(std::string_view entry, ValueId value, FeedDraft* draft);  // cidr_format.cc

// Told about each bad line; `number` counts the lines of the block from 0.
class LineErrors {
 public:
  virtual ~LineErrors() = default;
  virtual void Add(uint64_t number, const Error& error) = 0;
};

struct FeedFormat {
  std::string_view name;
  Precedence precedence;
  // Reads a block of lines and returns how many it has.
  uint64_t (*parse)(std::string_view block, FeedDraft* draft, LineErrors* errors);
  // The same of one that was taken apart; null where a line that is an address is no entry.
  uint64_t (*parse_split)(const SplitLines& lines, FeedDraft* draft, LineErrors* errors) = nullptr;
  FeedContent content = FeedContent::kAddresses;
  std::string_view text = "";   // TXT template, as in the configuration, of feeds that are configured without one
  bool is_text_only = false;    // its entries have a text and no A value
  bool has_categories = false;  // codes of the configuration say which A value an entry has
  HeatKind heat = HeatKind::kNone;
};

// Whether its feeds say who may ask, instead of what is listed.
[[nodiscard]] constexpr bool IsAccess(const FeedFormat& format) noexcept {
  return format.content == FeedContent::kClients || format.content == FeedContent::kKeys;
}

// Sorted by name.
[[nodiscard]] std::span<const FeedFormat> AllFormats();

// Null if there is no such format.
[[nodiscard]] const FeedFormat* FindFormat(std::string_view name);

}  // namespace rblitz
