// rbldnsd's ip6trie: CIDR, addresses and prefixes of two to eight groups, each with a value of its own; the longest
// that matches decides, of equal ones the first; `!` excludes.
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"
#include "loaders/rbldnsd_line.h"

namespace rblitz {

Result<Ip6Key> ParseIp6TrieKey(std::string_view text) {
  std::string_view rest = text;
  const std::optional<Ip6Groups> groups = TakeGroups(rest);
  if (!groups) return Fail("bad address " + Quoted(text));
  uint32_t length = groups->bits();
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    const std::optional<uint32_t> given = TakeNumber(rest, 128);
    if (!given) return Fail("bad prefix " + Quoted(text));
    length = *given;
  } else if (groups->count == 1) {
    return Fail("bad address " + Quoted(text));
  }
  if (!EndsKey(rest)) return Fail("bad address " + Quoted(text));
  const std::optional<Ip6Prefix> prefix = MakeIp6Prefix(groups->address, length);
  if (!prefix) return Fail("bits after the prefix are set in " + Quoted(text));
  return Ip6Key{*prefix, rest};
}

Status ParseIp6TrieLine(std::string_view line, FeedDraft* draft) {
  return ParseIp6KeyLine(line, ParseIp6TrieKey, draft);
}

}  // namespace rblitz
