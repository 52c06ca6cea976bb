#include "tables/ip6_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tables/ip6_builder.h"
#include "tests/ip6_model.h"
#include "tests/sanitizers.h"

namespace rblitz {

void PrintTo(const Ip6Match& match, std::ostream* out) { *out << match.value << "/" << int{match.length}; }
bool operator==(const Ip6Match& a, const Ip6Match& b) { return a.value == b.value && a.length == b.length; }

namespace {

using Random = std::mt19937_64;

constexpr uint64_t kAll = ~uint64_t{0};
constexpr uint64_t kDoc = 0x20010db800000000;

Ip6Prefix Masked(Ip6Address address, unsigned length) {
  const Ip6Address host = HostBits(length);
  return {.address = {address.high & ~host.high, address.low & ~host.low}, .length = static_cast<uint8_t>(length)};
}

Ip6Table Build(Ip6Builder& builder, const Ip6Table* previous = nullptr, BuildReport* report = nullptr) {
  BuildReport ignored;
  return builder.Build(previous, report != nullptr ? report : &ignored);
}

TEST(Ip6Table, EmptyTableListsNothing) {
  Ip6Builder builder;
  const Ip6Table table = Build(builder);
  for (const Ip6Address& address : {Ip6Address{0, 0}, Ip6Address{0, 1}, Ip6Address{kDoc, 7}, Ip6Address{kAll, kAll}}) {
    EXPECT_EQ(table.Match(address), Ip6Match{});
    EXPECT_EQ(table.Lookup(address), kNotListed);
  }
  EXPECT_EQ(table.entries(), 0u);
}

TEST(Ip6Table, WholeSpaceIsListedByOnePrefix) {
  Ip6Builder builder;
  builder.Add({{0, 0}, 0}, 2);
  builder.Add({{kAll, kAll}, 128}, 3);
  builder.Add({{0, 0}, 128}, kNotListed);
  const Ip6Table table = Build(builder);
  EXPECT_EQ(table.Match({0, 0}), (Ip6Match{}));
  EXPECT_EQ(table.Match({0, 1}), (Ip6Match{2, 0}));
  EXPECT_EQ(table.Match({kDoc, 7}), (Ip6Match{2, 0}));
  EXPECT_EQ(table.Match({kAll, kAll - 1}), (Ip6Match{2, 0}));
  EXPECT_EQ(table.Match({kAll, kAll}), (Ip6Match{3, 128}));
}

TEST(Ip6Table, LongestPrefixDecidesAndOfEqualOnesTheFirst) {
  Ip6Builder builder;
  builder.Add({{kDoc, 0}, 32}, 2);
  builder.Add({{kDoc | 0x10000, 0}, 48}, kNotListed);
  builder.Add({{kDoc | 0x10000, 0}, 48}, 9);
  builder.Add({{kDoc | 0x10007, 0}, 64}, 4);
  builder.Add({{kDoc | 0x10007, 0}, 64}, 9);
  builder.Add({{kDoc | 0x10007, 0x80}, 121}, 5);
  builder.Add({{kDoc | 0x10007, 0x81}, 128}, kNotListed);
  BuildReport report;
  const Ip6Table table = Build(builder, nullptr, &report);
  EXPECT_EQ(table.Match({kDoc | 0x20000, 1}), (Ip6Match{2, 32}));
  EXPECT_EQ(table.Match({kDoc | 0x10001, 1}), (Ip6Match{}));
  EXPECT_EQ(table.Match({kDoc | 0x10007, 0x7f}), (Ip6Match{4, 64}));
  EXPECT_EQ(table.Match({kDoc | 0x10007, 0x80}), (Ip6Match{5, 121}));
  EXPECT_EQ(table.Match({kDoc | 0x10007, 0x81}), (Ip6Match{}));
  EXPECT_EQ(table.Match({kDoc | 0x10007, 0x100}), (Ip6Match{4, 64}));
  EXPECT_EQ(table.Match({kDoc + (uint64_t{1} << 32), 0}), (Ip6Match{}));
  EXPECT_EQ(report.entries, 5u);
  EXPECT_EQ(report.duplicates, 2u);
}

// rbldnsd's ip6tset.
TEST(Ip6Table, ExcludedAddressesAreCutOutOfAListedSlash64) {
  Ip6Builder builder;
  builder.Add({{kDoc | 1, 0}, 64}, 1);
  builder.Add({{kDoc | 1, 5}, 128}, kNotListed);
  builder.Add({{kDoc | 2, 5}, 128}, kNotListed);
  const Ip6Table table = Build(builder);
  EXPECT_EQ(table.Lookup({kDoc | 1, 4}), 1u);
  EXPECT_EQ(table.Lookup({kDoc | 1, 5}), kNotListed);
  EXPECT_EQ(table.Lookup({kDoc | 1, 6}), 1u);
  EXPECT_EQ(table.Lookup({kDoc | 2, 5}), kNotListed);
  EXPECT_EQ(table.Lookup({kDoc | 2, 6}), kNotListed);
}

TEST(Ip6Table, ExactEntriesForTheTestPointsAreToldApartFromPrefixes) {
  Ip6Builder builder;
  builder.Add({{0, 0}, 8}, 1);
  builder.Add({{0, kV4MappedLow}, 96}, 2);
  builder.Add({kIp6TestListed, 128}, kNotListed);
  builder.Add({kIp6TestListed, 128}, 3);
  const Ip6Table table = Build(builder);
  EXPECT_FALSE(builder.exact(kIp6TestUnlisted).present);
  ASSERT_TRUE(builder.exact(kIp6TestListed).present);
  EXPECT_EQ(builder.exact(kIp6TestListed).value, kNotListed);
  EXPECT_FALSE(builder.exact({0, 0}).present);
  EXPECT_EQ(table.Match(kIp6TestUnlisted), (Ip6Match{2, 96}));
}

// Entries as they nest and crowd: near one of a few points, of every length, some of them excluded.
struct RandomEntry {
  Ip6Prefix prefix;
  ValueId value;
};

std::vector<RandomEntry> RandomEntries(Random& random, size_t count) {
  const auto below = [&](uint64_t n) { return random() % n; };
  std::vector<Ip6Address> points = {{0, 0}, {kAll, kAll}, {0, kV4MappedLow}};
  for (uint64_t i = below(5); i > 0; --i) points.push_back({random(), random()});
  const uint64_t values = 1 + below(4) * below(4);
  std::vector<RandomEntry> entries;
  for (size_t i = 0; i < count; ++i) {
    Ip6Address at = points[below(points.size())];
    if (below(2) == 0) at.high ^= random() >> below(64);
    if (below(2) == 0) at.low ^= random() >> below(64);
    static constexpr unsigned kUsual[] = {32, 48, 56, 63, 64, 64, 65, 127, 128, 128};
    const auto length = static_cast<unsigned>(below(3) == 0 ? below(129) : kUsual[below(std::size(kUsual))]);
    entries.push_back({Masked(at, length), static_cast<ValueId>(below(6) == 0 ? kNotListed : 1 + below(values))});
  }
  return entries;
}

void ExpectAgrees(const Ip6Table& table, const std::vector<Ip6Address>& questions, const Ip6Model& model) {
  for (size_t at = 0; at < questions.size(); at += kMaxBatch) {
    const auto batch = std::span(questions).subspan(at, std::min(kMaxBatch, questions.size() - at));
    ValueId values[kMaxBatch];
    table.LookupBatch(batch, values);
    for (size_t i = 0; i < batch.size(); ++i) {
      const Ip6Match expected = model.Match(batch[i]);
      ASSERT_EQ(values[i], expected.value) << std::hex << batch[i].high << ":" << batch[i].low;
      ASSERT_EQ(table.Match(batch[i]), expected) << std::hex << batch[i].high << ":" << batch[i].low;
    }
  }
}

TEST(Ip6Table, AgreesWithTheModelOnRandomEntries) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Ip6Builder builder;
    Ip6Model model;
    const std::vector<RandomEntry> entries = RandomEntries(random, 1 + random() % 150);
    for (const auto& [prefix, value] : entries) {
      builder.Add(prefix, value);
      model.Add(prefix, value);
    }
    BuildReport report;
    const Ip6Table table = Build(builder, nullptr, &report);
    EXPECT_EQ(report.entries, model.entries().size());
    EXPECT_EQ(report.duplicates, entries.size() - model.entries().size());
    std::vector<Ip6Address> questions = model.Borders();
    for (size_t i = 0; i < 100; ++i) questions.push_back({random(), random()});
    ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, questions, model));
  }
}

