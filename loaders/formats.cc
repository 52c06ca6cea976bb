#include "loaders/formats.h"

#include <algorithm>
#include <cstring>

#include "loaders/plain_lines.h"

namespace rblitz {

namespace {

// A run of plain lines ends at the first other line; in files that alternate the two, small runs cost little.
constexpr size_t kRun = 256;

using ParseLine = Status(std::string_view line, FeedDraft* draft);

// Of a grammar in which a line that is nothing but an IPv4 address lists that address.
template <ParseLine* kParseLine>
uint64_t ParseAddressBlock(std::string_view block, FeedDraft* draft, LineErrors* errors) {
  uint32_t addresses[kRun];
  uint64_t lines = 0;
  const char* at = block.data();
  const char* const end = at + block.size();
  while (at < end) {
    const PlainRun run = ReadPlainLines(at, end, addresses);
    draft->AddAddresses({addresses, run.count}, draft->default_value());
    lines += run.count;
    at = run.next;
    if (run.count == kRun || at == end) continue;
    const auto* const newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    std::string_view line(at, static_cast<size_t>(newline - at));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const Status parsed = kParseLine(line, draft); !parsed) errors->Add(lines, parsed.error());
    ++lines;
    at = newline + 1;
  }
  return lines;
}

// The same without plain lines, where an address is no entry.
template <ParseLine* kParseLine>
uint64_t ParseLines(std::string_view block, FeedDraft* draft, LineErrors* errors) {
  uint64_t lines = 0;
  for (; !block.empty(); ++lines) {
    std::string_view line = block.substr(0, block.find('\n'));
    block.remove_prefix(line.size() + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const Status parsed = kParseLine(line, draft); !parsed) errors->Add(lines, parsed.error());
  }
  return lines;
}

template <ParseLine* kParseLine>
constexpr FeedFormat FormatOf(std::string_view name, FeedContent content) {
  return {name, Precedence::kLongestMatch, ParseLines<kParseLine>, content};
}

constexpr FeedFormat HeatOf(std::string_view name, uint64_t (*parse)(std::string_view, FeedDraft*, LineErrors*),
                            HeatKind kind) {
  FeedFormat format = {name, Precedence::kLongestMatch, parse, FeedContent::kHeat};
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
    {"cidr", Precedence::kLongestMatch, ParseAddressBlock<ParseCidrLine>},
    {"combined", Precedence::kLongestMatch, ParseCombinedBlock, FeedContent::kCombined},
    {"cymru-asn", Precedence::kLongestMatch, ParseLines<ParseCymruAsnLine>, FeedContent::kNames, "", true},
    {"cymru-bogons", Precedence::kLongestMatch, ParseAddressBlock<ParseCymruLine>, FeedContent::kAddresses,
     kPrefixText},
    {"cymru-cap", Precedence::kPieces, ParseLines<ParseCymruCapLine>, FeedContent::kAddresses, "", false, true},
    {"cymru-fullbogons", Precedence::kLongestMatch, ParseAddressBlock<ParseCymruLine>, FeedContent::kAddresses,
     kPrefixText},
    FormatOf<ParseCymruMhrLine>("cymru-mhr", FeedContent::kHashes),
    {"cymru-origin", Precedence::kLongestMatch, ParseLines<ParseCymruOriginLine>, FeedContent::kAddresses, "", true},
    {"cymru-peer", Precedence::kLongestMatch, ParseLines<ParseCymruOriginLine>, FeedContent::kAddresses, "", true},
    {"cymru-whois", Precedence::kLongestMatch, ParseLines<ParseCymruWhoisLine>, FeedContent::kAddresses, "", true},
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
    {"ip4set", Precedence::kPieces, ParseAddressBlock<ParseIp4SetLine>},
    {"ip4trie", Precedence::kLongestMatch, ParseAddressBlock<ParseIp4TrieLine>},
    {"ip4tset", Precedence::kLongestMatch, ParseAddressBlock<ParseIp4TsetLine>},
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
