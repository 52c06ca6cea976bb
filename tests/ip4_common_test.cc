#include "tables/ip4_common.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tables/ip4_builder.h"
#include "tests/sanitizers.h"

namespace rblitz {
namespace {

struct List {
  explicit List(Precedence precedence) : builder(precedence, &verdicts) {}
  ValueId Value(uint32_t a) { return verdicts.Intern({.a_be = a, .text = kNoText}); }

  Verdicts verdicts;
  Ip4Builder builder;
  Ip4BuildReport report;
};

// What is counted line by line of single addresses, and what must be taken out of that: ranges whose addresses stand
// alone too, addresses that ranges cover, exclusions of both, /24s that are dense in one of the two.
TEST(Ip4CommonKeys, AreCountedInLargeTables) {
  using Key = std::pair<uint32_t, uint32_t>;
  for (uint64_t seed = 1; seed <= UnlessAsan(24, 6); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Precedence precedence = seed % 2 == 0 ? Precedence::kPieces : Precedence::kLongestMatch;
    const unsigned values = seed % 3 == 0 ? 50 : 1;
    const uint32_t addresses = seed % 4 == 0 ? 90'000 : 400'000;
    std::vector<Key> all;
    for (uint32_t i = 0; i < addresses; ++i) {
      // Some crowd in a few /24s, which more than 16 make dense.
      const auto one = static_cast<uint32_t>(random());
      const uint32_t at = i % 50 == 0 ? one % 400 * 0x00a5'0700 | one >> 24 : one;
      all.emplace_back(at, at);
    }
    for (uint32_t i = 0; i < 4000; ++i) {
      const unsigned length = 12 + static_cast<unsigned>(random() % 21);
      const uint32_t host = length == 32 ? 0 : ~uint32_t{0} >> length;
      const uint32_t near = i % 2 == 0 ? all[random() % addresses].first : static_cast<uint32_t>(random());
      all.emplace_back(near & ~host, near | host);
    }
    List lists[2] = {List(precedence), List(precedence)};
    std::vector<Key> keys[2];
    for (const Key& key : all) {
      for (size_t list = 0; list < 2; ++list) {
        if (random() % 8 == 0) continue;
        List& each = lists[list];
        const ValueId value =
            random() % 16 == 0 ? kNotListed : each.Value(2 + static_cast<uint32_t>(random() % values));
        each.builder.AddRange(key.first, key.second, value);
        keys[list].push_back(key);
      }
    }
    for (std::vector<Key>& some : keys) {
      std::ranges::sort(some);
      some.erase(std::unique(some.begin(), some.end()), some.end());
    }
    std::vector<Key> common;
    std::ranges::set_intersection(keys[0], keys[1], std::back_inserter(common));
    const Ip4Table old = lists[0].builder.Build(nullptr, &lists[0].report);
    const Ip4Table table = lists[1].builder.Build(&old, &lists[1].report);
    EXPECT_EQ(lists[1].report.entries, keys[1].size());
    EXPECT_EQ(lists[1].report.added, keys[1].size() - common.size());
    EXPECT_EQ(lists[1].report.removed, keys[0].size() - common.size());
  }
}

// Single addresses that are excluded leave so few of a /24 in the middle of a range that these stand alone, as they do,
// or not, in the list before.
TEST(Ip4CommonKeys, AreNotWhatExclusionsLeaveOfARange) {
  for (const Precedence precedence : {Precedence::kPieces, Precedence::kLongestMatch}) {
    for (const bool had_range : {true, false}) {
      List lists[2] = {List(precedence), List(precedence)};
      for (size_t list = 0; list < 2; ++list) {
        List& each = lists[list];
        // The first one decides which of the others have values beside them.
        each.builder.Add(0x0a000500, kNotListed);
        std::mt19937_64 random(1);
        for (uint32_t i = 0; i < 70'000; ++i)
          each.builder.Add(0x80000000 | static_cast<uint32_t>(random()), each.Value(2));
        for (uint32_t i = 1; i < 246; ++i) each.builder.Add(0x0a000500 + i, kNotListed);
        if (list == 1 || had_range) each.builder.AddRange(0x0a000000, 0x0a00ffff, each.Value(2));
        if (list == 0 && !had_range) {
          for (uint32_t i = 246; i < 256; ++i) each.builder.Add(0x0a000500 + i, each.Value(2));
        }
      }
      const Ip4Table old = lists[0].builder.Build(nullptr, &lists[0].report);
      const Ip4Table table = lists[1].builder.Build(&old, &lists[1].report);
      EXPECT_EQ(lists[1].report.added, had_range ? 0u : 1u);
      EXPECT_EQ(lists[1].report.removed, had_range ? 0u : 10u);
    }
  }
}

}  // namespace
}  // namespace rblitz
