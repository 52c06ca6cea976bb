// The kernels behind address_labels.h, each in a translation unit of its own with its own instruction set.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rblitz::dns {

void ParseAddressLabelsPlain(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes);
void ParseAddressLabelsSsse3(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes);
void ParseAddressLabelsAvx2(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes);
// With pdep, which is not fast everywhere.
void ParseAddressLabelsAvx2Pdep(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes);

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
  bool good;        // each is 1 to 3
};

static inline LabelLengths ReadLabelLengths(const uint8_t* name) {
  // Masked to two bits, so that the next read stays within the 16 bytes that four such labels can take.
  const uint32_t l0 = name[0];
  const uint8_t* const p1 = name + 1 + (l0 & 3);
  const uint32_t l1 = p1[0];
  const uint8_t* const p2 = p1 + 1 + (l1 & 3);
  const uint32_t l2 = p2[0];
  const uint8_t* const p3 = p2 + 1 + (l2 & 3);
  const uint32_t l3 = p3[0];
  // The four side by side: sums and shifts of all are one multiplication, which carries nothing over as they are
  // below 4.
  const uint32_t all = l0 | l1 << 8 | l2 << 16 | l3 << 24;
  const uint32_t low = all & 0x03030303;
  return {.packed = low * 0x01041040 >> 24,
          .end = 4 + (low * 0x01010101 >> 24),
          .good = static_cast<bool>((all == low) & (((low | low >> 1) & 0x01010101) == 0x01010101))};
}

}  // namespace rblitz::dns
