// rbldnsd's ip4trie: CIDR and prefixes of two to four octets, each with a value of its own; the longest that matches
// decides, of equal ones the first; `!` excludes.
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/rbldnsd_line.h"

namespace rblitz {

Result<Ip4Key> ParseIp4TrieKey(std::string_view text) {
  std::string_view rest = text;
  const std::optional<Octets> octets = TakeOctets(rest, LeadingZeros::kDecimal);
  if (!octets) return Fail("bad address " + Quoted(text));
  uint32_t length = octets->bits();
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    const std::optional<uint32_t> given = TakeNumber(rest, 32);
    if (!given) return Fail("bad prefix " + Quoted(text));
    length = *given;
  } else if (octets->count == 1) {
    return Fail("bad address " + Quoted(text));
  }
  if (!EndsKey(rest)) return Fail("bad address " + Quoted(text));
  const std::optional<AddressRange> range = PrefixRange(octets->address, length);
  if (!range) return Fail("bits after the prefix are set in " + Quoted(text));
  return Ip4Key{*range, rest};
}

Status ParseIp4TrieLine(std::string_view line, FeedDraft* draft) {
  return ParseIp4KeyLine(line, ParseIp4TrieKey, draft);
}

}  // namespace rblitz
