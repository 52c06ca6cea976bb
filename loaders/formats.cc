#include "loaders/formats.h"

#include <algorithm>

#include "loaders/split_lines.h"

namespace rblitz {

namespace {

// A run of plain lines ends at the first other line; in files that alternate the two, small runs cost little.
constexpr size_t kRun = 256;

using ParseLine = Status(std::string_view line, FeedDraft* draft);

// A grammar in which a line that is nothing but an IPv4 address lists that address.
template <ParseLine* kParseLine>
struct AddressLines {
  FeedDraft* const draft;
  LineErrors* const errors;

  void operator()(std::span<const uint32_t> addresses) const { draft->AddAddresses(addresses, draft->default_value()); }
  void operator()(uint64_t number, std::string_view line) const {
    if (const Status parsed = kParseLine(line, draft); !parsed) errors->Add(number, parsed.error());
  }
  static uint64_t Parse(std::string_view block, FeedDraft* draft, LineErrors* errors) {
    uint32_t buffer[kRun];
    const AddressLines lines{draft, errors};
    return SplitPlainLines(block, buffer, lines, lines);
  }
  static uint64_t ParseSplit(const SplitLines& split, FeedDraft* draft, LineErrors* errors) {
    const AddressLines lines{draft, errors};
    return split.ForEach(lines, lines);
  }
};

// The same without plain lines, where an address is no entry.
template <ParseLine* kParseLine>
uint64_t ParseLines(std::string_view block, FeedDraft* draft, LineErrors* errors) {
  uint64_t lines = 0;
  for (; !block.empty(); ++lines) {
    if (const Status parsed = kParseLine(TakeLine(block), draft); !parsed) errors->Add(lines, parsed.error());
  }
  return lines;
}

template <ParseLine* kParseLine>
constexpr FeedFormat FormatOf(std::string_view name, FeedContent content) {
  return {name, Precedence::kLongestMatch, ParseLines<kParseLine>, nullptr, content};
}

template <ParseLine* kParseLine>
constexpr FeedFormat AddressesOf(std::string_view name, Precedence precedence, std::string_view text = "") {
  return {
      name, precedence, AddressLines<kParseLine>::Parse, AddressLines<kParseLine>::ParseSplit, FeedContent::kAddresses,
      text};
}

constexpr FeedFormat HeatOf(std::string_view name, uint64_t (*parse)(std::string_view, FeedDraft*, LineErrors*),
                            HeatKind kind) {
  FeedFormat format = {name, Precedence::kLongestMatch, parse, nullptr, FeedContent::kHeat};
  format.heat = kind;
  return format;
}

// Pictures have no lines (heat_picture.h).
uint64_t ParseNothing(std::string_view block, FeedDraft* /*draft*/, LineErrors* /*errors*/) {
  return static_cast<uint64_t>(std::ranges::count(block, '\n'));
}

// As Team Cymru's own zones answer.
constexpr std::string_view kPrefixText = "$prefix";

constexpr FeedFormat kFormats[] = {
    FormatOf<ParseAclLine>("acl", FeedContent::kClients),
    FormatOf<ParseAclKeyLine>("aclkey", FeedContent::kKeys),
    AddressesOf<ParseCidrLine>("cidr", Precedence::kLongestMatch),
    {"combined", Precedence::kLongestMatch, ParseCombinedBlock, nullptr, FeedContent::kCombined},
    {"cymru-asn", Precedence::kLongestMatch, ParseLines<ParseCymruAsnLine>, nullptr, FeedContent::kNames, "", true},
    AddressesOf<ParseCymruLine>("cymru-bogons", Precedence::kLongestMatch, kPrefixText),
    {"cymru-cap", Precedence::kPieces, ParseLines<ParseCymruCapLine>, nullptr, FeedContent::kAddresses, "", false,
     true},
    AddressesOf<ParseCymruLine>("cymru-fullbogons", Precedence::kLongestMatch, kPrefixText),
    FormatOf<ParseCymruMhrLine>("cymru-mhr", FeedContent::kHashes),
    {"cymru-origin", Precedence::kLongestMatch, ParseLines<ParseCymruOriginLine>, nullptr, FeedContent::kAddresses, "",
     true},
    {"cymru-peer", Precedence::kLongestMatch, ParseLines<ParseCymruOriginLine>, nullptr, FeedContent::kAddresses, "",
     true},
    {"cymru-whois", Precedence::kLongestMatch, ParseLines<ParseCymruWhoisLine>, nullptr, FeedContent::kAddresses, "",
     true},
    FormatOf<ParseDnsetLine>("dnset", FeedContent::kNames),
    FormatOf<ParseDomainsLine>("domains", FeedContent::kNames),
    FormatOf<ParseDomainsBelowLine>("domains-below", FeedContent::kNames),
    FormatOf<ParseGenericLine>("generic", FeedContent::kGeneric),
    FormatOf<ParseHashLine>("hash", FeedContent::kHashes),
    FormatOf<ParseHashZLine>("hash-zbase32", FeedContent::kHashes),
    HeatOf("heat", ParseLines<ParseHeatLine>, HeatKind::kScores),
    HeatOf("heat-cap", ParseLines<ParseHeatCapLine>, HeatKind::kCounts),
    HeatOf("heat-counts", ParseLines<ParseHeatCountsLine>, HeatKind::kCounts),
    HeatOf("heat-dshield", ParseLines<ParseHeatDshieldLine>, HeatKind::kCounts),
    HeatOf("heat-list", ParseHeatListBlock, HeatKind::kList),
    HeatOf("heat-png", ParseNothing, HeatKind::kPicture),
    HeatOf("heat-stopforumspam", ParseLines<ParseHeatStopForumSpamLine>, HeatKind::kCounts),
    HeatOf("heat-threatfox", ParseLines<ParseHeatThreatFoxLine>, HeatKind::kScores),
    HeatOf("heat-times", ParseLines<ParseHeatTimesLine>, HeatKind::kCounts),
    FormatOf<ParseHostsLine>("hosts", FeedContent::kNames),
    AddressesOf<ParseIp4SetLine>("ip4set", Precedence::kPieces),
    AddressesOf<ParseIp4TrieLine>("ip4trie", Precedence::kLongestMatch),
    AddressesOf<ParseIp4TsetLine>("ip4tset", Precedence::kLongestMatch),
    FormatOf<ParseIp6TrieLine>("ip6trie", FeedContent::kAddresses),
    FormatOf<ParseIp6TsetLine>("ip6tset", FeedContent::kAddresses),
};
static_assert(std::ranges::is_sorted(kFormats, {}, &FeedFormat::name));

}  // namespace

std::span<const FeedFormat> AllFormats() { return kFormats; }

const FeedFormat* FindFormat(std::string_view name) {
  const auto* const found = std::ranges::lower_bound(kFormats, name, {}, &FeedFormat::name);
  return found != std::end(kFormats) && found->name == name ? found : nullptr;
}

}  // namespace rblitz
