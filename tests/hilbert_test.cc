#include "tables/hilbert.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>
#include <vector>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

// The widely known routine that begins with the least significant pair of bits: a naive twin of another shape.
CurvePoint TwinPoint(uint32_t position, unsigned order) {
  uint32_t x = 0;
  uint32_t y = 0;
  for (uint64_t side = 1; side < uint64_t{1} << order; side *= 2) {
    const uint32_t right = 1 & (position / 2);
    const uint32_t down = 1 & (position ^ right);
    if (down == 0) {
      if (right == 1) {
        x = static_cast<uint32_t>(side) - 1 - x;
        y = static_cast<uint32_t>(side) - 1 - y;
      }
      std::swap(x, y);
    }
    x += static_cast<uint32_t>(side) * right;
    y += static_cast<uint32_t>(side) * down;
    position /= 4;
  }
  return {x, y};
}

TEST(Hilbert, IsTheKnownCurveAtSmallOrders) {
  for (unsigned order = 1; order <= 8; ++order) {
    for (uint32_t position = 0; position < 1u << (2 * order); ++position) {
      const CurvePoint point = PointAt(position, order);
      ASSERT_EQ(point, TwinPoint(position, order)) << position << " at order " << order;
      ASSERT_EQ(PositionAt(point, order), position) << "at order " << order;
    }
  }
}

TEST(Hilbert, IsTheKnownCurveAtLargeOrders) {
  std::mt19937 random(1);
  for (unsigned order = 9; order <= kMaxHilbertOrder; ++order) {
    for (int i = 0; i < 20000; ++i) {
      const auto position = static_cast<uint32_t>(random() & ((uint64_t{1} << (2 * order)) - 1));
      const CurvePoint point = PointAt(position, order);
      ASSERT_LT(point.x, 1u << order);
      ASSERT_LT(point.y, 1u << order);
      ASSERT_EQ(point, TwinPoint(position, order)) << position << " at order " << order;
      ASSERT_EQ(PositionAt(point, order), position) << "at order " << order;
    }
  }
}

TEST(Hilbert, BeginsTopLeftAndEndsTopRight) {
  for (unsigned order = 1; order <= kMaxHilbertOrder; ++order) {
    const auto last = static_cast<uint32_t>((uint64_t{1} << (2 * order)) - 1);
    EXPECT_EQ(PointAt(0, order), (CurvePoint{0, 0}));
    EXPECT_EQ(PointAt(last, order), (CurvePoint{(1u << order) - 1, 0}));
  }
}

TEST(Hilbert, TakesOneStepAtATime) {
  std::mt19937 random(2);
  for (int i = 0; i < 100000; ++i) {
    const auto position = static_cast<uint32_t>(random() | 1) - 1;
    const CurvePoint a = PointAt(position, 16);
    const CurvePoint b = PointAt(position + 1, 16);
    const int64_t distance = std::abs(int64_t{a.x} - b.x) + std::abs(int64_t{a.y} - b.y);
    ASSERT_EQ(distance, 1) << position;
  }
}

TEST(Hilbert, LooksTheSameFromFurtherAway) {
  std::mt19937 random(3);
  for (int i = 0; i < 100000; ++i) {
    const auto position = static_cast<uint32_t>(random());
    const CurvePoint near = PointAt(position, 16);
    for (unsigned order = 1; order < 16; ++order) {
      const unsigned away = 16 - order;
      ASSERT_EQ(PointAt(position >> (2 * away), order), (CurvePoint{near.x >> away, near.y >> away}));
    }
  }
}

