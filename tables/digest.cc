#include "tables/digest.h"

#include <algorithm>

namespace rblitz {

namespace {

constexpr uint8_t kNone = 0xff;
constexpr size_t kLongestText = 2 * kMaxDigest;

// By character, the digit it is; upper case as lower case.
using Alphabet = std::array<uint8_t, 256>;

constexpr Alphabet MakeAlphabet(std::string_view digits) {
  Alphabet alphabet;
  alphabet.fill(kNone);
  for (size_t i = 0; i < digits.size(); ++i) {
    const auto digit = static_cast<uint8_t>(digits[i]);
    alphabet[digit] = static_cast<uint8_t>(i);
    if (digit >= 'a' && digit <= 'z') alphabet[digit - 'a' + 'A'] = static_cast<uint8_t>(i);
  }
  return alphabet;
}

constexpr Alphabet kHex = MakeAlphabet("0123456789abcdef");
constexpr Alphabet kRfc4648 = MakeAlphabet("abcdefghijklmnopqrstuvwxyz234567");
constexpr Alphabet kZ = MakeAlphabet("ybndrfg8ejkmcpqxot1uwisza345h769");

// Digits of so many bits each, the highest first. What is left of the last digit must be 0, as who encodes fills it up.
std::optional<Digest> Decode(std::string_view text, const Alphabet& alphabet, unsigned digit_bits,
                             size_t size) noexcept {
  Digest digest{.size = static_cast<uint8_t>(size)};
  size_t at = 0;
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const uint8_t digit = alphabet[static_cast<uint8_t>(c)];
    if (digit == kNone) return std::nullopt;
    bits = (bits << digit_bits | digit) & 0xffff;
    count += digit_bits;
    if (count < 8) continue;
    count -= 8;
    digest.bytes[at++] = static_cast<uint8_t>(bits >> count);
  }
  if ((bits & ((1u << count) - 1)) != 0) return std::nullopt;
  return digest;
}

std::optional<Digest> FromHex(std::string_view text) noexcept {
  for (const size_t size : kDigestSizes) {
    if (text.size() == 2 * size) return Decode(text, kHex, 4, size);
  }
  return std::nullopt;
}

std::optional<Digest> FromBase32(std::string_view text, const Alphabet& alphabet) noexcept {
  for (const size_t size : kDigestSizes) {
    if (text.size() == (8 * size + 4) / 5) return Decode(text, alphabet, 5, size);
  }
  return std::nullopt;
}

// The labels of a name put together.
class Joined {
 public:
  // False when they are longer than any digest.
  bool Append(std::string_view part) noexcept {
    if (part.size() > text_.size() - size_) return false;
    std::copy(part.begin(), part.end(), text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += part.size();
    return true;
  }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, kLongestText> text_;  // NOLINT(cppcoreguidelines-pro-type-member-init): written as appended
  size_t size_ = 0;
};

}  // namespace

std::optional<Digest> DigestFromText(std::string_view text, Base32 alphabet) noexcept {
  Joined joined;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('.'));
    text.remove_prefix(part.size());
    if (part.empty() || !joined.Append(part) || text == ".") return std::nullopt;
    if (!text.empty()) text.remove_prefix(1);
  }
  if (const std::optional<Digest> digest = FromHex(joined.text())) return digest;
  return FromBase32(joined.text(), alphabet == Base32::kZ ? kZ : kRfc4648);
}

DigestReadings DigestsFromLabels(std::span<const uint8_t> labels) noexcept {
  Joined joined;
  DigestReadings readings;
  for (size_t at = 0; at < labels.size(); at += size_t{labels[at]} + 1) {
    const auto* const label = reinterpret_cast<const char*>(&labels[at] + 1);
    if (!joined.Append({label, labels[at]})) return readings;
  }
  if (const std::optional<Digest> digest = FromHex(joined.text())) {
    readings.digests[readings.count++] = *digest;
    return readings;
  }
  for (const Alphabet* const alphabet : {&kRfc4648, &kZ}) {
    if (const std::optional<Digest> digest = FromBase32(joined.text(), *alphabet)) {
      readings.digests[readings.count++] = *digest;
    }
  }
  return readings;
}

}  // namespace rblitz
