// How every question for a name in a zone ends on the wire: the apex, any type, class IN. For zone*.cc and responder.cc
// only.
//
// Thread-safety: const after Set. Cost: Matches takes one step for 16 bytes.
// Source: RFC 1035 section 4.1.2, RFC 4343 (case).
#pragma once

#include <smmintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rblitz {

class QuestionEnd {
 public:
  // `apex` in wire form and lower case.
  void Set(const uint8_t* apex, size_t apex_size) noexcept;

  // Whether a name that goes on at `suffix` ends in the apex there and then, and its question is one of class IN. Reads
  // up to kCapacity bytes.
  [[nodiscard]] bool Matches(const uint8_t* suffix) const noexcept {
    __m128i differ = _mm_setzero_si128();
    size_t at = 0;
    do {
      const __m128i asked = _mm_loadu_si128(reinterpret_cast<const __m128i*>(suffix + at));
      const __m128i ignored = _mm_load_si128(reinterpret_cast<const __m128i*>(ignored_.data() + at));
      const __m128i wanted = _mm_load_si128(reinterpret_cast<const __m128i*>(wanted_.data() + at));
      differ = _mm_or_si128(differ, _mm_xor_si128(_mm_or_si128(asked, ignored), wanted));
      at += 16;
    } while (at < size_);
    return _mm_testz_si128(differ, differ) != 0;
  }

  // Of apex, type and class.
  [[nodiscard]] size_t size() const noexcept { return size_; }

 private:
  static constexpr size_t kCapacity = 272;
  // Bits that may be as they like: the case of letters, the type, all that stands behind. They are set in `wanted_`.
  alignas(16) std::array<uint8_t, kCapacity> ignored_{};
  alignas(16) std::array<uint8_t, kCapacity> wanted_{};
  size_t size_ = 0;
};

}  // namespace rblitz
