// Small lists, in which a first level of blocks leads to the pieces: at every border, however the pieces are spread.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tables/ip4_builder.h"
#include "tables/ip4_rep.h"
#include "tables/ip4_table.h"

namespace rblitz {
namespace {

// Single addresses, so many apart, the first one at `first`; with what stands between them nothing is listed.
void ExpectAllBorders(size_t count, uint32_t first, uint32_t apart) {
  SCOPED_TRACE(std::to_string(count) + " from " + std::to_string(first) + ", " + std::to_string(apart) + " apart");
  Verdicts verdicts;
  std::vector<ValueId> values;
  for (uint32_t a = 1; a <= 3; ++a) values.push_back(verdicts.Intern({.a_be = a, .text = kNoText}));
  Ip4Builder builder(Precedence::kPieces, &verdicts);
  const auto address = [&](size_t i) { return first + static_cast<uint32_t>(i) * apart; };
  for (size_t i = 0; i < count; ++i) builder.Add(address(i), values[i % values.size()]);
  Ip4BuildReport report;
  const Ip4Table table = builder.Build(nullptr, &report);
  ASSERT_EQ(report.entries, count);
  for (size_t i = 0; i < count; ++i) {
    ASSERT_EQ(table.Lookup(address(i)), values[i % values.size()]) << i;
    for (const uint32_t beside : {address(i) - 1, address(i) + 1}) {
      const bool is_listed = apart == 1 && beside - first < count;
      ASSERT_EQ(table.Lookup(beside) != kNotListed, is_listed) << i;
    }
  }
  for (const uint32_t far : {uint32_t{0}, UINT32_MAX, first - 2}) {
    const bool is_listed = (far - first) % apart == 0 && (far - first) / apart < count;
    ASSERT_EQ(table.Lookup(far) != kNotListed, is_listed) << far;
  }
}

TEST(Ip4Small, EveryBorderOfPiecesThatAreSpread) {
  ExpectAllBorders(kSmallPieces, 5, UINT32_MAX / kSmallPieces);
  ExpectAllBorders(kSmallPieces - 1, 0, UINT32_MAX / kSmallPieces);
  ExpectAllBorders(1000, 7, 4000000);
}

TEST(Ip4Small, EveryBorderOfPiecesInOneBlock) {
  ExpectAllBorders(kSmallPieces, 0, 2);
  ExpectAllBorders(kSmallPieces, UINT32_MAX - 2 * (kSmallPieces - 1), 2);
  ExpectAllBorders(kSmallPieces, 0xc0000201, 2);
  ExpectAllBorders(300, UINT32_MAX - 299, 1);
}

TEST(Ip4Small, AsFewPiecesAsThereCanBe) {
  for (const uint32_t first : {uint32_t{0}, uint32_t{1}, uint32_t{0x7fffffff}, uint32_t{0x80000000}, UINT32_MAX}) {
    ExpectAllBorders(1, first, 2);
  }
  ExpectAllBorders(2, 0x7fffffff, 1);
}

}  // namespace
}  // namespace rblitz
