// Heat of IPv6: what sources join to, and lookups beside a naive twin.
#include "tables/heat6_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace rblitz {
namespace {

using One = Heat6Networks::One;

Heat6Networks Networks(unsigned length, std::vector<One> networks) {
  Heat6Networks source;
  source.of_length[Heat6Index(length)] = std::move(networks);
  return source;
}

TEST(Heat6Table, AnswersFromTheFirstLengthThatIsHotEnough) {
  Heat6Networks source;
  source.of_length[Heat6Index(64)] = {{0x20010db800010001, 40}};
  source.of_length[Heat6Index(56)] = {{0x20010db800010000, 70}};
  source.of_length[Heat6Index(32)] = {{0x20010db800000000, 200}};
  const Heat6Networks* const sources[] = {&source};
  const Heat6Table table = Heat6Table::Build(sources);
  const Ip6Address inside{.high = 0x20010db800010001, .low = 9};
  const uint8_t all[] = {64, 56, 48, 40, 32};
  EXPECT_EQ(table.Lookup(inside, all, 1), (HeatHit{.length = 64, .score = 40}));
  EXPECT_EQ(table.Lookup(inside, all, 41), (HeatHit{.length = 56, .score = 70}));
  EXPECT_EQ(table.Lookup(inside, all, 71), (HeatHit{.length = 32, .score = 200}));
  EXPECT_EQ(table.Lookup(inside, all, 201), HeatHit{});
  EXPECT_EQ(table.Lookup(inside, {}, 1), HeatHit{});
  EXPECT_EQ(table.Lookup({.high = 0x20010db900010001, .low = 9}, all, 1), HeatHit{});
  EXPECT_EQ(table.Lookup({.high = 0x20010db8ffffffff, .low = 0}, all, 1), (HeatHit{.length = 32, .score = 200}));
  EXPECT_FALSE(table.empty());
  EXPECT_TRUE(Heat6Table::Build({}).empty());
  EXPECT_EQ(Heat6Table::Build({}).Score(inside, 64), 0);
}

TEST(Heat6Table, JoinsSources) {
  const Heat6Networks a = Networks(48, {{0x10000, 100}, {0x30000, 200}});
  const Heat6Networks b = Networks(48, {{0x10000, 120}, {0x20000, 7}, {0x30000, 100}});
  const Heat6Networks* const sources[] = {&a, &b};
  const auto score = [](const Heat6Table& table, uint64_t high) { return table.Score({.high = high, .low = 1}, 48); };
  const Heat6Table highest = Heat6Table::Build(sources);
  EXPECT_EQ(score(highest, 0x10001), 120);
  EXPECT_EQ(score(highest, 0x2ffff), 7);
  EXPECT_EQ(score(highest, 0x30000), 200);
  const Heat6Table sum = Heat6Table::Build(sources, HeatJoin::kSum);
  EXPECT_EQ(score(sum, 0x10001), 220);
  EXPECT_EQ(score(sum, 0x20000), 7);
  EXPECT_EQ(score(sum, 0x30000), 255);
  EXPECT_EQ(score(sum, 0x40000), 0);
}

TEST(Heat6Table, ComparesSources) {
  const Heat6Networks before = Networks(64, {{1, 10}, {2, 20}, {4, 40}});
  Heat6Networks after = Networks(64, {{2, 20}, {3, 30}, {4, 41}});
  after.of_length[0] = {{0, 9}};
  const HeatChange change = CompareHeat(before, after);
  EXPECT_EQ(change.added, 2u);
  EXPECT_EQ(change.removed, 1u);
  EXPECT_EQ(change.changed, 1u);
  EXPECT_EQ(after.count(), 4u);
}

TEST(Heat6Table, LooksUpAsANaiveTwinDoes) {
  std::mt19937_64 random(1);
  std::map<std::pair<unsigned, uint64_t>, uint8_t> model;
  // Few bits, so that networks are in each other and questions hit.
  const auto draw = [&random] { return random() & 0x0000000303070703; };
  for (int i = 0; i < 3000; ++i) {
    const unsigned length = kHeat6Lengths[random() % kHeat6Lengths.size()];
    model[{length, draw() & ~HostBits64(length)}] = static_cast<uint8_t>(1 + random() % 255);
  }
  Heat6Networks source;
  for (const auto& [network, score] : model) {
    source.of_length[Heat6Index(network.first)].push_back({network.second, score});
  }
  const Heat6Networks* const sources[] = {&source};
  const Heat6Table table = Heat6Table::Build(sources);
  const uint8_t lengths[] = {64, 48, 40, 32};
  size_t hits = 0;
  for (int i = 0; i < 20000; ++i) {
    const Ip6Address address{.high = draw(), .low = random()};
    const auto least = static_cast<uint8_t>(1 + random() % 255);
    HeatHit expected;
    for (const uint8_t length : lengths) {
      const auto found = model.find({length, address.high & ~HostBits64(length)});
      if (found == model.end() || found->second < least) continue;
      expected = {.length = length, .score = found->second};
      break;
    }
    table.Prefetch(address, lengths);
    ASSERT_EQ(table.Lookup(address, lengths, least), expected);
    hits += expected.length != 0;
  }
  EXPECT_GT(hits, 1000u);
}

}  // namespace
}  // namespace rblitz
