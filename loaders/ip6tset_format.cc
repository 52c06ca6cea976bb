// rbldnsd's ip6tset: /64s as four groups, addresses that are excluded from them, and one value for all: that of the
// first default line, wherever it stands.
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"
#include "loaders/rbldnsd_line.h"

namespace rblitz {

Status ParseIp6TsetLine(std::string_view line, FeedDraft* draft) {
  const Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  if (text->front() == ':') return ParseOnlyValueLine(*text, draft);
  const bool excluded = text->front() == '!';
  std::string_view rest = excluded ? SkipBlanks(text->substr(1)) : *text;
  const std::optional<Ip6Groups> groups = TakeGroups(rest);
  if (!groups || !EndsKey(rest)) return Fail("bad address " + Quoted(*text));
  if (excluded && groups->count != 8) return Fail("an exclusion must be a whole address: " + Quoted(*text));
  if (!excluded && groups->count != 4) return Fail("an entry must be the four groups of a /64: " + Quoted(*text));
  const Ip6Prefix prefix{.address = groups->address, .length = static_cast<uint8_t>(groups->bits())};
  return draft->Add(prefix, excluded ? kNotListed : draft->default_value());
}

}  // namespace rblitz
