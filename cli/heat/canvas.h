// A picture to draw on: rectangles, lines and single pixels of red, green and blue, laid over each other.
//
// Thread-safety: none. Units: pixels; x to the right, y downwards; alpha 0 (nothing) to 255 (opaque). What lies outside
// of the picture is cut off. The same calls give the same bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "loaders/heat_palette.h"

namespace rblitz {

struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  [[nodiscard]] int right() const noexcept { return x + width; }
  [[nodiscard]] int bottom() const noexcept { return y + height; }
  [[nodiscard]] Box Grown(int by) const noexcept { return {x - by, y - by, width + 2 * by, height + 2 * by}; }
  [[nodiscard]] bool Meets(const Box& other) const noexcept {
    return x < other.right() && other.x < right() && y < other.bottom() && other.y < bottom();
  }
  [[nodiscard]] bool Holds(const Box& other) const noexcept {
    return x <= other.x && y <= other.y && other.right() <= right() && other.bottom() <= bottom();
  }
};

class Canvas {
 public:
  static constexpr int kOpaque = 255;

  // REQUIRES: at least one pixel.
  Canvas(int width, int height, Rgb colour);

  [[nodiscard]] int width() const noexcept { return width_; }
  [[nodiscard]] int height() const noexcept { return height_; }
  [[nodiscard]] std::span<const uint8_t> rgb() const noexcept { return rgb_; }

  void Set(int x, int y, Rgb colour) noexcept;
  void Blend(int x, int y, Rgb colour, int alpha) noexcept;
  void Fill(const Box& box, Rgb colour, int alpha = kOpaque) noexcept;
  // Its border, `thickness` pixels inwards.
  void Frame(const Box& box, int thickness, Rgb colour, int alpha = kOpaque) noexcept;
  void Line(int x0, int y0, int x1, int y1, int thickness, Rgb colour) noexcept;

 private:
  int width_;
  int height_;
  std::vector<uint8_t> rgb_;
};

}  // namespace rblitz
