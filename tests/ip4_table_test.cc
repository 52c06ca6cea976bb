#include "tables/ip4_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tables/address_blocks.h"
#include "tables/ip4_builder.h"
#include "tests/ip4_model.h"
#include "tests/sanitizers.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;
constexpr uint32_t Ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { return a << 24 | b << 16 | c << 8 | d; }

struct Fixture {
  explicit Fixture(Precedence p = Precedence::kPieces) : builder(p, &verdicts) {}
  ValueId Value(uint32_t a) { return verdicts.Intern({.a_be = a, .text = kNoText}); }
  Ip4Table Build(const Ip4Table* previous = nullptr) { return builder.Build(previous, &report); }
  std::vector<uint32_t> At(const Ip4Table& table, uint32_t address) {
    std::vector<uint32_t> as;
    for (const Verdict& verdict : verdicts.at(table.Lookup(address))) as.push_back(verdict.a_be);
    return as;
  }

  Verdicts verdicts;
  Ip4Builder builder;
  Ip4BuildReport report;
};

using As = std::vector<uint32_t>;

TEST(Ip4Table, EmptyTableListsNothing) {
  Fixture f;
  const Ip4Table table = f.Build();
  for (const uint32_t address : {0u, 1u, Ip(127, 0, 0, 2), UINT32_MAX}) EXPECT_EQ(table.Lookup(address), kNotListed);
  EXPECT_EQ(table.entries(), 0u);
  EXPECT_FALSE(table.AnyBelow(0, 8));
}

TEST(Ip4Table, WholeSpaceIsListedByOneRange) {
  for (const Precedence p : {Precedence::kPieces, Precedence::kLongestMatch}) {
    Fixture f(p);
    f.builder.AddRange(0, UINT32_MAX, f.Value(2));
    const Ip4Table table = f.Build();
    EXPECT_EQ(f.At(table, 0), As{2});
    EXPECT_EQ(f.At(table, UINT32_MAX), As{2});
    EXPECT_EQ(table.addresses(), uint64_t{1} << 32);
    EXPECT_TRUE(table.AnyBelow(Ip(255, 255, 255, 0), 24));
  }
}

TEST(Ip4Table, PieceRuleTakesTheFirstLevelThatHasAnyPiece) {
  Fixture f;
  f.builder.AddRange(Ip(10, 1, 0, 0), Ip(10, 1, 255, 255), f.Value(2));  // one /16
  f.builder.AddRange(Ip(10, 1, 2, 0), Ip(10, 1, 3, 255), f.Value(3));    // a /23: two /24 pieces
  f.builder.AddRange(Ip(10, 1, 3, 0), Ip(10, 1, 3, 255), f.Value(4));    // the same level
  f.builder.AddRange(Ip(10, 1, 4, 0), Ip(10, 1, 4, 127), f.Value(5));    // 128 addresses
  const Ip4Table table = f.Build();
  EXPECT_EQ(f.At(table, Ip(10, 1, 1, 1)), As{2});
  EXPECT_EQ(f.At(table, Ip(10, 1, 2, 1)), As{3});
  EXPECT_EQ(f.At(table, Ip(10, 1, 3, 1)), (As{3, 4}));
  EXPECT_EQ(f.At(table, Ip(10, 1, 4, 127)), As{5});
  EXPECT_EQ(f.At(table, Ip(10, 1, 4, 128)), As{2});
}

TEST(Ip4Table, ExclusionHidesItsLevelAndBroaderOnesButNotMoreSpecificOnes) {
  Fixture f;
  f.builder.AddRange(Ip(10, 0, 0, 0), Ip(10, 255, 255, 255), f.Value(2));
  f.builder.AddRange(Ip(10, 2, 0, 0), Ip(10, 2, 255, 255), kNotListed);
  f.builder.Add(Ip(10, 2, 3, 4), f.Value(3));
  f.builder.Add(Ip(10, 9, 9, 9), f.Value(3));
  f.builder.Add(Ip(10, 9, 9, 9), kNotListed);
  const Ip4Table table = f.Build();
  EXPECT_EQ(f.At(table, Ip(10, 1, 0, 0)), As{2});
  EXPECT_EQ(f.At(table, Ip(10, 2, 3, 3)), As{});
  EXPECT_EQ(f.At(table, Ip(10, 2, 3, 4)), As{3});
  EXPECT_EQ(f.At(table, Ip(10, 9, 9, 9)), As{});
}

