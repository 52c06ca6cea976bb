// rbldnsd's ip4set: addresses, prefixes of two or three octets, CIDR and ranges, each with a value of its own; `!`
// excludes.
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/rbldnsd_line.h"

namespace rblitz {

namespace {

// a-b: b has as many octets as a, or is one number that replaces a's last octet.
std::optional<AddressRange> TakeRangeEnd(Octets first, std::string_view& rest) {
  std::optional<Octets> last = TakeOctets(rest, LeadingZeros::kDecimal);
  if (!last) return std::nullopt;
  if (last->count == 1 && first.count > 1) {
    const uint32_t kept = first.address & ~(uint32_t{0xff} << (32 - first.bits()));
    last = Octets{.address = kept | last->address >> (first.bits() - 8), .count = first.count};
  }
  if (last->count != first.count || last->last() < first.address) return std::nullopt;
  return AddressRange{first.address, last->last()};
}

Result<Ip4Key> ParseSetKey(std::string_view text) {
  std::string_view rest = text;
  const std::optional<Octets> octets = TakeOctets(rest, LeadingZeros::kDecimal);
  if (!octets) return Fail("bad address " + Quoted(text));
  std::optional<AddressRange> range;
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    const std::optional<uint32_t> length = TakeNumber(rest, 32);
    if (!length || *length == 0) return Fail("bad prefix " + Quoted(text));
    range = PrefixRange(octets->address, *length);
    if (!range) return Fail("bits after the prefix are set in " + Quoted(text));
  } else if (rest.starts_with('-')) {
    rest.remove_prefix(1);
    range = TakeRangeEnd(*octets, rest);
  } else if (octets->count > 1) {
    range = AddressRange{octets->address, octets->last()};
  }
  if (!range || !EndsKey(rest)) return Fail("bad address " + Quoted(text));
  return Ip4Key{*range, rest};
}

}  // namespace

Status ParseIp4SetLine(std::string_view line, FeedDraft* draft) { return ParseIp4KeyLine(line, ParseSetKey, draft); }

}  // namespace rblitz
