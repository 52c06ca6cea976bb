#include "loaders/heat_text.h"

#include <algorithm>
#include <charconv>

#include "loaders/heat6_draft.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"

namespace rblitz {

namespace {

constexpr double kMostCount = 1e15;
constexpr double kLastSecond = 253402300799;  // of the year 9999

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// An IPv4 network that is written as IPv6 (RFC 4291 section 2.5.5.2) is an IPv4 one.
Result<std::variant<HeatNetwork, Ip6Prefix>> FamilyOf(const Ip6Prefix& network, std::string_view text) {
  constexpr unsigned kMappedBits = 96;
  if (!IsV4Mapped(network.address)) return network;
  if (network.length <= kMappedBits) return Fail("prefix " + Quoted(text) + " is the whole address space");
  return HeatNetwork{.prefix = static_cast<uint32_t>(network.address.low), .length = network.length - kMappedBits};
}

Result<std::variant<HeatNetwork, Ip6Prefix>> ReadIp6(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<Ip6Address> address = ReadIp6Address(text.substr(0, slash));
  if (!address) return Fail("bad address " + Quoted(text));
  if (slash == std::string_view::npos) return FamilyOf({.address = *address, .length = 128}, text);
  std::string_view rest = text.substr(slash + 1);
  const std::optional<uint32_t> length = TakeNumber(rest, 128);
  if (!length || !rest.empty()) return Fail("bad prefix " + Quoted(text));
  const std::optional<Ip6Prefix> prefix = MakeIp6Prefix(*address, *length);
  if (!prefix) return Fail("bits after the prefix are set in " + Quoted(text));
  if (*length >= Heat6Draft::kLeastLength) return FamilyOf(*prefix, text);
  return Fail("prefix " + Quoted(text) + " is larger than a /" + std::to_string(Heat6Draft::kLeastLength));
}

}  // namespace

Result<std::variant<HeatNetwork, Ip6Prefix>> ReadHeatNetwork(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return ReadIp6(text);
  std::string_view rest = text;
  if (std::ranges::all_of(text, IsDigit)) {
    const std::optional<uint32_t> address = TakeNumber(rest, UINT32_MAX);
    if (!address) return Fail("bad address " + Quoted(text));
    return HeatNetwork{.prefix = *address, .length = 32};
  }
  const std::optional<Octets> octets = TakeOctets(rest, LeadingZeros::kRefused);
  if (!octets || octets->count != 4) return Fail("bad address " + Quoted(text));
  if (rest.empty()) return HeatNetwork{.prefix = octets->address, .length = 32};
  if (rest[0] != '/') return Fail("bad address " + Quoted(text));
  rest.remove_prefix(1);
  const std::optional<uint32_t> length = TakeNumber(rest, 32);
  if (!length || !rest.empty()) return Fail("bad prefix " + Quoted(text));
  if (*length == 0) return Fail("prefix " + Quoted(text) + " is the whole address space");
  if (!PrefixRange(octets->address, *length)) return Fail("bits after the prefix are set in " + Quoted(text));
  return HeatNetwork{.prefix = octets->address, .length = *length};
}

std::optional<double> ReadCount(std::string_view text) {
  if (text.empty() || !IsDigit(text.front()) ||
      !std::ranges::all_of(text, [](char c) { return IsDigit(c) || c == '.'; })) {
    return std::nullopt;
  }
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || count > kMostCount) return std::nullopt;
  return count;
}

std::optional<int64_t> ReadEpoch(std::string_view text) {
  const std::optional<double> seconds = ReadCount(text);
  if (!seconds || *seconds > kLastSecond) return std::nullopt;
  return static_cast<int64_t>(*seconds);
}

}  // namespace rblitz
