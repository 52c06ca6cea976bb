#include "loaders/ip6_text.h"

#include <arpa/inet.h>
#include <endian.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>

namespace rblitz {

namespace {

constexpr unsigned kGroups = 8;

// The value of a hexadecimal digit, or 16.
constexpr unsigned HexDigit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return 16;
}

std::optional<uint16_t> TakeGroup(std::string_view& text) {
  uint32_t group = 0;
  size_t digits = 0;
  for (; digits < text.size() && HexDigit(text[digits]) < 16; ++digits) {
    group = group << 4 | HexDigit(text[digits]);
    if (group > 0xffff) return std::nullopt;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<uint16_t>(group);
}

Ip6Address Join(const std::array<uint16_t, kGroups>& groups) {
  Ip6Address address;
  for (unsigned i = 0; i < kGroups / 2; ++i) {
    address.high = address.high << 16 | groups[i];
    address.low = address.low << 16 | groups[i + kGroups / 2];
  }
  return address;
}

}  // namespace

std::optional<Ip6Groups> TakeGroups(std::string_view& text) {
  std::array<uint16_t, kGroups> groups{};
  unsigned count = 0;
  std::optional<unsigned> elided_at;
  const auto take_elision = [&] {
    if (elided_at || !text.starts_with("::")) return false;
    text.remove_prefix(2);
    elided_at = count;
    return true;
  };
  bool more = take_elision() ? !text.empty() && HexDigit(text[0]) < 16 : true;
  while (more) {
    const std::optional<uint16_t> group = TakeGroup(text);
    if (!group) return std::nullopt;
    groups[count++] = *group;
    if (count == kGroups || !text.starts_with(':')) break;
    if (take_elision()) {
      more = !text.empty() && HexDigit(text[0]) < 16;
    } else {
      text.remove_prefix(1);
    }
  }
  if (!elided_at) return Ip6Groups{.address = Join(groups), .count = count};
  if (count == kGroups) return std::nullopt;  // the elision stands for nothing
  const auto middle = groups.begin() + *elided_at;
  std::rotate(middle, groups.begin() + count, groups.end());
  return Ip6Groups{.address = Join(groups), .count = kGroups, .elided = true};
}

std::optional<Ip6Address> ReadIp6Address(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated);
  terminated[text.size()] = '\0';
  in6_addr read{};
  if (text.find('\0') != std::string_view::npos || inet_pton(AF_INET6, terminated, &read) != 1) return std::nullopt;
  uint64_t halves_be[2];
  std::memcpy(halves_be, &read, sizeof halves_be);
  return Ip6Address{.high = be64toh(halves_be[0]), .low = be64toh(halves_be[1])};
}

std::optional<Ip6Prefix> MakeIp6Prefix(const Ip6Address& address, unsigned length) {
  assert(length <= 128);
  const Ip6Address host = HostBits(length);
  if (((address.high & host.high) | (address.low & host.low)) != 0) return std::nullopt;
  return Ip6Prefix{.address = address, .length = static_cast<uint8_t>(length)};
}

std::string Ip6Text(const Ip6Prefix& prefix) {
  const uint64_t halves_be[2] = {htobe64(prefix.address.high), htobe64(prefix.address.low)};
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, halves_be, text, sizeof text);
  return prefix.length == 128 ? text : text + ("/" + std::to_string(prefix.length));
}

}  // namespace rblitz