TEST(Ip4Table, LongestMatchKeepsTheFirstEntryOfAPrefix) {
  Fixture f(Precedence::kLongestMatch);
  f.builder.AddRange(Ip(10, 1, 2, 0), Ip(10, 1, 2, 255), f.Value(3));
  f.builder.AddRange(Ip(10, 1, 2, 0), Ip(10, 1, 2, 255), f.Value(2));
  f.builder.AddRange(Ip(10, 1, 2, 128), Ip(10, 1, 2, 255), kNotListed);
  f.builder.Add(Ip(10, 1, 2, 200), f.Value(9));
  f.builder.Add(Ip(10, 1, 2, 200), f.Value(1));
  const Ip4Table table = f.Build();
  EXPECT_EQ(f.At(table, Ip(10, 1, 2, 127)), As{3});
  EXPECT_EQ(f.At(table, Ip(10, 1, 2, 128)), As{});
  EXPECT_EQ(f.At(table, Ip(10, 1, 2, 200)), As{9});
  EXPECT_EQ(f.report.entries, 3u);
  EXPECT_EQ(f.report.duplicates, 2u);
}

TEST(Ip4Table, ExactEntriesForTheTestPointsAreToldApartFromRanges) {
  Fixture f;
  f.builder.AddRange(Ip(127, 0, 0, 0), Ip(127, 255, 255, 255), f.Value(2));
  f.builder.Add(Ip(127, 0, 0, 2), f.Value(7));
  f.builder.Add(Ip(127, 0, 0, 2), f.Value(8));
  const Ip4Table table = f.Build();
  EXPECT_FALSE(f.builder.exact(Ip(127, 0, 0, 1)).present);
  const auto listed = f.builder.exact(Ip(127, 0, 0, 2));
  ASSERT_TRUE(listed.present);
  EXPECT_EQ(f.verdicts.at(listed.value).size(), 2u);
  EXPECT_FALSE(f.builder.exact(Ip(1, 1, 1, 1)).present);
}

// Entries as feeds have them: many single addresses in few networks, some networks and ranges, some exclusions.
struct RandomEntry {
  uint32_t first;
  uint32_t last;
  ValueId value;
};

std::vector<RandomEntry> RandomEntries(Random& random, size_t count, Precedence precedence, Fixture& f) {
  std::vector<RandomEntry> entries;
  const auto below = [&](uint64_t n) { return static_cast<uint32_t>(random() % n); };
  const uint32_t network = static_cast<uint32_t>(random());
  const uint32_t values = 1 + below(4) * below(4);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t near = network ^ (static_cast<uint32_t>(random()) >> below(32));
    const ValueId value = below(8) == 0 ? kNotListed : f.Value(2 + below(values));
    const uint32_t kind = below(6);
    if (kind < 3) {
      entries.push_back({near, near, value});
    } else if (kind == 3 || precedence == Precedence::kLongestMatch) {
      const uint32_t length = 4 + below(28);
      const uint32_t host = UINT32_MAX >> length;
      entries.push_back({near & ~host, near | host, value});
    } else {
      const uint32_t size = static_cast<uint32_t>(random()) >> (8 + below(24));
      entries.push_back({near, near > UINT32_MAX - size ? UINT32_MAX : near + size, value});
    }
  }
  return entries;
}

