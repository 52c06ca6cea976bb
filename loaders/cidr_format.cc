// Plain lists: one address, CIDR or range a line, with comments.
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"

namespace rblitz {

namespace {

std::optional<uint32_t> TakeAddress(std::string_view& text) {
  const std::optional<Octets> octets = TakeOctets(text, LeadingZeros::kRefused);
  return octets && octets->count == 4 ? std::optional(octets->address) : std::nullopt;
}

Result<AddressRange> ParsePrefix(uint32_t address, std::string_view length_text, std::string_view entry) {
  const std::optional<uint32_t> length = TakeNumber(length_text, 32);
  if (!length || !length_text.empty()) return Fail("bad prefix " + Quoted(entry));
  // A list that means everybody is a mistake that would refuse all mail.
  if (*length == 0) return Fail("prefix " + Quoted(entry) + " is the whole address space");
  const std::optional<AddressRange> range = PrefixRange(address, *length);
  if (!range) return Fail("bits after the prefix are set in " + Quoted(entry));
  return *range;
}

Result<AddressRange> ParseRange(uint32_t first, std::string_view last_text, std::string_view entry) {
  last_text = SkipBlanks(last_text);
  const std::optional<uint32_t> last = TakeAddress(last_text);
  if (!last || !last_text.empty() || *last < first) return Fail("bad range " + Quoted(entry));
  if (first == 0 && *last == ~uint32_t{0}) return Fail("range " + Quoted(entry) + " is the whole address space");
  return AddressRange{first, *last};
}

Result<AddressRange> ParseEntry(std::string_view entry) {
  std::string_view rest = entry;
  const std::optional<uint32_t> address = TakeAddress(rest);
  if (!address && entry.find(':') != std::string_view::npos)
    return Fail("IPv6 address in an IPv4 list: " + Quoted(entry));
  if (!address) return Fail("bad address " + Quoted(entry));
  if (rest.empty()) return AddressRange{*address, *address};
  if (rest[0] == '/') return ParsePrefix(*address, rest.substr(1), entry);
  rest = SkipBlanks(rest);
  if (rest[0] == '-') return ParseRange(*address, rest.substr(1), entry);
  return Fail("bad address " + Quoted(entry));
}

}  // namespace

Status ParseCidrLine(std::string_view line, FeedDraft* draft) {
  const std::string_view entry = WithoutComment(line);
  if (entry.empty()) return {};
  const Result<AddressRange> range = ParseEntry(entry);
  if (!range) return tl::unexpected(range.error());
  return draft->Add(*range, draft->default_value());
}

}  // namespace rblitz
