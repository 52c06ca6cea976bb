// Pictures as PNG: read row by row from bytes that nobody can trust, and written. The only file that includes png.h.
//
// Whatever kind of PNG it is (grey, palette, colour, 1 to 16 bits, interlaced, transparent), rows come as 8 bits each
// of red, green, blue and alpha. Colour profiles, gamma and texts are skipped unread.
//
// Thread-safety: pure but for the source. Errors: name the file. A picture of which any byte is missing or damaged
// fails as a whole.
// Cost: two rows; of an interlaced picture all of them. At most kMostPngBytes are read.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "loaders/byte_source.h"
#include "tables/result.h"

namespace rblitz {

// More than the largest map takes without any compression.
inline constexpr uint64_t kMostPngBytes = uint64_t{192} << 20;
inline constexpr uint32_t kMostPngSide = 4096;

// Takes a picture.
class PngRows {
 public:
  virtual ~PngRows() = default;
  // Nothing is allocated for the picture before these say that its size is good, and that reading it may take as much
  // memory.
  [[nodiscard]] virtual Status Start(uint32_t width, uint32_t height) = 0;
  [[nodiscard]] virtual Status StartTaking(uint64_t /*bytes*/) { return {}; }
  // From the top; 4 bytes a pixel.
  [[nodiscard]] virtual Status Row(uint32_t y, std::span<const uint8_t> rgba) = 0;
};

[[nodiscard]] Status ReadPng(const std::string& name, ByteSource* source, PngRows* rows);

// The bytes of a file of 8 bits each of red, green and blue; the same for the same picture. REQUIRES: 3 bytes a pixel,
// at least one pixel.
[[nodiscard]] Result<std::string> WritePng(uint32_t width, uint32_t height, std::span<const uint8_t> rgb);

}  // namespace rblitz