// What a batch says of each address, another than Lookup's way, is the same: in batches of every size, in random order.
void ExpectBatchesAgree(const Ip4Table& table, std::vector<uint32_t> questions, Random& random) {
  std::shuffle(questions.begin(), questions.end(), random);
  ValueId values[kMaxBatch];
  for (size_t at = 0; at < questions.size();) {
    const size_t count = std::min<size_t>(1 + random() % kMaxBatch, questions.size() - at);
    const auto batch = std::span(questions).subspan(at, count);
    std::fill(std::begin(values), std::end(values), ~ValueId{0});
    table.LookupBatch(batch, values);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(values[i], table.Lookup(batch[i])) << std::hex << batch[i] << std::dec << ", " << i << " of " << count;
    }
    ASSERT_TRUE(std::all_of(values + count, std::end(values), [](ValueId value) { return value == ~ValueId{0}; }));
    at += count;
  }
  std::vector<ValueId> many(questions.size() + 1, ~ValueId{0});
  for (const size_t most : {questions.size(), kMaxBatch, 3 * kMaxBatch - 1, size_t{0}}) {
    const auto asked = std::span(questions).first(std::min(most, questions.size()));
    std::fill(many.begin(), many.end(), ~ValueId{0});
    table.LookupMany(asked, many.data());
    for (size_t i = 0; i < asked.size(); ++i) {
      ASSERT_EQ(many[i], table.Lookup(asked[i])) << std::hex << asked[i] << std::dec << ", " << i << " of " << most;
    }
    ASSERT_EQ(many[asked.size()], ~ValueId{0});
  }
}

void ExpectAgrees(const Ip4Table& table, Fixture& f, const Ip4Model& model, Random& random) {
  std::vector<uint32_t> questions = model.Borders();
  for (size_t i = 0; i < 200; ++i) questions.push_back(static_cast<uint32_t>(random()));
  for (const uint32_t question : questions) {
    const auto verdicts = f.verdicts.at(table.Lookup(question));
    const std::vector<Verdict> expected = model.Lookup(question);
    ASSERT_TRUE(std::is_permutation(verdicts.begin(), verdicts.end(), expected.begin(), expected.end()))
        << std::hex << question << ": " << verdicts.size() << " verdicts, " << expected.size() << " expected";
    for (const unsigned length : {8u, 16u, 24u}) {
      if (expected.empty()) continue;
      ASSERT_TRUE(table.AnyBelow(question & ~(UINT32_MAX >> length), length));
    }
  }
  ExpectBatchesAgree(table, std::move(questions), random);
}

// Whether anything is listed in a /24, address by address.
void ExpectSlash24IsExact(const Ip4Table& table, const Ip4Model& model, uint32_t near) {
  const uint32_t prefix = near & ~255u;
  bool any = false;
  for (uint32_t low = 0; low < 256 && !any; ++low) any = !model.Lookup(prefix | low).empty();
  ASSERT_EQ(table.AnyBelow(prefix, 24), any) << std::hex << prefix;
}

TEST(Ip4Table, AgreesWithTheModelOnRandomEntries) {
  for (const Precedence precedence : {Precedence::kPieces, Precedence::kLongestMatch}) {
    for (uint64_t seed = 1; seed <= UnlessAsan(150, 40); ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      Random random(seed);
      Fixture f(precedence);
      Ip4Model model(precedence, &f.verdicts);
      for (const auto& [first, last, value] : RandomEntries(random, 1 + random() % 120, precedence, f)) {
        f.builder.AddRange(first, last, value);
        model.Add(first, last, value);
      }
      const Ip4Table table = f.Build();
      EXPECT_EQ(f.report.entries, model.keys().size());
      ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, f, model, random));
      const std::vector<uint32_t> borders = model.Borders();
      for (int i = 0; i < 10; ++i) {
        ASSERT_NO_FATAL_FAILURE(ExpectSlash24IsExact(table, model, borders[random() % borders.size()]));
      }
    }
  }
}

