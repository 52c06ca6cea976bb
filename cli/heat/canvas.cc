#include "cli/heat/canvas.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

namespace rblitz {

namespace {

constexpr size_t kPixelBytes = 3;

}  // namespace

Canvas::Canvas(int width, int height, Rgb colour)
    : width_(width), height_(height), rgb_(kPixelBytes * static_cast<size_t>(width) * static_cast<size_t>(height)) {
  assert(width > 0 && height > 0);
  Fill({0, 0, width, height}, colour);
}

void Canvas::Set(int x, int y, Rgb colour) noexcept { Blend(x, y, colour, kOpaque); }

void Canvas::Blend(int x, int y, Rgb colour, int alpha) noexcept {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  uint8_t* const at =
      &rgb_[kPixelBytes * (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x))];
  const auto mix = [alpha](uint8_t under, uint8_t over) {
    return static_cast<uint8_t>((under * (kOpaque - alpha) + over * alpha + kOpaque / 2) / kOpaque);
  };
  at[0] = mix(at[0], colour.r);
  at[1] = mix(at[1], colour.g);
  at[2] = mix(at[2], colour.b);
}

void Canvas::Fill(const Box& box, Rgb colour, int alpha) noexcept {
  for (int y = std::max(box.y, 0); y < std::min(box.bottom(), height_); ++y) {
    for (int x = std::max(box.x, 0); x < std::min(box.right(), width_); ++x) Blend(x, y, colour, alpha);
  }
}

void Canvas::Frame(const Box& box, int thickness, Rgb colour, int alpha) noexcept {
  const int side = box.height - 2 * thickness;
  Fill({box.x, box.y, box.width, thickness}, colour, alpha);
  Fill({box.x, box.bottom() - thickness, box.width, thickness}, colour, alpha);
  Fill({box.x, box.y + thickness, thickness, side}, colour, alpha);
  Fill({box.right() - thickness, box.y + thickness, thickness, side}, colour, alpha);
}

void Canvas::Line(int x0, int y0, int x1, int y1, int thickness, Rgb colour) noexcept {
  const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
  for (int i = 0; i <= steps; ++i) {
    Fill({x0 + (x1 - x0) * i / steps - thickness / 2, y0 + (y1 - y0) * i / steps - thickness / 2, thickness, thickness},
         colour);
  }
}

}  // namespace rblitz
