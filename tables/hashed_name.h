// A domain name with the fingerprints of its suffixes, which is all that tables of names know of a name. The seed is
// the process's, so one hashing serves all tables, and one build can be compared with the next.
//
// A suffix is hashed from the right: its fingerprint is its leftmost label hashed with the fingerprint of the rest as
// seed. The fingerprint of no label is the process's seed.
//
// Thread-safety: pure. Lifetime: a HashedName points to the bytes of its name.
// Units: names are in wire form, in lower case, relative to the zone: the labels before the apex, each a length byte
// and its bytes, no root label. Offsets and sizes are in bytes. Cost: one XXH3 of a few bytes a label, for the kKept
// rightmost ones; the others are walked over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tables/hash.h"

namespace rblitz {

inline constexpr size_t kMaxLabels = 127;  // RFC 1035 section 2.3.4: 255 bytes

// REQUIRES: `label` points to a length byte and that many bytes.
[[nodiscard]] inline uint64_t HashLabel(const uint8_t* label, uint64_t parent) noexcept {
  return Hash64(label, size_t{*label} + 1, parent);
}

// Where the labels of a name begin. Index 0 is the leftmost one.
struct LabelStarts {
  explicit LabelStarts(std::span<const uint8_t> name) noexcept {
    for (size_t at = 0; at < name.size(); at += size_t{name[at]} + 1) starts[count++] = static_cast<uint8_t>(at);
  }
  // Of the suffix of this many labels. REQUIRES: 0 < labels <= count.
  [[nodiscard]] uint8_t OfSuffix(size_t labels) const noexcept { return starts[count - labels]; }

  std::array<uint8_t, kMaxLabels + 1> starts;  // NOLINT(cppcoreguidelines-pro-type-member-init): written as counted
  uint8_t count = 0;
};

struct HashedName {
  // More labels than names have; what is deeper is hashed when a table has entries that deep.
  static constexpr size_t kKept = 8;

  // REQUIRES: `name` is well-formed, at most 254 bytes.
  void Assign(std::span<const uint8_t> name) noexcept;

  // Of the suffix of this many labels. REQUIRES: 0 < labels <= min(count, kKept).
  [[nodiscard]] uint64_t HashOf(size_t labels) const noexcept { return hashes[labels - 1]; }
  [[nodiscard]] uint8_t StartOf(size_t labels) const noexcept { return starts[labels - 1]; }
  [[nodiscard]] std::span<const uint8_t> bytes() const noexcept { return {data, size}; }

  const uint8_t* data = nullptr;
  uint8_t size = 0;
  uint8_t count = 0;
  std::array<uint8_t, kKept> starts;   // NOLINT(cppcoreguidelines-pro-type-member-init): of count suffixes
  std::array<uint64_t, kKept> hashes;  // NOLINT(cppcoreguidelines-pro-type-member-init): the same
};

}  // namespace rblitz