TEST(Hilbert, PutsAddressesWhereOtherMapsHaveThem) {
  const struct {
    const char* address;
    CurvePoint point;
  } cases[] = {{"0.0.0.0", {0, 0}},
               {"0.0.1.0", {1, 0}},
               {"0.0.2.0", {1, 1}},
               {"0.0.3.0", {0, 1}},
               {"1.2.3.4", {272, 17}},
               {"8.8.8.8", {546, 546}},
               {"10.0.0.1", {768, 768}},
               {"85.10.20.30", {54, 3888}},
               {"87.65.43.21", {360, 3833}},
               {"88.1.1.1", {513, 3600}},
               {"127.0.0.1", {2047, 2303}},
               {"127.255.255.255", {2047, 2048}},
               {"128.0.0.1", {2048, 2048}},
               {"172.16.0.1", {4031, 3583}},
               {"192.0.2.1", {4094, 2046}},
               {"192.168.1.1", {3871, 1822}},
               {"198.51.100.7", {3787, 1169}},
               {"203.0.113.9", {3082, 1287}},
               {"224.0.0.1", {3071, 1023}},
               {"255.255.255.255", {4095, 0}}};
  for (const auto& [address, point] : cases) EXPECT_EQ(PointAt(HostOrder(address) >> 8, 12), point) << address;
  EXPECT_EQ(PointAt(HostOrder("203.0.113.0") >> 12, 10), (CurvePoint{770, 321}));
  EXPECT_EQ(PointAt(HostOrder("198.51.100.0") >> 12, 10), (CurvePoint{946, 292}));
}

TEST(Hilbert, DrawsNetworksAsBoxes) {
  const struct {
    const char* prefix;
    unsigned length;
    unsigned order;
    CurveBox box;
  } cases[] = {{"10.0.0.0", 8, 12, {{768, 768}, 256, 256}},
               {"100.64.0.0", 10, 12, {{1152, 3584}, 128, 128}},
               {"172.16.0.0", 12, 12, {{3968, 3520}, 64, 64}},
               {"192.168.0.0", 16, 12, {{3856, 1808}, 16, 16}},
               {"198.18.0.0", 15, 12, {{3744, 1248}, 16, 32}},
               {"224.0.0.0", 3, 12, {{2048, 0}, 2048, 1024}},
               {"0.0.0.0", 1, 12, {{0, 0}, 2048, 4096}},
               {"0.0.0.0", 7, 12, {{0, 0}, 512, 256}},
               {"0.0.0.0", 0, 12, {{0, 0}, 4096, 4096}},
               {"203.0.113.0", 24, 12, {{3082, 1287}, 1, 1}},
               {"203.0.113.9", 32, 12, {{3082, 1287}, 1, 1}},
               {"203.0.113.0", 24, 10, {{770, 321}, 1, 1}},
               {"10.0.0.0", 8, 4, {{3, 3}, 1, 1}}};
  for (const auto& [prefix, length, order, box] : cases) {
    EXPECT_EQ(BoxOf(HostOrder(prefix), length, order), box) << prefix << "/" << length;
  }
}

// A box has the network's pixels and no others.
TEST(Hilbert, BoxesHoldExactlyTheirNetworks) {
  constexpr unsigned kOrder = 6;
  for (unsigned length = 0; length <= 2 * kOrder; ++length) {
    for (uint32_t network = 0; network < 1u << length; ++network) {
      const uint32_t prefix = length == 0 ? 0 : network << (32 - length);
      const CurveBox box = BoxOf(prefix, length, kOrder);
      ASSERT_EQ(box.width * box.height, 1u << (2 * kOrder - length));
      for (uint32_t y = box.corner.y; y < box.corner.y + box.height; ++y) {
        for (uint32_t x = box.corner.x; x < box.corner.x + box.width; ++x) {
          ASSERT_EQ(PositionAt({x, y}, kOrder) >> (2 * kOrder - length), network) << "/" << length;
        }
      }
    }
  }
}

TEST(Hilbert, ConvertsManyAtOnce) {
  std::vector<uint32_t> row(1 << 9);
  std::vector<CurvePoint> points(row.size());
  for (const uint32_t y : {0u, 1u, 300u, 511u}) {
    PositionsOfRow(y, 9, row);
    for (uint32_t x = 0; x < row.size(); ++x) ASSERT_EQ(row[x], PositionAt({x, y}, 9));
    PointsAt(row, 9, points);
    for (uint32_t x = 0; x < row.size(); ++x) ASSERT_EQ(points[x], (CurvePoint{x, y}));
  }
}

}  // namespace
}  // namespace rblitz