// Every shape of the map of /64s: one value and many, alone and beside /64s with pieces, few and so many that they
// spill.
TEST(Ip6Table, MapsOfSlash64sOfEverySizeAgreeWithWhatWasGiven) {
  for (const size_t count : {1u, 4u, 5u, 6u, 9u, 100u, 3000u, 70000u}) {
    for (const uint32_t many : {1u, 200u, 100000u}) {
      for (const unsigned pieces_every : {0u, 1u, 37u}) {
        SCOPED_TRACE(std::to_string(count) + " /64s, " + std::to_string(many) + " values, pieces every " +
                     std::to_string(pieces_every));
        Random random(count);
        Ip6Builder builder;
        std::unordered_map<uint64_t, ValueId> given;
        for (size_t i = 0; i < count; ++i) {
          const uint64_t unit = kDoc + i * (i % 3 == 0 ? 1 : 65536);
          const auto value = static_cast<ValueId>(1 + random() % many);
          if (!given.try_emplace(unit, value).second) continue;
          if (pieces_every == 0 || i % pieces_every != 0) {
            builder.Add({{unit, 0}, 64}, value);
          } else {
            builder.Add({{unit, 8}, 125}, value);
          }
        }
        const Ip6Table table = Build(builder);
        EXPECT_EQ(table.entries(), given.size());
        for (const auto& [unit, value] : given) {
          ASSERT_EQ(table.Lookup({unit, 9}), value);
          ASSERT_EQ(table.Lookup({unit ^ uint64_t{1} << 50, 9}), kNotListed);
          const auto next = given.find(unit + 1);
          ASSERT_EQ(table.Lookup({unit + 1, 9}), next == given.end() ? kNotListed : next->second);
        }
      }
    }
  }
}

