// Digests as lists and questions write them: hexadecimal, base32 of RFC 4648 without padding, z-base-32; in any case,
// with points between the parts of one that is too long for a label (64 hexadecimal digits are two labels of 32).
//
// How long a text is says what it is: 32, 40 and 64 digits are MD5, SHA-1 and SHA-256 in hexadecimal; 26, 32 and 52
// characters the same in base32. 32 characters that are all hexadecimal digits are read as such: of random digests in
// base32 not one in 10^13 looks so.
//
// Thread-safety: pure. Errors: what is no digest gives nothing. Cost: no allocation.
// Source: RFC 4648 section 6; Zooko O'Whielacronx, "human-oriented base-32 encoding", 2002.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rblitz {

// The kinds of digest, by their sizes.
inline constexpr std::array<size_t, 3> kDigestSizes = {16, 20, 32};
inline constexpr size_t kMaxDigest = 32;

struct Digest {
  std::array<uint8_t, kMaxDigest> bytes = {};  // zeros behind the end
  uint8_t size = 0;

  [[nodiscard]] std::span<const uint8_t> span() const noexcept { return {bytes.data(), size}; }
  bool operator==(const Digest&) const = default;
};

enum class Base32 : uint8_t { kRfc4648, kZ };

// `text` in hexadecimal or in this base32.
[[nodiscard]] std::optional<Digest> DigestFromText(std::string_view text, Base32 alphabet) noexcept;

// What a question may mean by the labels of a name in wire form (before the apex, no root label): some texts can be
// read in both alphabets, and a list has at most one of the two digests.
struct DigestReadings {
  std::array<Digest, 2> digests;
  uint8_t count = 0;
};
[[nodiscard]] DigestReadings DigestsFromLabels(std::span<const uint8_t> labels) noexcept;

}  // namespace rblitz
