// IPv4 addresses, prefixes and ranges as lists write them: the pieces that all text grammars share.
//
// Units: addresses in host order. Cost: no allocation unless a message is made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rblitz {

// An inclusive range.
struct AddressRange {
  uint32_t first = 0;
  uint32_t last = 0;

  bool operator==(const AddressRange&) const = default;
};

enum class LeadingZeros : uint8_t {
  kDecimal,  // 010 is ten, as rbldnsd reads it
  kRefused,  // 010 may have been meant as eight
};

// One to four octets; those that are missing are the low ones.
struct Octets {
  uint32_t address = 0;  // missing octets are 0
  unsigned count = 0;

  // 32 for four octets, 8 for one.
  [[nodiscard]] unsigned bits() const noexcept { return 8 * count; }
  // The highest address that begins with these octets.
  [[nodiscard]] uint32_t last() const noexcept { return count == 4 ? address : address | (~uint32_t{0} >> bits()); }
};

// Takes octets off the front of `text`. Nothing if it does not begin with any, an octet is above 255 or misses after a
// point. REQUIRES: kBlockSlack bytes behind the text may be read (loaders/line_reader.h).
[[nodiscard]] std::optional<Octets> TakeOctets(std::string_view& text, LeadingZeros zeros);

// Takes digits off the front of `text`. Nothing if there are none or they say more than `max`.
[[nodiscard]] std::optional<uint32_t> TakeNumber(std::string_view& text, uint32_t max);

// The addresses below address/length. Nothing if bits after the prefix are set.
[[nodiscard]] std::optional<AddressRange> PrefixRange(uint32_t address, unsigned length);

// "10.0.0.1".
[[nodiscard]] std::string AddressText(uint32_t address);
// "10.0.0.0/8" where the range is a prefix, else "10.0.0.1-10.0.0.9".
[[nodiscard]] std::string RangeText(AddressRange range);

inline bool IsBlank(char c) noexcept { return c == ' ' || c == '\t'; }
[[nodiscard]] inline std::string_view SkipBlanks(std::string_view text) noexcept {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  return text;
}
[[nodiscard]] inline std::string_view TrimBlanks(std::string_view text) noexcept {
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return SkipBlanks(text);
}

// For messages: quoted, at most 60 bytes of it, others than printable ASCII as \xNN.
[[nodiscard]] std::string Quoted(std::string_view text);

}  // namespace rblitz