// Single addresses everywhere, so that runs of them end and begin at ranges: each beats what covers it, and the rest is
// as if the ranges were alone.
TEST(Ip4Table, SinglesAmongRangesChangeNothingButThemselves) {
  for (const Precedence precedence : {Precedence::kPieces, Precedence::kLongestMatch}) {
    Random random(7);
    Fixture singles_too(precedence);
    Fixture ranges_alone(precedence);
    std::vector<uint32_t> borders;
    for (int i = 0; i < 3000; ++i) {
      // Of /24s and more: pieces of one address would be united with singles.
      const auto host = static_cast<uint32_t>(0xffffffff) >> (12 + random() % 13);
      const uint32_t first = static_cast<uint32_t>(random()) & ~host;
      const auto a = static_cast<uint32_t>(i % 5 == 0 ? 0 : 3 + random() % 4);  // 0: an exclusion
      for (Fixture* const f : {&singles_too, &ranges_alone}) {
        f->builder.AddRange(first, first | host, a == 0 ? kNotListed : f->Value(a));
      }
      borders.insert(borders.end(), {first - 1, first, first | host, (first | host) + 1});
    }
    std::unordered_set<uint32_t> singles = {0, 1, 0xffffffff, 0xfffffffd};
    for (size_t i = 0; i < borders.size(); i += 3) singles.insert(borders[i]);
    for (uint32_t i = 0; i < 33; ++i) singles.insert(0x01020300 + i % 2 * 0x200 + i / 2 * 2);  // 17 and 16 in a /24
    while (singles.size() < 300000) singles.insert(static_cast<uint32_t>(random()));
    for (const uint32_t single : singles) singles_too.builder.Add(single, singles_too.Value(2));
    const Ip4Table table = singles_too.Build();
    const Ip4Table alone = ranges_alone.Build();
    for (const uint32_t single : singles) ASSERT_EQ(singles_too.At(table, single), As{2}) << single;
    const auto expect_as_alone = [&](uint32_t address) {
      if (singles.contains(address)) return;
      ASSERT_EQ(singles_too.At(table, address), ranges_alone.At(alone, address)) << address;
    };
    for (const uint32_t border : borders) ASSERT_NO_FATAL_FAILURE(expect_as_alone(border));
    for (const uint32_t single : singles) ASSERT_NO_FATAL_FAILURE(expect_as_alone(single ^ 1));
  }
}

// Forces the large shape by listing enough addresses far from where the random entries are.
TEST(Ip4Table, LargeShapeAgreesWithTheModel) {
  for (const Precedence precedence : {Precedence::kPieces, Precedence::kLongestMatch}) {
    for (uint64_t seed = 1; seed <= UnlessAsan(12, 2); ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      Random random(seed);
      Fixture f(precedence);
      Ip4Model model(precedence, &f.verdicts);
      for (auto [first, last, value] : RandomEntries(random, 400, precedence, f)) {
        // Into 0/1 and below 64/2, so that what fills the table stays apart.
        first >>= 2;
        last = std::max(first, last >> 2);
        if (precedence == Precedence::kLongestMatch) last = first | (std::bit_ceil(last - first + 1) - 1);
        if (precedence == Precedence::kLongestMatch) first &= ~(last - first);
        f.builder.AddRange(first, last, value);
        model.Add(first, last, value);
      }
      std::unordered_set<uint32_t> filler;
      const size_t fill = AddressBlocks::kFew * (seed % 4 < 2 ? 5 : 2) / 4;  // in blocks, or a few
      while (filler.size() < fill) filler.insert(static_cast<uint32_t>(random()) | 0x80000000u);
      const bool many_values = seed % 2 == 0;
      for (const uint32_t address : filler) f.builder.Add(address, f.Value(many_values ? 2 + address % 300 : 2));
      const Ip4Table table = f.Build();
      EXPECT_EQ(f.report.entries, model.keys().size() + filler.size());
      ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, f, model, random));
      const std::vector<uint32_t> borders = model.Borders();
      for (int i = 0; i < 40; ++i) {
        const uint32_t border = borders[random() % borders.size()];
        if (border >= 0x80000000u) continue;  // where the filler is, which the model does not know
        ASSERT_NO_FATAL_FAILURE(ExpectSlash24IsExact(table, model, border));
      }
      for (const uint32_t address : filler) {
        ASSERT_EQ(f.At(table, address), As{many_values ? 2 + address % 300 : 2});
        ASSERT_EQ(f.At(table, address ^ 1),
                  filler.contains(address ^ 1) ? As{many_values ? 2 + (address ^ 1) % 300 : 2} : As{});
      }
      // Both kinds of places in the same batches: near ranges and blocks, and among single addresses, next to which
      // half of the questions are.
      std::vector<uint32_t> mixed = borders;
      for (const uint32_t address : filler) {
        if (mixed.size() < 20000) mixed.push_back(address ^ static_cast<uint32_t>(random() % 2));
      }
      ASSERT_NO_FATAL_FAILURE(ExpectBatchesAgree(table, std::move(mixed), random));
    }
  }
}

