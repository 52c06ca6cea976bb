#include "cli/config_values.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include "loaders/ip6_text.h"

namespace rblitz {

namespace {

constexpr uint64_t kMaxSeconds = 0x7fffffff;

// Digits only, the whole text.
template <class T>
bool ParseNumber(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

uint64_t UnitSeconds(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 604800;
    default:
      return 0;
  }
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= 63 && std::all_of(label.begin(), label.end(), IsNameCharacter);
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

Result<uint32_t> ParseSeconds(const std::string& text) {
  const auto bad = [&] { return Fail("bad time '" + text + "' (as in 90, 35m, 1h30m or 7d)"); };
  if (text.empty()) return bad();
  uint64_t total = 0;
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    uint32_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) return bad();
    const bool bare = next == end && at == text.data();
    const uint64_t unit = bare ? 1 : next == end ? 0 : UnitSeconds(*next);
    if (unit == 0) return bad();
    total += number * unit;
    if (total > kMaxSeconds) return Fail("time '" + text + "' is longer than 68 years");
    at = next == end ? end : next + 1;
  }
  return static_cast<uint32_t>(total);
}

Result<uint32_t> ParseMilliseconds(const std::string& text) {
  constexpr uint32_t kMost = 3600 * 1000;
  uint32_t milliseconds = 0;
  if (text.ends_with("ms")) {
    if (!ParseNumber(std::string_view(text).substr(0, text.size() - 2), &milliseconds) || milliseconds > kMost) {
      return Fail("bad time '" + text + "' (as in 200ms or 1s)");
    }
    return milliseconds;
  }
  const Result<uint32_t> seconds = ParseSeconds(text);
  if (!seconds) return tl::unexpected(seconds.error());
  if (*seconds > kMost / 1000) return Fail("'" + text + "' is more than an hour");
  return *seconds * 1000;
}

Result<uint64_t> ParseBytes(const std::string& text) {
  static constexpr std::string_view kUnits = "KMGT";
  const size_t unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  const std::string_view digits =
      std::string_view(text).substr(0, text.size() - (unit == std::string_view::npos ? 0 : 1));
  uint64_t number = 0;
  const unsigned shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<unsigned>(unit) + 1);
  if (!ParseNumber(digits, &number) || number == 0 || number > std::numeric_limits<uint64_t>::max() >> shift) {
    return Fail("bad size '" + text + "' (as in 64M or 2G)");
  }
  return number << shift;
}

Result<uint64_t> ParseMaxRange(const std::string& text) {
  const bool is_length = text.starts_with('/');
  uint64_t number = 0;
  if (!ParseNumber(std::string_view(text).substr(is_length ? 1 : 0), &number) || number == 0 ||
      number > (is_length ? 32 : std::numeric_limits<uint32_t>::max())) {
    return Fail("bad range '" + text + "' (as in /16 or 65536)");
  }
  return is_length ? uint64_t{1} << (32 - number) : number;
}

Result<uint8_t> ParseMaxRange6(const std::string& text) {
  uint64_t length = 0;
  if (!text.starts_with('/') || !ParseNumber(std::string_view(text).substr(1), &length) || length == 0 ||
      length > 128) {
    return Fail("bad range '" + text + "' (as in /32)");
  }
  return static_cast<uint8_t>(length);
}

Result<uint32_t> ParseAValue(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return Fail("bad address '" + text + "' (as in 127.0.0.2)");
  if (address.s_addr == 0) return Fail("0.0.0.0 is no answer");
  return address.s_addr;
}

