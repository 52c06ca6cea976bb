// A domain name with the fingerprints of its suffixes, which is all that tables of names know of a name. The seed is
// the process's, so one hashing serves all tables, and one build can be compared with the next.
//
// A suffix is hashed from the right: its fingerprint is its leftmost label hashed with the fingerprint of the rest as
// seed. The fingerprint of no label is the process's seed.
//
// Thread-safety: pure. Lifetime: a HashedName points to the bytes of its name, and the kLabelSlack behind them.
// Units: names are in wire form, in lower case, relative to the zone: the labels before the apex, each a length byte
// and its bytes, no root label. Offsets and sizes are in bytes. Cost: two multiplications a label, for the kKept
// rightmost ones; the others are walked over.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "tables/label_hash.h"

namespace rblitz {

inline constexpr size_t kMaxLabels = 127;      // RFC 1035 section 2.3.4: 255 bytes
inline constexpr size_t kMaxLabelBytes = 254;  // the same, without the root label

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

// A copy of a name with the slack that hashing wants behind it.
class SlackName {
 public:
  // REQUIRES: at most kMaxLabelBytes.
  explicit SlackName(std::span<const uint8_t> name) noexcept : size_(name.size()) {
    std::copy(name.begin(), name.end(), bytes_);
  }
  [[nodiscard]] std::span<const uint8_t> bytes() const noexcept { return {bytes_, size_}; }

 private:
  uint8_t bytes_[kMaxLabelBytes + kLabelSlack];  // NOLINT(cppcoreguidelines-pro-type-member-init): written to size_
  size_t size_;
};

struct HashedName {
  // More labels than names have; what is deeper is hashed when a table has entries that deep.
  static constexpr size_t kKept = 8;

  // REQUIRES: `name` is well-formed, at most kMaxLabelBytes; kLabelSlack bytes behind it can be read.
  void Assign(std::span<const uint8_t> name, const LabelKey& key = ProcessLabelKey()) noexcept;

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

inline void HashedName::Assign(std::span<const uint8_t> name, const LabelKey& key) noexcept {
  static_assert(kKept == sizeof(uint64_t) && std::endian::native == std::endian::little);
  uint64_t rightmost = 0;  // starts, the last label's in the lowest byte
  size_t labels = 0;
  for (size_t at = 0; at < name.size(); at += size_t{name[at]} + 1, ++labels) rightmost = rightmost << 8 | at;
  data = name.data();
  size = static_cast<uint8_t>(name.size());
  count = static_cast<uint8_t>(labels);
  std::memcpy(starts.data(), &rightmost, kKept);
  uint64_t hash = key.root;
  for (size_t i = 0; i < std::min(labels, kKept); ++i, rightmost >>= 8) {
    hash = HashLabel(&name[rightmost & 0xff], hash, key);
    hashes[i] = hash;
  }
}

}  // namespace rblitz
