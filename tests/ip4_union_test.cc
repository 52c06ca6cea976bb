// Tables read back into pieces, and joined into one: compared with what the tables themselves say.
#include "tables/ip4_union.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <random>
#include <tuple>
#include <vector>

#include "tables/ip4_builder.h"
#include "tables/ip4_rep.h"
#include "tests/sanitizers.h"

namespace rblitz {
namespace {

// What a list is made of.
struct Recipe {
  size_t singles;
  size_t networks;  // the first ones of 8 to 30 bits, others of 16 to 30
  size_t crowds;    // /24s of which many addresses are listed
  uint32_t values;  // how many there are
};

void PrintTo(const Recipe& recipe, std::ostream* out) {
  *out << recipe.singles << "+" << recipe.networks << "+" << recipe.crowds << "/" << recipe.values;
}

struct List {
  Verdicts verdicts;
  std::unique_ptr<const Ip4Table> table;
  std::vector<uint32_t> borders;  // where something begins or ends, and beside it

  [[nodiscard]] Ip4Union::Source source() const { return {.table = table.get(), .values = verdicts.values()}; }
};

// Lists of one `home` have the same crowds and much of their networks, so that there is something to join.
std::unique_ptr<List> MakeList(const Recipe& recipe, uint64_t seed, uint64_t home) {
  auto list = std::make_unique<List>();
  std::mt19937_64 own(seed);
  std::mt19937_64 shared(home);
  for (uint32_t v = 1; v <= recipe.values; ++v) (void)list->verdicts.Intern({.a_be = v, .text = kNoText});
  const auto value = [&] { return 1 + static_cast<ValueId>(own() % recipe.values); };
  Ip4Builder builder(Precedence::kLongestMatch, &list->verdicts);
  const auto add = [&](uint32_t first, uint32_t last, ValueId v) {
    builder.AddRange(first, last, v);
    for (const uint32_t at : {first - 1, first, last, last + 1}) list->borders.push_back(at);
  };
  for (size_t i = 0; i < recipe.singles; ++i) {
    const auto address = static_cast<uint32_t>(own());
    add(address, address, value());
  }
  for (size_t i = 0; i < recipe.networks; ++i) {
    const auto at = static_cast<uint32_t>((i % 2 == 0 ? shared : own)());
    const uint32_t hosts = UINT32_MAX >> (i < 20 ? 8 + own() % 23 : 16 + own() % 15);
    add(at & ~hosts, at | hosts, value());
  }
  for (size_t i = 0; i < recipe.crowds; ++i) {
    const uint32_t prefix = static_cast<uint32_t>(shared()) & ~255u;
    const ValueId one = value();
    for (uint32_t host = 0; host < 256; ++host) {
      if (own() % 3 != 0) add(prefix | host, prefix | host, i % 2 == 0 ? one : value());
    }
  }
  for (const uint32_t end : {0u, UINT32_MAX}) {
    if (own() % 2 == 0 && recipe.singles > 0) add(end, end, value());
  }
  Ip4BuildReport report;
  list->table = std::make_unique<const Ip4Table>(builder.Build(nullptr, &report));
  return list;
}

struct Piece {
  uint32_t first;
  uint32_t last;
  ValueId value;
};

std::vector<Piece> PiecesOf(const Ip4Table& table) {
  std::vector<Piece> pieces;
  table.Visit([&](uint32_t first, uint32_t last, ValueId value) { pieces.push_back({first, last, value}); });
  std::ranges::sort(pieces, {}, &Piece::first);
  return pieces;
}

class Ip4TableVisit : public testing::TestWithParam<Recipe> {};

TEST_P(Ip4TableVisit, IsAllThatIsListedAndNothingTwice) {
  for (const uint64_t seed : {1u, 2u}) {
    const auto list = MakeList(GetParam(), seed, 77);
    const Ip4Table& table = *list->table;
    uint64_t addresses = 0;
    uint64_t end = 0;
    for (const auto& [first, last, value] : PiecesOf(table)) {
      ASSERT_GE(first, end);
      ASSERT_LE(first, last);
      ASSERT_EQ(table.Lookup(first), value) << first;
      ASSERT_EQ(table.Lookup(last), value) << last;
      ASSERT_EQ(table.Lookup(first + (last - first) / 2), value);
      addresses += uint64_t{last} - first + 1;
      end = uint64_t{last} + 1;
    }
    ASSERT_EQ(addresses, table.addresses());
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Ip4TableVisit,
                         testing::Values(Recipe{0, 0, 0, 1}, Recipe{1, 0, 0, 1}, Recipe{1000, 200, 3, 2},
                                         Recipe{90000, 0, 0, 1}, Recipe{90000, 500, 40, 1}, Recipe{90000, 500, 40, 9},
                                         Recipe{80000, 50, 40, 70000}, Recipe{2000, 50000, 0, 5},
                                         Recipe{UnlessAsan(1000000, 200000), 1000, 100, 3}));

// Of the union and of the tables.
void ExpectSame(const Ip4Union& joined, const std::vector<std::unique_ptr<List>>& lists,
                const std::vector<uint32_t>& addresses) {
  for (size_t at = 0; at < addresses.size(); at += kMaxBatch) {
    const auto batch = std::span(addresses).subspan(at, std::min(kMaxBatch, addresses.size() - at));
    ValueId values[kMaxBatch];
    joined.table().LookupBatch(batch, values);
    std::vector<std::vector<Ip4Union::Says>> wanted(batch.size());
    for (uint32_t t = 0; t < lists.size(); ++t) {
      ValueId of_one[kMaxBatch];
      lists[t]->table->LookupBatch(batch, of_one);
      for (size_t i = 0; i < batch.size(); ++i) {
        if (of_one[i] != kNotListed) wanted[i].push_back({.table = t, .value = of_one[i]});
      }
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      ASSERT_LT(values[i], joined.values());
      ASSERT_TRUE(std::ranges::equal(joined.Of(values[i]), wanted[i])) << batch[i];
    }
  }
}

// Few combinations are there that no address has: those of networks all of whose addresses others list, too.
void ExpectAllOccur(const Ip4Union& joined) {
  std::vector<bool> occurs(joined.values());
  joined.table().Visit([&](uint32_t, uint32_t, ValueId value) { occurs.at(value) = true; });
  EXPECT_LE(std::ranges::count(occurs, false), 1 + joined.values() / 3);
}

class Ip4UnionOf : public testing::TestWithParam<std::vector<Recipe>> {};

TEST_P(Ip4UnionOf, SaysWhatEachTableSays) {
  std::vector<std::unique_ptr<List>> lists;
  std::vector<Ip4Union::Source> sources;
  std::vector<uint32_t> asked = {0, UINT32_MAX};
  for (const Recipe& recipe : GetParam()) {
    lists.push_back(MakeList(recipe, 11 * lists.size() + 5, 4));
    sources.push_back(lists.back()->source());
    asked.insert(asked.end(), lists.back()->borders.begin(), lists.back()->borders.end());
  }
  std::mt19937_64 random(9);
  for (size_t i = 0; i < 100000; ++i) asked.push_back(static_cast<uint32_t>(random()));
  const auto joined = Ip4Union::Build(sources);
  ASSERT_TRUE(joined);
  ExpectSame(*joined, lists, asked);
  ExpectAllOccur(*joined);
  uint64_t most = 0;
  for (const auto& list : lists) most += list->table->addresses();
  EXPECT_LE(joined->table().addresses(), most);
}

INSTANTIATE_TEST_SUITE_P(
    Lists, Ip4UnionOf,
    testing::Values(std::vector<Recipe>{{0, 0, 0, 1}, {0, 0, 0, 1}}, std::vector<Recipe>{{5, 0, 0, 1}, {0, 3, 0, 2}},
                    std::vector<Recipe>{{1000, 100, 2, 1}, {1000, 100, 3, 1}, {10, 2000, 0, 1}},
                    std::vector<Recipe>{{90000, 100, 60, 1}, {90000, 1000, 60, 1}},
                    std::vector<Recipe>{{90000, 300, 60, 5}, {80000, 300, 60, 1}, {1000, 300, 60, 3}, {0, 5, 0, 1}},
                    std::vector<Recipe>{{70000, 0, 0, 40000}, {70000, 40, 0, 40000}},
                    std::vector<Recipe>(40, {3000, 40, 3, 2})));

// Each address is in both, in one or in none, with each pair of values.
TEST(Ip4Union, OneValueForEachCombination) {
  std::vector<std::unique_ptr<List>> lists;
  for (uint32_t t = 0; t < 2; ++t) {
    auto& list = lists.emplace_back(std::make_unique<List>());
    for (uint32_t v = 1; v <= 2; ++v) (void)list->verdicts.Intern({.a_be = v, .text = kNoText});
    Ip4Builder builder(Precedence::kLongestMatch, &list->verdicts);
    for (uint32_t i = 0; i < 9; ++i) {
      const ValueId value = t == 0 ? i % 3 : i / 3;
      if (value != kNotListed) builder.Add(1000 + 10 * i, value);
    }
    Ip4BuildReport report;
    list->table = std::make_unique<const Ip4Table>(builder.Build(nullptr, &report));
  }
  const std::vector<Ip4Union::Source> sources = {lists[0]->source(), lists[1]->source()};
  const auto joined = Ip4Union::Build(sources);
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->values(), 9u);
  EXPECT_TRUE(joined->Of(kNotListed).empty());
  std::vector<uint32_t> asked;
  for (uint32_t i = 0; i < 9; ++i) asked.push_back(1000 + 10 * i);
  ExpectSame(*joined, lists, asked);
}

// Two lists of so many values, each address with one of either.
std::optional<Ip4Union> JoinPairs(uint32_t pairs, uint32_t values) {
  std::vector<std::unique_ptr<List>> lists;
  std::vector<Ip4Union::Source> sources;
  for (uint32_t t = 0; t < 2; ++t) {
    auto& list = lists.emplace_back(std::make_unique<List>());
    for (uint32_t v = 1; v <= values; ++v) (void)list->verdicts.Intern({.a_be = v, .text = kNoText});
    Ip4Builder builder(Precedence::kLongestMatch, &list->verdicts);
    for (uint32_t i = 0; i < pairs; ++i) builder.Add(3 * i, 1 + (t == 0 ? i % values : i / values));
    Ip4BuildReport report;
    list->table = std::make_unique<const Ip4Table>(builder.Build(nullptr, &report));
    sources.push_back(list->source());
  }
  return Ip4Union::Build(sources);
}

TEST(Ip4Union, IsNoneOfTooManyCombinations) {
  SKIP_UNDER_ADDRESS_SANITIZER();
  EXPECT_TRUE(JoinPairs(200000, 1100));
  EXPECT_FALSE(JoinPairs(Ip4Union::kMaxValues + 1, 1100));
}

// As memory may run out of what is visited.
TEST(Ip4Visit, AVisitorMayThrowAtAnyPiece) {
  for (const Recipe& recipe : {Recipe{10, 3, 0, 2}, Recipe{70000, 30, 1, 1}}) {
    const auto list = MakeList(recipe, 4, 5);
    const size_t pieces = PiecesOf(*list->table).size();
    for (size_t until : {size_t{0}, size_t{1}, size_t{20}, pieces - 1}) {
      if (until >= pieces) continue;
      size_t seen = 0;
      const auto visit = [&](uint32_t, uint32_t, ValueId) {
        if (seen++ == until) throw std::bad_alloc();
      };
      EXPECT_THROW(list->table->Visit(visit), std::bad_alloc);
      EXPECT_EQ(seen, until + 1);
    }
  }
}

// What is left of a network between others is one piece, however the table keeps it.
TEST(Ip4Visit, NeighboursAreOnePiece) {
  Verdicts verdicts;
  const ValueId value = verdicts.Intern({.a_be = 1, .text = kNoText});
  Ip4Builder builder(Precedence::kLongestMatch, &verdicts);
  constexpr uint32_t kSlash8 = 10u << 24;
  builder.AddRange(kSlash8, kSlash8 | 0xffffff, value);
  for (uint32_t slash16 = 0; slash16 < 256; ++slash16) builder.Add(kSlash8 | slash16 << 16 | 0x8080, kNotListed);
  // So many that it is no small table.
  constexpr uint32_t kSingles = kSmallPieces + 1;
  for (uint32_t i = 0; i < kSingles; ++i) builder.Add(kSlash8 + (2u << 24) + 2 * i, value);
  Ip4BuildReport report;
  const Ip4Table table = builder.Build(nullptr, &report);
  ASSERT_EQ(table.addresses(), (1u << 24) - 256 + kSingles);
  EXPECT_EQ(PiecesOf(table).size(), 257 + kSingles);
}

}  // namespace
}  // namespace rblitz
