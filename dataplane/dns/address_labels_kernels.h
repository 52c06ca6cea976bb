// The kernels behind address_labels.h, each in a translation unit of its own with its own instruction set.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rblitz::dns {

void ParseAddressLabelsPlain(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes);
void ParseAddressLabelsSsse3(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes);
void ParseAddressLabelsAvx2(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes);

// For label lengths l0 to l3 (two bits each, l0 lowest): which byte of the name goes where, so that each label's digits
// stand right-aligned in the first three bytes of its own four. 0x80: none, a zero.
using DigitShuffles = std::array<std::array<uint8_t, 16>, 256>;

constexpr DigitShuffles MakeDigitShuffles() {
  DigitShuffles shuffles{};
  for (unsigned lengths = 0; lengths < 256; ++lengths) {
    unsigned at = 1;
    for (unsigned label = 0; label < 4; ++label) {
      const unsigned length = lengths >> (2 * label) & 3;
      for (unsigned place = 0; place < 4; ++place) {
        const bool digit = place < 3 && place + length >= 3;
        shuffles[lengths][label * 4 + place] = digit ? static_cast<uint8_t>(at + place + length - 3) : uint8_t{0x80};
      }
      at += length + 1;
    }
  }
  return shuffles;
}

alignas(64) inline constexpr DigitShuffles kDigitShuffles = MakeDigitShuffles();

// The lengths of the first four labels, as far as they are 1 to 3. Static below: each kernel has its own copy, made for
// its own instruction set.
struct LabelLengths {
  uint32_t packed;  // two bits each, the index into kDigitShuffles
  uint32_t end;     // offset behind the fourth label
  uint32_t bad;     // not 0: one of them is not 1 to 3
};

static inline LabelLengths ReadLabelLengths(const uint8_t* name) {
  // Masked to two bits, so that the next read stays within the 16 bytes that four such labels can take.
  const uint32_t l0 = name[0];
  const uint32_t p1 = 1 + (l0 & 3);
  const uint32_t l1 = name[p1];
  const uint32_t p2 = p1 + 1 + (l1 & 3);
  const uint32_t l2 = name[p2];
  const uint32_t p3 = p2 + 1 + (l2 & 3);
  const uint32_t l3 = name[p3];
  const auto wrong = [](uint32_t length) { return static_cast<uint32_t>(length - 1 > 2); };
  return {.packed = (l0 & 3) | (l1 & 3) << 2 | (l2 & 3) << 4 | (l3 & 3) << 6,
          .end = p3 + 1 + (l3 & 3),
          .bad = wrong(l0) | wrong(l1) | wrong(l2) | wrong(l3)};
}

}  // namespace rblitz::dns
