#include "tables/hilbert.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace rblitz {

namespace {

// Two bits of the position to one bit of x, one of y, and how the curve runs within that quarter.
struct Step {
  uint8_t x;
  uint8_t y;
  uint8_t next;
};
constexpr Step kSteps[4][4] = {{{0, 0, 1}, {0, 1, 0}, {1, 1, 0}, {1, 0, 3}},
                               {{0, 0, 0}, {1, 0, 1}, {1, 1, 1}, {0, 1, 2}},
                               {{1, 1, 3}, {1, 0, 2}, {0, 0, 2}, {0, 1, 1}},
                               {{1, 1, 2}, {0, 1, 3}, {0, 0, 3}, {1, 0, 0}}};

// Four steps at once: eight bits of position, four of x and four of y.
constexpr unsigned kStride = 4;
struct Stride {
  uint8_t bits;  // to a point: x << 4 | y; to a position: its eight bits
  uint8_t next;
};
using Strides = std::array<std::array<Stride, 256>, 4>;

struct Both {
  Strides to_point;
  Strides to_position;
};

constexpr Both MakeStrides() {
  Both both{};
  for (unsigned state = 0; state < 4; ++state) {
    for (unsigned position = 0; position < 256; ++position) {
      unsigned x = 0;
      unsigned y = 0;
      unsigned at = state;
      for (unsigned shift = 8; shift > 0; shift -= 2) {
        const Step& step = kSteps[at][position >> (shift - 2) & 3];
        x = 2 * x + step.x;
        y = 2 * y + step.y;
        at = step.next;
      }
      const unsigned point = x << kStride | y;
      both.to_point[state][position] = {static_cast<uint8_t>(point), static_cast<uint8_t>(at)};
      both.to_position[state][point] = {static_cast<uint8_t>(position), static_cast<uint8_t>(at)};
    }
  }
  return both;
}

constexpr Both kStrides = MakeStrides();

// Whole strides are walked: what an order has less begins with zeros, which lead from state 1 to 0 and back.
constexpr unsigned StridesOf(unsigned order) { return (order + kStride - 1) / kStride; }
constexpr unsigned FirstState(unsigned order) { return (kStride * StridesOf(order) - order) & 1; }

inline CurvePoint Point(uint32_t position, unsigned order) noexcept {
  uint32_t x = 0;
  uint32_t y = 0;
  unsigned state = FirstState(order);
  for (unsigned left = StridesOf(order); left > 0; --left) {
    const Stride& stride = kStrides.to_point[state][position >> (8 * (left - 1)) & 255];
    x = x << kStride | stride.bits >> kStride;
    y = y << kStride | (stride.bits & 15);
    state = stride.next;
  }
  return {x, y};
}

inline uint32_t Position(CurvePoint point, unsigned order) noexcept {
  uint32_t position = 0;
  unsigned state = FirstState(order);
  for (unsigned left = StridesOf(order); left > 0; --left) {
    const unsigned shift = kStride * (left - 1);
    const uint32_t bits = (point.x >> shift & 15) << kStride | (point.y >> shift & 15);
    const Stride& stride = kStrides.to_position[state][bits];
    position = position << 8 | stride.bits;
    state = stride.next;
  }
  return position;
}

[[maybe_unused]] constexpr bool IsOrder(unsigned order) { return order >= 1 && order <= kMaxHilbertOrder; }

}  // namespace

CurvePoint PointAt(uint32_t position, unsigned order) noexcept {
  assert(IsOrder(order) && uint64_t{position} < uint64_t{1} << (2 * order));
  return Point(position, order);
}

uint32_t PositionAt(CurvePoint point, unsigned order) noexcept {
  assert(IsOrder(order) && point.x >> order == 0 && point.y >> order == 0);
  return Position(point, order);
}

void PointsAt(std::span<const uint32_t> positions, unsigned order, std::span<CurvePoint> points) noexcept {
  assert(IsOrder(order) && positions.size() == points.size());
  for (size_t i = 0; i < positions.size(); ++i) points[i] = Point(positions[i], order);
}

void PositionsOfRow(uint32_t y, unsigned order, std::span<uint32_t> positions) noexcept {
  assert(IsOrder(order) && positions.size() <= size_t{1} << order);
  for (size_t x = 0; x < positions.size(); ++x) positions[x] = Position({static_cast<uint32_t>(x), y}, order);
}

CurveBox BoxOf(uint32_t prefix, unsigned length, unsigned order) noexcept {
  assert(IsOrder(order) && length <= 32);
  if (length == 0) return {{0, 0}, 1u << order, 1u << order};
  const unsigned even = std::min(2 * order, length + (length & 1));
  const uint32_t side = 1u << (order - even / 2);
  const uint32_t square = prefix >> (32 - even);
  const CurvePoint first = Point(square, even / 2);
  // An odd length ends in the middle of a step: its two halves are neighbours on the curve.
  const CurvePoint second = even > length ? Point(square | 1, even / 2) : first;
  const CurvePoint corner = {std::min(first.x, second.x), std::min(first.y, second.y)};
  return {{corner.x * side, corner.y * side},
          (std::max(first.x, second.x) - corner.x + 1) * side,
          (std::max(first.y, second.y) - corner.y + 1) * side};
}

}  // namespace rblitz