Result<Ip6Prefix> ParseClients(const std::string& text, HostPart host_part) {
  const size_t slash = text.find('/');
  const std::string address_text = text.substr(0, slash);
  const std::string length_text = slash == std::string::npos ? "" : text.substr(slash + 1);
  in_addr ip4{};
  const bool is_ip4 = inet_pton(AF_INET, address_text.c_str(), &ip4) == 1;
  Ip6Address address{.high = 0, .low = kV4MappedLow | ntohl(ip4.s_addr)};
  uint64_t halves_be[2];
  if (!is_ip4) {
    if (inet_pton(AF_INET6, address_text.c_str(), halves_be) != 1) {
      return Fail("bad address '" + text + "' (as in 10.0.0.0/8 or 2001:db8::/32)");
    }
    address = {.high = be64toh(halves_be[0]), .low = be64toh(halves_be[1])};
  }
  const unsigned most = is_ip4 ? 32 : 128;
  unsigned length = most;
  if (slash != std::string::npos && (!ParseNumber(length_text, &length) || length > most)) {
    return Fail("bad prefix '" + text + "'");
  }
  if (host_part == HostPart::kIgnored) {
    const Ip6Address host = HostBits(length + 128 - most);
    address = {.high = address.high & ~host.high, .low = address.low & ~host.low};
  }
  const std::optional<Ip6Prefix> prefix = MakeIp6Prefix(address, length + 128 - most);
  if (!prefix) return Fail("bits after the prefix are set in '" + text + "'");
  return *prefix;
}

std::string ClientsText(const Ip6Prefix& clients) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_ip4 = IsV4Mapped(clients.address) && clients.length >= 96;
  if (is_ip4) {
    const uint32_t ip4_be = htonl(static_cast<uint32_t>(clients.address.low));
    inet_ntop(AF_INET, &ip4_be, text.data(), text.size());
  } else {
    const uint64_t halves_be[2] = {htobe64(clients.address.high), htobe64(clients.address.low)};
    inet_ntop(AF_INET6, halves_be, text.data(), text.size());
  }
  const std::string address = text.data();
  return clients.length == 128 ? address : address + "/" + std::to_string(clients.length - (is_ip4 ? 96 : 0));
}

Result<uint32_t> ParseCode(const std::string& text) { return text == "none" ? Result<uint32_t>(0) : ParseAValue(text); }

Result<std::string> ParseDomainName(const std::string& text) {
  const auto bad = [&] { return Fail("bad domain name '" + text + "'"); };
  std::string name = text;
  if (name.ends_with('.')) name.pop_back();
  // 253 characters and the root are 255 octets (RFC 1035 section 2.3.4).
  if (name.empty() || name.size() > 253) return bad();
  for (size_t at = 0; at <= name.size();) {
    const size_t dot = std::min(name.find('.', at), name.size());
    if (!IsLabel(std::string_view{name}.substr(at, dot - at))) return bad();
    at = dot + 1;
  }
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

Result<Soa> ParseSoa(const std::string& text) {
  const std::vector<std::string> words = Words(text);
  if (words.size() != 7) return Fail("is not 'mname rname serial refresh retry expire minimum'");
  Soa soa;
  const auto mname = ParseDomainName(words[0]);
  if (!mname) return tl::unexpected<Error>(mname.error());
  const auto rname = ParseDomainName(words[1]);
  if (!rname) return tl::unexpected<Error>(rname.error());
  soa.mname = *mname;
  soa.rname = *rname;
  if (!ParseNumber(words[2], &soa.serial)) return Fail("bad serial '" + words[2] + "'");
  uint32_t* const times[] = {&soa.refresh_seconds, &soa.retry_seconds, &soa.expire_seconds, &soa.minimum_seconds};
  for (size_t i = 0; i < std::size(times); ++i) {
    const auto seconds = ParseSeconds(words[3 + i]);
    if (!seconds) return tl::unexpected<Error>(seconds.error());
    *times[i] = *seconds;
  }
  return soa;
}

Result<std::string> ParseFeedName(const std::string& text) {
  const auto allowed = [](char c) { return IsNameCharacter(c) || c == '.'; };
  if (text.empty() || text.size() > 64 || text[0] == '.' || !std::all_of(text.begin(), text.end(), allowed)) {
    return Fail("bad name '" + text + "' (letters, digits, '-', '_' and '.', at most 64)");
  }
  return text;
}

}  // namespace rblitz
