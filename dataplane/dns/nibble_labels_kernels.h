// The kernels behind nibble_labels.h, each in a translation unit of its own, and what two of them share: all of it is
// inlined there, so that no function of this header exists by itself.
//
// Thread-safety: pure. Cost: bench/codec_bench.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/dns/nibble_labels.h"

namespace rblitz::dns {

void ParseNibbleLabelsPlain(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);
void ParseNibbleLabelsSsse3(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);
void ParseNibbleLabelsAvx2(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);
void ParseNibbleLabelsAvx512(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);

// V: a vector of bytes.
template <class V>
struct HexDigits {
  V values;
  V are_digits;  // all ones where there is one, and none where not
};

template <class V>
[[gnu::always_inline]] inline HexDigits<V> ReadHexDigits(V characters) noexcept {
  const V decimal = characters - '0';
  const V letter = (characters | 0x20) - 'a';
  const V is_decimal = reinterpret_cast<V>(decimal <= 9);
  const V is_letter = reinterpret_cast<V>(letter <= 5);
  return {.values = (decimal & is_decimal) | ((letter + 10) & is_letter), .are_digits = is_decimal | is_letter};
}

}  // namespace rblitz::dns