TEST(Ip4Table, EmptyNonTerminalsAreExact) {
  for (const size_t count : {size_t{100}, size_t{100000}}) {
    Random random(count);
    Fixture f;
    std::vector<std::set<uint32_t>> used(3);
    for (size_t i = 0; i < count; ++i) {
      const uint32_t address = static_cast<uint32_t>(random()) & 0x7fffffffu;
      f.builder.Add(address, f.Value(2));
      for (unsigned l = 0; l < 3; ++l) used[l].insert(address >> (24 - 8 * l));
    }
    const Ip4Table table = f.Build();
    for (unsigned l = 0; l < 3; ++l) {
      for (size_t i = 0; i < 2000; ++i) {
        const uint32_t prefix = i % 2 == 0 && !used[l].empty()
                                    ? *used[l].lower_bound(static_cast<uint32_t>(random() % *used[l].rbegin()))
                                    : static_cast<uint32_t>(random()) >> (24 - 8 * l);
        ASSERT_EQ(table.AnyBelow(prefix << (24 - 8 * l), 8 + 8 * l), used[l].contains(prefix)) << l << " " << prefix;
      }
    }
  }
}

TEST(Ip4Table, AddedAndRemovedCountKeys) {
  for (uint64_t seed = 1; seed <= UnlessAsan(60, 12); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Fixture before;
    Fixture after;
    std::set<std::pair<uint32_t, uint32_t>> keys[2];
    std::vector<RandomEntry> entries = RandomEntries(random, 200, Precedence::kPieces, before);
    for (const auto& [first, last, value] : entries) {
      if (random() % 4 != 0) {
        before.builder.AddRange(first, last, value == kNotListed ? kNotListed : before.Value(2));
        keys[0].emplace(first, last);
      }
      if (random() % 4 != 0) {
        after.builder.AddRange(first, last, value == kNotListed ? kNotListed : after.Value(2 + random() % 2));
        keys[1].emplace(first, last);
      }
    }
    if (seed % 3 == 0) {
      for (uint32_t i = 0; i < 100000; ++i) {
        const uint32_t address = i * 40503u;
        if (i % 10 != 0) before.builder.Add(address, before.Value(2)), keys[0].emplace(address, address);
        if (i % 7 != 0) after.builder.Add(address, after.Value(2)), keys[1].emplace(address, address);
      }
    }
    const Ip4Table old = before.Build();
    const Ip4Table table = after.Build(&old);
    std::vector<std::pair<uint32_t, uint32_t>> added;
    std::vector<std::pair<uint32_t, uint32_t>> removed;
    std::set_difference(keys[1].begin(), keys[1].end(), keys[0].begin(), keys[0].end(), std::back_inserter(added));
    std::set_difference(keys[0].begin(), keys[0].end(), keys[1].begin(), keys[1].end(), std::back_inserter(removed));
    EXPECT_EQ(after.report.entries, keys[1].size());
    EXPECT_EQ(after.report.added, added.size());
    EXPECT_EQ(after.report.removed, removed.size());
  }
}

}  // namespace
}  // namespace rblitz
