// Which prefix decides for an address, as Ip4Table::Match tells it: against a search through all prefixes.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <vector>

#include "tables/ip4_builder.h"
#include "tables/ip4_table.h"

namespace rblitz {
namespace {

struct Prefix {
  uint32_t address;
  unsigned length;
  ValueId value;
};

constexpr uint32_t HostBitsOf(unsigned length) { return static_cast<uint32_t>(UINT64_C(0xffffffff) >> length); }

// The longest that covers the address, of equal ones the first.
Ip4Match NaiveMatch(const std::vector<Prefix>& prefixes, uint32_t address) {
  std::optional<Prefix> best;
  for (const Prefix& prefix : prefixes) {
    const bool covers = (address & ~HostBitsOf(prefix.length)) == prefix.address;
    if (covers && (!best || prefix.length > best->length)) best = prefix;
  }
  if (!best || best->value == kNotListed) return {};
  return {.value = best->value, .length = static_cast<uint8_t>(best->length)};
}

class Ip4Matches : public testing::Test {
 protected:
  Ip4Matches() {
    for (uint32_t a = 1; a <= 3; ++a) values_.push_back(verdicts_.Intern({.a_be = a, .text = kNoText}));
    values_.push_back(kNotListed);
  }
  Ip4Table Build(Precedence precedence, const std::vector<Prefix>& prefixes) {
    Ip4Builder builder(precedence, &verdicts_);
    builder.KeepLengths();
    for (const Prefix& p : prefixes) builder.AddRange(p.address, p.address | HostBitsOf(p.length), p.value);
    BuildReport report;
    return builder.Build(nullptr, &report);
  }
  // Nested and side by side within few bits, so that they meet; some near the ends of the address space.
  std::vector<Prefix> Random(size_t count) {
    std::vector<Prefix> prefixes;
    for (size_t i = 0; i < count; ++i) {
      const unsigned length = i % 5 == 0 ? 32 : 1 + static_cast<unsigned>(random_() % 32);
      const uint32_t high = i % 3 == 0 ? 0xffff0000u : i % 3 == 1 ? 0 : 0xc0000200u;
      const auto address = (high | static_cast<uint32_t>(random_() % 4096)) & ~HostBitsOf(length);
      prefixes.push_back({address, length, values_[random_() % values_.size()]});
    }
    return prefixes;
  }

  std::mt19937 random_{20261123};
  Verdicts verdicts_;
  std::vector<ValueId> values_;
};

TEST_F(Ip4Matches, AreTheLongestPrefixesThatCoverAnAddress) {
  for (const size_t count : {1u, 7u, 60u, 400u}) {
    const std::vector<Prefix> prefixes = Random(count);
    const Ip4Table table = Build(Precedence::kLongestMatch, prefixes);
    for (const Prefix& prefix : prefixes) {
      const uint32_t last = prefix.address | HostBitsOf(prefix.length);
      for (const uint32_t at : {prefix.address - 1, prefix.address, last, last + 1}) {
        const Ip4Match match = table.Match(at);
        const Ip4Match naive = NaiveMatch(prefixes, at);
        ASSERT_EQ(match.value, naive.value) << at;
        ASSERT_EQ(match.length, naive.length) << at;
      }
    }
  }
}

// 200,000 single addresses in a listed /8: a table with maps, not an array.
TEST_F(Ip4Matches, AreThemselvesForSingleAddressesInLargeTables) {
  std::vector<Prefix> prefixes = {{0x0a000000, 8, values_[0]}, {0x0a010000, 16, values_[1]}};
  for (uint32_t i = 0; i < 200000; ++i) prefixes.push_back({0x0a000000 + 7 * i, 32, values_[2]});
  const Ip4Table table = Build(Precedence::kLongestMatch, prefixes);
  EXPECT_EQ(table.Match(0x0a000007).length, 32);
  EXPECT_EQ(table.Match(0x0a000008).length, 8);
  EXPECT_EQ(table.Match(0x0a010007).length, (0x10007 % 7 == 0) ? 32 : 16);
  EXPECT_EQ(table.Match(0x0aff0000).length, 8);
  EXPECT_EQ(table.Match(0x0b000000).value, kNotListed);
}

TEST_F(Ip4Matches, AreThePiecesOfSetsThatAreCutIntoPieces) {
  const Ip4Table table = Build(Precedence::kPieces, {{0x0a000000, 8, values_[0]},
                                                     {0x0a010000, 15, values_[1]},
                                                     {0xc0000200, 25, values_[2]},
                                                     {0xc6336407, 32, values_[0]}});
  EXPECT_EQ(table.Match(0x0a800000).length, 8);
  EXPECT_EQ(table.Match(0x0a010203).length, 16);
  EXPECT_EQ(table.Match(0xc0000209).length, 32);
  EXPECT_EQ(table.Match(0xc6336407).length, 32);
  EXPECT_EQ(table.Match(0xc6336408).length, 0);
}

}  // namespace
}  // namespace rblitz
