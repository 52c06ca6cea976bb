#include "loaders/ip4_text.h"

#include <bit>

#include "loaders/plain_lines.h"

namespace rblitz {

namespace {

bool IsDigit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

std::string AddressText(uint32_t address) {
  std::string text;
  for (const unsigned shift : {24u, 16u, 8u, 0u}) {
    text += (text.empty() ? "" : ".") + std::to_string(address >> shift & 0xff);
  }
  return text;
}

std::string RangeText(AddressRange range) {
  const uint64_t size = uint64_t{range.last} - range.first + 1;
  if (!std::has_single_bit(size) || range.first % size != 0) {
    return AddressText(range.first) + "-" + AddressText(range.last);
  }
  return AddressText(range.first) + "/" + std::to_string(32 - std::countr_zero(size));
}

std::optional<uint32_t> TakeNumber(std::string_view& text, uint32_t max) {
  uint64_t number = 0;
  size_t digits = 0;
  for (; digits < text.size() && IsDigit(text[digits]); ++digits) {
    number = 10 * number + static_cast<uint64_t>(text[digits] - '0');
    if (number > max) return std::nullopt;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<uint32_t>(number);
}

std::optional<Octets> TakeOctets(std::string_view& text, LeadingZeros zeros) {
  Octets octets;
  if (text.empty()) return std::nullopt;
  if (const unsigned length = ReadAddress(text.data(), &octets.address); length != 0 && length <= text.size()) {
    text.remove_prefix(length);
    octets.count = 4;
    return octets;
  }
  octets.address = 0;
  for (;;) {
    if (zeros == LeadingZeros::kRefused && text.size() > 1 && text[0] == '0' && IsDigit(text[1])) return std::nullopt;
    const std::optional<uint32_t> octet = TakeNumber(text, 255);
    if (!octet) return std::nullopt;
    ++octets.count;
    octets.address |= *octet << (32 - octets.bits());
    if (octets.count == 4 || text.empty() || text[0] != '.') return octets;
    text.remove_prefix(1);
  }
}

std::optional<AddressRange> PrefixRange(uint32_t address, unsigned length) {
  const uint32_t host_bits = length == 32 ? 0 : ~uint32_t{0} >> length;
  if ((address & host_bits) != 0) return std::nullopt;
  return AddressRange{address, address | host_bits};
}

std::string Quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  constexpr size_t kShown = 60;
  std::string quoted = "'";
  for (const char c : text.substr(0, kShown)) {
    if (c >= ' ' && c <= '~') {
      quoted += c;
    } else {
      const auto byte = static_cast<uint8_t>(c);
      quoted += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return quoted + (text.size() > kShown ? "...'" : "'");
}

}  // namespace rblitz
