// How Ip4Builder walks the entries of a list in the order of addresses.
//
// Thread-safety: none. Cost: everything is walked once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tables/address_blocks.h"
#include "tables/verdict.h"

namespace rblitz {

// An entry as it was given: its first and its last address.
using Ip4Bounds = std::pair<uint32_t, uint32_t>;

// Walks sorted entries beside addresses that ascend: which are the address itself, or a range that covers it.
class Ip4KeyCursor {
 public:
  explicit Ip4KeyCursor(const std::vector<Ip4Bounds>& keys) : keys_(keys) {}

  // REQUIRES: addresses ascend from call to call.
  void MoveTo(uint32_t address) {
    exact_ = false;
    while (next_ < keys_.size() && keys_[next_].first <= address) {
      const auto [first, last] = keys_[next_++];
      if (first == last) {
        exact_ |= first == address;
      } else {
        covered_to_ = std::max(covered_to_, uint64_t{last} + 1);
      }
    }
    covered_ = address < covered_to_;
  }
  [[nodiscard]] bool exact() const { return exact_; }
  [[nodiscard]] bool covered() const { return covered_; }
  // While the address is not covered: no entry is about one above it and below this.
  [[nodiscard]] uint64_t next() const { return next_ < keys_.size() ? keys_[next_].first : uint64_t{1} << 32; }

 private:
  const std::vector<Ip4Bounds>& keys_;
  size_t next_ = 0;
  uint64_t covered_to_ = 0;
  bool exact_ = false;
  bool covered_ = false;
};

// Walks single addresses that all have one value, or else those whose values stand beside them: address << 32 | value.
class Ip4SinglesCursor {
 public:
  // REQUIRES: one of the two is empty.
  Ip4SinglesCursor(std::span<const AddressBlocks::Chunk> bare, ValueId bare_value, std::span<const uint64_t> keyed)
      : bare_(bare), bare_value_(bare_value), keyed_(keyed) {}

  [[nodiscard]] bool more() const { return bare_.more() || !keyed_.empty(); }
  [[nodiscard]] uint32_t address() const {
    return keyed_.empty() ? *bare_ : static_cast<uint32_t>(keyed_.front() >> 32);
  }
  [[nodiscard]] ValueId value() const { return keyed_.empty() ? bare_value_ : static_cast<uint32_t>(keyed_.front()); }
  void Next() {
    if (keyed_.empty()) {
      bare_.Skip(1);
    } else {
      keyed_ = keyed_.subspan(1);
    }
  }

  // From here on, as far as they are listed, have one value and lie together in memory; else empty.
  [[nodiscard]] std::span<const uint32_t> alike() const {
    return bare_value_ == kNotListed ? std::span<const uint32_t>() : bare_.chunk();
  }
  // So many of these, all below `stop`, are next neither to what ends before `end`, to each other nor to `stop`. The
  // last one of a chunk is not looked at.
  [[nodiscard]] size_t CountApart(uint64_t end, uint64_t stop) const;
  // REQUIRES: count <= alike().size()
  void Skip(size_t count) { bare_.Skip(count); }
  // What is below it in the first chunk.
  void SkipTo(uint32_t address) { bare_.SkipTo(address); }

 private:
  AddressCursor bare_;
  ValueId bare_value_;
  std::span<const uint64_t> keyed_;
};

// Of ranges, those of `now` that `before` does not have; both sorted.
[[nodiscard]] std::vector<Ip4Bounds> Ip4RangesAdded(const std::vector<Ip4Bounds>& now,
                                                    const std::vector<Ip4Bounds>& before);

}  // namespace rblitz
