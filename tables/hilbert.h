// The Hilbert curve that heat maps are drawn along: position on the curve <-> pixel.
//
// Orientation as ipv4-heatmap and xkcd 195 have it, whatever the order: the curve begins top left and ends top right; x
// grows to the right, y downwards. At order 12 a position is a /24's number, so that curve order is address order and
// only pictures need this file. What stands at order n is, a quarter of the size, what stands at order n+1.
//
// Thread-safety: pure. Units: at order n there are 2^n pixels a side and 4^n positions.
// Cost: one small table read for four bits of x and y.
// Source: Hilbert, "Ueber die stetige Abbildung einer Linie auf ein Flaechenstueck", 1891.
#pragma once

#include <cstdint>
#include <span>

namespace rblitz {

inline constexpr unsigned kMaxHilbertOrder = 16;
inline constexpr unsigned kHeatOrder = 12;  // a pixel is a /24

struct CurvePoint {
  uint32_t x = 0;
  uint32_t y = 0;

  bool operator==(const CurvePoint&) const = default;
};

// REQUIRES: order is 1 to kMaxHilbertOrder; the position, or the point, is on the curve.
[[nodiscard]] CurvePoint PointAt(uint32_t position, unsigned order) noexcept;
[[nodiscard]] uint32_t PositionAt(CurvePoint point, unsigned order) noexcept;

// The same for each. REQUIRES: both spans have one size.
void PointsAt(std::span<const uint32_t> positions, unsigned order, std::span<CurvePoint> points) noexcept;
// Of the row y of a picture, from its left end.
void PositionsOfRow(uint32_t y, unsigned order, std::span<uint32_t> positions) noexcept;

// The pixels of a network: a square where its length is even, else two squares side by side or one upon the other.
struct CurveBox {
  CurvePoint corner;  // top left
  uint32_t width = 0;
  uint32_t height = 0;

  bool operator==(const CurveBox&) const = default;
};

// What is smaller than a pixel has the one that it lies in. REQUIRES: length <= 32.
[[nodiscard]] CurveBox BoxOf(uint32_t prefix, unsigned length, unsigned order) noexcept;

}  // namespace rblitz
