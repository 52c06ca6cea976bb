// How a question for a name in a zone ends on the wire: the apex, any type, class IN, and, where EDNS is spoken, OPT.
// For zone*.h, zone*.cc and responder*.cc only.
//
// Thread-safety: const after Set. Cost: Matches takes one step for 32 bytes.
// Source: RFC 1035 section 4.1.2, RFC 4343 (case), RFC 6891 section 6.1.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tables/vectors.h"

namespace rblitz {

class QuestionEnd {
 public:
  // `apex` in wire form and lower case.
  void Set(const uint8_t* apex, size_t apex_size, bool has_opt) noexcept;

  // Whether a name that goes on at `suffix` ends in the apex there and then, its question is one of class IN, and OPT
  // follows if it should: of version 0, with any size, flags and options. Reads up to kCapacity bytes.
  [[nodiscard]] bool Matches(const uint8_t* suffix) const noexcept {
    const auto differences = [&](size_t at) {
      const auto asked = LoadVector<U64x2>(suffix + at);
      return (asked | LoadAligned<U64x2>(ignored_.data() + at)) ^ LoadAligned<U64x2>(wanted_.data() + at);
    };
    U64x2 differ = differences(0) | differences(16);
    for (size_t at = 32; at < size_; at += 32) differ |= differences(at) | differences(at + 16);
    return IsAllZero(differ);
  }

  // The most that AllowsAlike looks at.
  static constexpr size_t kMaxAlike = 64;
  // Whether a question still ends so and has the same type, and no options where there were none, when these bits of
  // its end are others. REQUIRES: size() <= kMaxAlike; the differences fill whole vectors.
  [[nodiscard]] bool AllowsAlike(const uint8_t* differences, bool has_opt) const noexcept;

  // Of apex, type and class, and of OPT without options.
  [[nodiscard]] size_t size() const noexcept { return size_; }

 private:
  static constexpr size_t kCapacity = 288;
  // Bits that may be as they like: the case of letters, the type, what OPT carries, all that stands behind. They are
  // set in `wanted_`.
  alignas(kVectorSize) std::array<uint8_t, kCapacity> ignored_{};
  alignas(kVectorSize) std::array<uint8_t, kCapacity> wanted_{};
  size_t size_ = 0;
};

}  // namespace rblitz
