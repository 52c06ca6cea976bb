// What vectors.h says on this processor, lane by lane, on random lanes and on those at the ends.
#include "tables/vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <random>

namespace rblitz {
namespace {

constexpr unsigned kRounds = 2000;

class Vectors : public testing::Test {
 protected:
  // Lanes that are random, 0, all ones, the topmost bit alone or all but it.
  template <class V>
  V Draw() {
    using T = LaneOf<V>;
    V v{};
    for (size_t i = 0; i < sizeof(V) / sizeof(T); ++i) {
      constexpr T kMax = std::numeric_limits<T>::max();
      const std::array<T, 5> lanes = {static_cast<T>(random_()), 0, kMax, static_cast<T>(kMax ^ kMax / 2), kMax / 2};
      v[i] = lanes[random_() % lanes.size()];
    }
    return v;
  }
  // All ones or none.
  template <class V>
  V DrawMask() {
    V v{};
    for (size_t i = 0; i < sizeof(V) / sizeof(v[0]); ++i) v[i] = random_() % 2 == 0 ? 0 : static_cast<LaneOf<V>>(-1);
    return v;
  }
  template <class V>
  void ExpectMaskOfTopmostBits() {
    constexpr size_t kLanes = sizeof(V) / sizeof(LaneOf<V>);
    for (unsigned round = 0; round < kRounds; ++round) {
      const V v = Draw<V>();
      uint32_t mask = 0;
      for (size_t i = 0; i < kLanes; ++i) mask |= static_cast<uint32_t>(v[i] >> (8 * sizeof(v[i]) - 1)) << i;
      ASSERT_EQ(MaskOf(v), mask);
    }
  }

  std::mt19937_64 random_{20261130};
};

TEST_F(Vectors, MaskOfHasTheTopmostBitOfEachLane) {
  ExpectMaskOfTopmostBits<U8x16>();
  ExpectMaskOfTopmostBits<U32x4>();
  ExpectMaskOfTopmostBits<U64x2>();
}

TEST_F(Vectors, LoadsAndStoresMoveBytesAtAnyAddress) {
  alignas(kVectorSize) uint8_t from[48];
  for (uint8_t& byte : from) byte = static_cast<uint8_t>(random_());
  for (size_t at = 0; at <= 32; ++at) {
    alignas(kVectorSize) uint8_t to[48] = {};
    StoreVector(to + at, LoadVector<U32x4>(from + at));
    EXPECT_EQ(std::memcmp(to + at, from + at, kVectorSize), 0);
    EXPECT_EQ(std::count(to, to + at, 0) + std::count(to + at + kVectorSize, std::end(to), 0), 32);
  }
  alignas(kVectorSize) uint8_t aligned[kVectorSize];
  StoreAligned(aligned, LoadAligned<U8x16>(from + kVectorSize));
  EXPECT_EQ(std::memcmp(aligned, from + kVectorSize, kVectorSize), 0);
}

TEST_F(Vectors, AllHasOneValueInEachLane) {
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(All<U8x16>(0xfe)[i], 0xfe);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(All<U32x4>(0xfffffffe)[i], 0xfffffffe);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(All<I64x2>(-2)[i], -2);
}

TEST_F(Vectors, ShareNoBitLooksAtEveryBit) {
  for (unsigned bit = 0; bit < 128; ++bit) {
    U64x2 one{};
    one[bit / 64] = uint64_t{1} << bit % 64;
    EXPECT_FALSE(IsAllZero(one)) << bit;
    EXPECT_FALSE(ShareNoBit(one, All<U64x2>(~uint64_t{0}))) << bit;
    EXPECT_TRUE(ShareNoBit(one, ~one)) << bit;
  }
  EXPECT_TRUE(IsAllZero(U8x16{}));
}

TEST_F(Vectors, JoinMasksKeepsTheOrderOfLanes) {
  for (unsigned round = 0; round < kRounds; ++round) {
    const auto low4 = DrawMask<U32x4>();
    const auto high4 = DrawMask<U32x4>();
    const U16x8 eight = JoinMasks(low4, high4);
    for (size_t i = 0; i < 8; ++i) ASSERT_EQ(eight[i], static_cast<uint16_t>(i < 4 ? low4[i] : high4[i - 4]));
    const auto low8 = DrawMask<U16x8>();
    const U8x16 sixteen = JoinMasks(low8, eight);
    for (size_t i = 0; i < 16; ++i) ASSERT_EQ(sixteen[i], static_cast<uint8_t>(i < 8 ? low8[i] : eight[i - 8]));
  }
}

TEST_F(Vectors, LowWordsAreThoseOfLanesThatFit) {
  for (unsigned round = 0; round < kRounds; ++round) {
    const U32x4 lanes = Draw<U32x4>() & 0xffff;
    const uint64_t words = LowWords(lanes);
    for (size_t i = 0; i < 4; ++i) ASSERT_EQ(words >> (16 * i) & 0xffff, lanes[i]);
  }
}

TEST_F(Vectors, LesserAndDifferenceOrZeroTakeLanesAsUnsigned) {
  for (unsigned round = 0; round < kRounds; ++round) {
    const auto a = Draw<U16x8>();
    const auto b = Draw<U16x8>();
    const U16x8 lesser = Lesser(a, b);
    const U16x8 difference = DifferenceOrZero(a, b);
    for (size_t i = 0; i < 8; ++i) {
      ASSERT_EQ(lesser[i], std::min(a[i], b[i]));
      ASSERT_EQ(difference[i], a[i] > b[i] ? a[i] - b[i] : 0);
    }
  }
}

TEST_F(Vectors, JoinNibblesPutsTheFirstOfTwoAbove) {
  for (unsigned round = 0; round < kRounds; ++round) {
    const U8x16 values = Draw<U8x16>() & 15;
    const uint64_t bytes = JoinNibbles(values);
    for (size_t i = 0; i < 8; ++i) ASSERT_EQ(bytes >> (8 * i) & 0xff, values[2 * i] * 16u + values[2 * i + 1]);
  }
}

}  // namespace
}  // namespace rblitz
