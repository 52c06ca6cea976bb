// What is alike in ranges of addresses that lists cut into pieces.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "cli/heat/pieces.h"

namespace rblitz {
namespace {

TEST(Pieces, AreAlikeAndComplete) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    const auto any = [&](uint32_t base) {
      const auto first = static_cast<uint32_t>(random() % 256);
      return AddressRange{base + first, base + std::min(first + static_cast<uint32_t>(random() % 40), 255u)};
    };
    const uint32_t base = round % 2 == 0 ? 0 : UINT32_MAX - 255;  // either end of the space
    std::vector<AddressRange> own;
    std::vector<AddressRange> entries;
    for (int i = 0; i < 4; ++i) own.push_back(any(base));
    for (int i = 0; i < round % 20; ++i) entries.push_back(any(base));
    Pieces<AddressRange> pieces(own);
    for (const AddressRange& entry : entries) pieces.Add(entry);
    std::map<uint32_t, uint64_t> piece_of;  // by offset
    uint64_t number = 0;
    for (const AddressRange& piece : pieces.Cut()) {
      ++number;
      ASSERT_LE(piece.first, piece.last);
      for (uint64_t at = piece.first; at <= piece.last; ++at) {
        ASSERT_TRUE(piece_of.emplace(static_cast<uint32_t>(at), number).second) << "in two";
      }
    }
    const auto within = [](const std::vector<AddressRange>& ranges, uint32_t at) {
      std::vector<bool> in;
      for (const AddressRange& range : ranges) in.push_back(range.first <= at && at <= range.last);
      return in;
    };
    std::map<uint64_t, std::pair<std::vector<bool>, std::vector<bool>>> of_piece;
    for (uint32_t i = 0; i < 256; ++i) {
      const auto in = std::pair(within(own, base + i), within(entries, base + i));
      const bool wanted = std::ranges::count(in.first, true) > 0 && std::ranges::count(in.second, true) > 0;
      ASSERT_EQ(piece_of.contains(base + i), wanted) << round << " " << i;
      if (wanted) {
        ASSERT_EQ(of_piece.emplace(piece_of[base + i], in).first->second, in) << "not alike";
      }
    }
  }
}

TEST(Pieces, OfIp6GoBeyondHalves) {
  const Ip6Address end = {.high = 1, .low = UINT64_MAX};
  Pieces<Ip6Range> pieces({{{.high = 1, .low = 0}, {.high = 2, .low = 5}}});
  pieces.Add({end, end});
  pieces.Add({{.high = 2, .low = 1}, {.high = 9, .low = 0}});
  const std::vector<Ip6Range> cut = pieces.Cut();
  ASSERT_EQ(cut.size(), 2u);
  EXPECT_EQ(cut[0], (Ip6Range{end, end}));
  EXPECT_EQ(cut[1], (Ip6Range{{.high = 2, .low = 1}, {.high = 2, .low = 5}}));
  EXPECT_EQ(CountOf(cut[1]), 5);
  EXPECT_EQ(CountOf(Ip6Range{{.high = 1, .low = 0}, end}), 18446744073709551616.0);
}

}  // namespace
}  // namespace rblitz
