#include <gtest/gtest.h>

#include <random>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/checksum.h"
#include "tests/frames.h"

namespace rblitz::net {
namespace {

using test::FrameBytes;

FrameBytes RandomBytes(std::mt19937& random, size_t size) {
  FrameBytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

// A sum's two zeros mean the same.
uint32_t Canonical(uint32_t sum) { return sum == 0xffff ? 0 : sum; }

uint32_t NaiveMemoryOrder(std::span<const uint8_t> bytes) {
  return SwapBytes(static_cast<uint16_t>(test::NaiveSum(bytes)));
}

TEST(Checksum, SumsTheExampleOfRfc1071) {
  const FrameBytes bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(Sum(bytes.data(), bytes.size()), SwapBytes(uint16_t{0xddf2}));
}

TEST(Checksum, SumAgreesWithTheDefinitionAtEverySizeAndAlignment) {
  std::mt19937 random(1);
  for (size_t size = 0; size < 300; ++size) {
    for (size_t offset = 0; offset < 8; ++offset) {
      const FrameBytes bytes = RandomBytes(random, offset + size);
      const std::span<const uint8_t> part = std::span(bytes).subspan(offset);
      EXPECT_EQ(Canonical(Sum(part.data(), size)), Canonical(NaiveMemoryOrder(part))) << size << " at " << offset;
    }
  }
}

TEST(Checksum, SumOfTheLargestDatagramDoesNotOverflow) {
  const FrameBytes bytes(65535, 0xff);
  EXPECT_EQ(Canonical(Sum(bytes.data(), bytes.size())), Canonical(NaiveMemoryOrder(bytes)));
}

TEST(Checksum, FoldKeepsTheValueModulo65535) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100000; ++i) {
    const uint64_t value = random() >> (random() % 64);
    ASSERT_LE(Fold(value), 0xffffu);
    ASSERT_EQ(Fold(value) % 0xffff, value % 0xffff);
  }
  EXPECT_EQ(Fold(~uint64_t{0}), 0xffffu);
}

TEST(Checksum, PartsAtOddOffsetsAddUpToTheWhole) {
  std::mt19937 random(3);
  for (size_t cut = 0; cut < 64; ++cut) {
    const FrameBytes bytes = RandomBytes(random, 64);
    const uint32_t first = Sum(bytes.data(), cut);
    const uint32_t second = AtOffset(Sum(bytes.data() + cut, bytes.size() - cut), cut);
    EXPECT_EQ(Canonical(Fold(first + second)), Canonical(Sum(bytes.data(), bytes.size()))) << cut;
  }
}

TEST(Checksum, AdjustingEqualsComputingAnew) {
  std::mt19937 random(4);
  for (int i = 0; i < 20000; ++i) {
    const FrameBytes before = RandomBytes(random, 1 + random() % 90);
    const FrameBytes after = RandomBytes(random, 1 + random() % 90);
    const uint32_t sum_before = Sum(before.data(), before.size());
    const uint32_t sum_after = Sum(after.data(), after.size());
    const auto checksum = static_cast<uint16_t>(~sum_before);
    const uint32_t expected = Canonical(~sum_after & 0xffff);
    ASSERT_EQ(Canonical(Adjust(checksum, Change(sum_before, sum_after))), expected);
  }
}

}  // namespace
}  // namespace rblitz::net
