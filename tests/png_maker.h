// PNGs byte by byte, so that tests can make those that no encoder writes.
//
// Thread-safety: pure.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace rblitz::test {

inline std::string BigEndian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

inline std::string Chunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type) + std::string(data);
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return BigEndian(static_cast<uint32_t>(data.size())) + body + BigEndian(static_cast<uint32_t>(crc));
}

inline std::string Deflated(std::string_view bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  EXPECT_EQ(
      compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()),
      Z_OK);
  out.resize(size);
  return out;
}

inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

enum ColourType : uint8_t { kGreyPng = 0, kRgbPng = 2, kPalettePng = 3, kGreyAlphaPng = 4, kRgbaPng = 6 };

struct PngPicture {
  uint32_t width = 16;
  uint32_t height = 16;
  uint8_t depth = 8;
  ColourType type = kGreyPng;
  bool interlaced = false;
  std::string before_data = "";  // chunks: PLTE, tRNS
  std::string rows;              // a byte of filter before each
};

inline std::string PngHead(const PngPicture& picture) {
  const std::string rest = {static_cast<char>(picture.depth), static_cast<char>(picture.type), '\0', '\0',
                            static_cast<char>(picture.interlaced)};
  return std::string(kPngSignature) + Chunk("IHDR", BigEndian(picture.width) + BigEndian(picture.height) + rest);
}

inline std::string Png(const PngPicture& picture) {
  return PngHead(picture) + picture.before_data + Chunk("IDAT", Deflated(picture.rows)) + Chunk("IEND", "");
}

// Rows of a picture whose pixels are strings of bytes, as they stand in the file.
template <class PixelAt>
std::string PngRowsOf(uint32_t width, uint32_t height, PixelAt&& pixel_at) {
  std::string rows;
  for (uint32_t y = 0; y < height; ++y) {
    rows += '\0';
    for (uint32_t x = 0; x < width; ++x) rows += pixel_at(x, y);
  }
  return rows;
}

// The same in the order of Adam7.
template <class PixelAt>
std::string InterlacedRowsOf(uint32_t width, uint32_t height, PixelAt&& pixel_at) {
  struct Pass {
    uint32_t x, y, step_x, step_y;
  };
  std::string rows;
  for (const Pass& pass :
       {Pass{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}) {
    for (uint32_t y = pass.y; y < height; y += pass.step_y) {
      if (pass.x >= width) break;
      rows += '\0';
      for (uint32_t x = pass.x; x < width; x += pass.step_x) rows += pixel_at(x, y);
    }
  }
  return rows;
}

}  // namespace rblitz::test
