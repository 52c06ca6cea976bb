// rbldnsd's ip4tset: addresses only, and one value for all of them: that of the first default line, wherever it stands.
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/rbldnsd_line.h"

namespace rblitz {

Status ParseIp4TsetLine(std::string_view line, FeedDraft* draft) {
  const Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  if (text->front() == ':') return ParseOnlyValueLine(*text, draft);
  std::string_view rest = *text;
  const std::optional<Octets> octets = TakeOctets(rest, LeadingZeros::kDecimal);
  if (!octets || octets->count != 4 || !EndsKey(rest)) return Fail("bad address " + Quoted(*text));
  return draft->Add(AddressRange{octets->address, octets->address}, draft->default_value());
}

}  // namespace rblitz