TEST(Ip6Table, AddedAndRemovedCountPrefixes) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Ip6Builder before;
    Ip6Builder after;
    std::map<Ip6Prefix, int> in;  // bit 0: before, bit 1: after
    std::vector<RandomEntry> entries = RandomEntries(random, 300);
    if (seed % 4 == 0) {
      for (uint64_t i = 0; i < 20000; ++i) entries.push_back({{{kDoc + i, 0}, 64}, 1});
      for (uint64_t i = 0; i < 20000; i += 7) entries.push_back({{{kDoc + i, i}, 128}, kNotListed});
    }
    for (const auto& [prefix, value] : entries) {
      if (random() % 4 != 0) before.Add(prefix, value), in[prefix] |= 1;
      if (random() % 4 != 0) after.Add(prefix, 1 + static_cast<ValueId>(random() % 2)), in[prefix] |= 2;
    }
    const Ip6Table old = Build(before);
    BuildReport report;
    const Ip6Table table = Build(after, &old, &report);
    const auto count = [&](int where) {
      return static_cast<uint64_t>(std::ranges::count_if(in, [where](const auto& p) { return p.second == where; }));
    };
    EXPECT_EQ(report.added, count(2));
    EXPECT_EQ(report.removed, count(1));
    EXPECT_EQ(report.entries, count(2) + count(3));
  }
}

// Right against a model that hashes the masked address once for each length in use.
TEST(Ip6Table, OfAMillionRandomPrefixesASampleIsRight) {
  Random random(11);
  Ip6Builder builder;
  std::map<unsigned, std::map<Ip6Address, ValueId>> model;
  std::vector<Ip6Prefix> prefixes;
  for (size_t i = 0; i < UnlessAsan(1000000, 100000); ++i) {
    const Ip6Address at{0x2000000000000000 | (random() >> 3 & ~(random() & 0x00000fff00000000)), random()};
    const auto length = static_cast<unsigned>(random() % 4 == 0 ? 49 + random() % 80 : 24 + random() % 41);
    const Ip6Prefix prefix = Masked(at, length);
    const auto value = static_cast<ValueId>(random() % 20);
    builder.Add(prefix, value);
    model[length].try_emplace(prefix.address, value);
    prefixes.push_back(prefix);
  }
  const Ip6Table table = Build(builder);
  size_t listed = 0;
  for (size_t i = 0; i < 20000; ++i) {
    Ip6Address at = prefixes[random() % prefixes.size()].address;
    if (i % 2 == 0) at.low ^= random() >> random() % 64;
    if (i % 4 == 0) at.high ^= random() >> (3 + random() % 61);
    Ip6Match expected{};
    for (const auto& [length, of_length] : model) {
      const auto found = of_length.find(Masked(at, length).address);
      if (found != of_length.end()) expected = {.value = found->second, .length = static_cast<uint8_t>(length)};
    }
    if (expected.value == kNotListed) expected = {};
    ASSERT_EQ(table.Match(at), expected) << std::hex << at.high << ":" << at.low;
    ASSERT_EQ(table.Lookup(at), expected.value);
    listed += expected.value != kNotListed;
  }
  EXPECT_GT(listed, 10000u);
  RecordProperty("bytes_an_entry", std::to_string(static_cast<double>(table.bytes()) / 1e6));
}

TEST(Ip6Table, TwoMillionSlash64sWithOneValueTakeAtMostElevenBytesEach) {
  Ip6Builder builder;
  Random random(3);
  std::vector<uint64_t> units;
  for (size_t i = 0; i < 2000000; ++i) {
    const uint64_t unit = random() >> (i % 2 * 20);
    units.push_back(unit);
    builder.Add({{unit, 0}, 64}, 1);
  }
  const Ip6Table table = Build(builder);
  for (size_t i = 0; i < units.size(); i += 3) ASSERT_EQ(table.Lookup({units[i], i}), 1u);
  EXPECT_LE(static_cast<double>(table.bytes()), 11.0 * static_cast<double>(table.entries()));
}

}  // namespace
}  // namespace rblitz
