// Plain lists: one address, CIDR or range a line, of either family, with comments.
#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"
#include "loaders/list_text.h"

namespace rblitz {

namespace {

// What some lists have behind a network: its name.
std::string_view WithoutLabel(std::string_view entry) {
  const std::string_view network = entry.substr(0, entry.find_first_of(" \t"));
  const std::string_view label = SkipBlanks(entry.substr(network.size()));
  const bool is_label = !label.empty() && ((label[0] | 0x20) >= 'a' && (label[0] | 0x20) <= 'z');
  return is_label && network.find('/') != std::string_view::npos ? network : entry;
}

std::optional<uint32_t> TakeAddress(std::string_view& text) {
  const std::optional<Octets> octets = TakeOctets(text, LeadingZeros::kRefused);
  return octets && octets->count == 4 ? std::optional(octets->address) : std::nullopt;
}

// Behind the slash, from 1 to `bits`.
Result<uint32_t> ParseLength(std::string_view text, uint32_t bits, std::string_view entry) {
  const std::optional<uint32_t> length = TakeNumber(text, bits);
  if (!length || !text.empty()) return Fail("bad prefix " + Quoted(entry));
  // A list that means everybody is a mistake that would refuse all mail.
  if (*length == 0) return Fail("prefix " + Quoted(entry) + " is the whole address space");
  return *length;
}

Result<AddressRange> ParsePrefix(uint32_t address, std::string_view length_text, std::string_view entry) {
  const Result<uint32_t> length = ParseLength(length_text, 32, entry);
  if (!length) return tl::unexpected(length.error());
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
  if (!address) return Fail("bad address " + Quoted(entry));
  if (rest.empty()) return AddressRange{*address, *address};
  if (rest[0] == '/') return ParsePrefix(*address, rest.substr(1), entry);
  rest = SkipBlanks(rest);
  if (rest[0] == '-') return ParseRange(*address, rest.substr(1), entry);
  return Fail("bad address " + Quoted(entry));
}

Result<Ip6Prefix> ParseIp6Entry(std::string_view entry) {
  const size_t slash = entry.find('/');
  const std::optional<Ip6Address> address = ReadIp6Address(entry.substr(0, slash));
  if (!address) return Fail("bad address " + Quoted(entry));
  if (slash == std::string_view::npos) return Ip6Prefix{.address = *address, .length = 128};
  const Result<uint32_t> length = ParseLength(entry.substr(slash + 1), 128, entry);
  if (!length) return tl::unexpected(length.error());
  const std::optional<Ip6Prefix> prefix = MakeIp6Prefix(*address, *length);
  if (!prefix) return Fail("bits after the prefix are set in " + Quoted(entry));
  return *prefix;
}

// An IPv4 address in IPv6's clothes is an IPv4 address: questions about it come as one.
Status AddIp6Entry(std::string_view entry, ValueId value, FeedDraft* draft) {
  const Result<Ip6Prefix> prefix = ParseIp6Entry(entry);
  if (!prefix) return tl::unexpected(prefix.error());
  if (!IsV4Mapped(prefix->address) || prefix->length < 96) return draft->Add(*prefix, value);
  if (prefix->length == 96) return Fail("prefix " + Quoted(entry) + " is the whole address space");
  const auto first = static_cast<uint32_t>(prefix->address.low);
  const auto host = static_cast<uint32_t>(HostBits(prefix->length).low);
  return draft->Add(AddressRange{first, first | host}, value);
}

}  // namespace

Status ParseCidrLine(std::string_view line, FeedDraft* draft) {
  const std::string_view entry = WithoutLabel(WithoutComment(line));
  if (entry.empty()) return {};
  return AddCidrEntry(entry, draft->default_value(), draft);
}

Status AddCidrEntry(std::string_view entry, ValueId value, FeedDraft* draft) {
  if (entry.find(':') != std::string_view::npos) return AddIp6Entry(entry, value, draft);
  const Result<AddressRange> range = ParseEntry(entry);
  if (!range) return tl::unexpected(range.error());
  return draft->Add(*range, value);
}

}  // namespace rblitz
