#include "tables/heat_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "tables/verdict.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

constexpr uint8_t kUsualLengths[] = {24, 20, 16};

// Every /24 that is known, and loops over them.
struct Model {
  std::map<uint32_t, uint8_t> scores;  // by cell

  HeatNode Node(uint32_t address, unsigned length) const {
    const uint32_t first = length == 0 ? 0 : (address >> 8) >> (24 - length) << (24 - length);
    const uint32_t cells = 1u << (24 - length);
    HeatNode node;
    uint64_t sum = 0;
    for (auto at = scores.lower_bound(first); at != scores.end() && at->first - first < cells; ++at) {
      node.highest = std::max(node.highest, at->second);
      sum += at->second;
      ++node.active;
    }
    const uint64_t mean = (sum + cells / 2) / cells;
    node.mean = static_cast<uint8_t>(sum > 0 && mean == 0 ? 1 : mean);
    return node;
  }
  HeatHit First(uint32_t address, std::span<const uint8_t> lengths, uint8_t least) const {
    for (const uint8_t length : lengths) {
      const uint8_t score = Node(address, length).mean;
      if (score >= least) return {.length = length, .score = score};
    }
    return {};
  }
};

// Crowds of networks of all sizes, so that every level has something to say.
void Fill(std::mt19937& random, HeatCells* cells, Model* model) {
  for (int crowd = 0; crowd < 200; ++crowd) {
    const unsigned length = 8 + static_cast<unsigned>(random() % 17);
    const auto first = static_cast<uint32_t>(random() >> 8) >> (24 - length) << (24 - length);
    for (int i = 0; i < 50; ++i) {
      const uint32_t cell = first + (static_cast<uint32_t>(random()) & ((1u << (24 - length)) - 1));
      const auto score = static_cast<uint8_t>(random() % 3 == 0 ? 255 : 1 + random() % 255);
      (*cells)[cell] = score;
      model->scores[cell] = score;
    }
  }
}

HeatTable Built(const HeatCells& cells) {
  const HeatCells* const sources[] = {&cells};
  return HeatTable::Build(sources);
}

TEST(CellBlocks, WhatIsThereStaysWhereItIs) {
  constexpr uint32_t kBlocks = 1000;
  CellBlocks<float> cells;
  float* const first = &cells[5];
  *first = 1;
  for (uint32_t block = 1; block < kBlocks; ++block)
    cells[block * kCellsInBlock + block % kCellsInBlock] = static_cast<float>(block);
  EXPECT_EQ(first, &cells[5]);
  EXPECT_EQ(cells.active(), kBlocks);
  const CellBlocks<float> copy = cells;
  *first = 0;
  EXPECT_EQ(cells.active(), kBlocks - 1);
  EXPECT_EQ(copy.active(), kBlocks);
  EXPECT_EQ(copy.at(5), 1);
  EXPECT_EQ(copy.at(6), 0);
  EXPECT_EQ(copy.at(kBlocks * kCellsInBlock), 0) << "of a block of which nothing is known";
  EXPECT_EQ(copy.block(kBlocks), nullptr);
  for (uint32_t block = 1; block < kBlocks; ++block)
    ASSERT_EQ((*copy.block(block))[block % kCellsInBlock], static_cast<float>(block));
}

TEST(HeatTable, KnowsOfNothingWhenEmpty) {
  const HeatTable table = HeatTable::Build({});
  EXPECT_EQ(table.Lookup(HostOrder("192.0.2.1"), HeatLevels(kUsualLengths, 1)), HeatHit{});
  EXPECT_EQ(table.Root(), HeatNode{});
  EXPECT_LE(table.bytes(), size_t{33} << 20);
}

TEST(HeatTable, CountsOneNetworkAtEveryLevel) {
  HeatCells cells;
  cells[HostOrder("203.0.113.0") >> 8] = 183;
  const HeatTable table = Built(cells);
  const uint32_t address = HostOrder("203.0.113.9");
  EXPECT_EQ(table.Node(address, 24), (HeatNode{183, 183, 1}));
  EXPECT_EQ(table.Node(address, 22), (HeatNode{183, 46, 1}));
  EXPECT_EQ(table.Node(address, 20), (HeatNode{183, 11, 1}));
  EXPECT_EQ(table.Node(address, 18), (HeatNode{183, 3, 1}));
  for (unsigned length = 2; length <= 16; length += 2) {
    EXPECT_EQ(table.Node(address, length), (HeatNode{183, 1, 1})) << "known, so not 0, at /" << length;
  }
  EXPECT_EQ(table.Root(), (HeatNode{183, 1, 1}));
  EXPECT_EQ(table.Score(HostOrder("203.0.112.255"), 24), 0);
  EXPECT_EQ(table.Score(HostOrder("203.0.112.255"), 22), 46);
  EXPECT_EQ(table.Node(HostOrder("64.0.0.0"), 2), HeatNode{});
}

TEST(HeatTable, FullOfHeatOverflowsNowhere) {
  HeatCells cells;
  for (uint32_t block = 0; block < kHeatBlocks; ++block) cells.MutableBlock(block).fill(255);
  const HeatTable table = Built(cells);
  for (unsigned length = 2; length <= 24; length += 2) {
    EXPECT_EQ(table.Node(0xffffffff, length), (HeatNode{255, 255, 1u << (24 - length)})) << length;
  }
  EXPECT_EQ(table.Root(), (HeatNode{255, 255, 1u << 24}));
  EXPECT_LE(table.bytes(), size_t{33} << 20);
  EXPECT_LE(cells.bytes(), size_t{33} << 20);
}

TEST(HeatTable, AgreesWithItsModel) {
  std::mt19937 random(1);
  for (int round = 0; round < 5; ++round) {
    HeatCells cells;
    Model model;
    Fill(random, &cells, &model);
    const HeatTable table = Built(cells);
    EXPECT_EQ(cells.active(), model.scores.size());
    EXPECT_EQ(table.Root(), model.Node(0, 0));
    for (const auto& [cell, score] : model.scores) {
      for (const uint32_t address : {cell << 8, static_cast<uint32_t>(random())}) {
        for (unsigned length = 2; length <= 24; length += 2) {
          if (length < 8 && random() % 64 != 0) continue;  // the model counts one by one
          const HeatNode node = model.Node(address, length);
          ASSERT_EQ(table.Node(address, length), node) << Dotted(htonl(address)) << "/" << length;
          ASSERT_EQ(table.Score(address, length), node.mean);
        }
      }
    }
  }
}

TEST(HeatTable, AnswersFromTheMostSpecificLevelThatIsWarmEnough) {
  std::mt19937 random(2);
  HeatCells cells;
  Model model;
  Fill(random, &cells, &model);
  const HeatTable table = Built(cells);
  std::vector<uint32_t> addresses;
  for (const auto& [cell, score] : model.scores) {
    addresses.push_back(cell << 8 | (random() & 255));
    addresses.push_back(addresses.back() ^ (1u << (8 + random() % 10)));
  }
  const std::vector<std::vector<uint8_t>> sets = {
      {24}, {24, 20, 16}, {22, 18, 12, 8}, {24, 22, 20, 18, 16, 14}, {14, 10}};
  size_t batch = 1;
  std::map<unsigned, size_t> answered;
  for (size_t at = 0; at < addresses.size(); at += batch) {
    batch = std::min(batch % kMaxBatch + 1, addresses.size() - at);
    const std::vector<uint8_t>& lengths = sets[random() % sets.size()];
    const auto least = static_cast<uint8_t>(1 + random() % (random() % 4 == 0 ? 255 : 100));
    HeatHit hits[kMaxBatch];
    table.LookupBatch({&addresses[at], batch}, HeatLevels(lengths, least), hits);
    for (size_t i = 0; i < batch; ++i) {
      ASSERT_EQ(hits[i], model.First(addresses[at + i], lengths, least));
      ++answered[hits[i].length];
    }
  }
  for (const unsigned length : {0u, 24u, 22u, 20u, 18u, 16u, 14u}) EXPECT_GT(answered[length], 10u) << length;
}

TEST(HeatTable, JoinsSourcesByMaximumOrSum) {
  HeatCells first;
  HeatCells second;
  HeatCells third;
  first[5] = 100;
  second[5] = 120;
  third[5] = 90;
  first[700] = 3;
  second[kHeatCells - 1] = 255;
  third[kHeatCells - 1] = 1;
  const HeatCells* const sources[] = {&first, &second, &third};
  const HeatTable highest = HeatTable::Build(sources, HeatJoin::kMax);
  const HeatTable sum = HeatTable::Build(sources, HeatJoin::kSum);
  EXPECT_EQ(highest.Score(5 << 8, 24), 120);
  EXPECT_EQ(sum.Score(5 << 8, 24), 255) << "310 is more than a score can be";
  for (const HeatTable* table : {&highest, &sum}) {
    EXPECT_EQ(table->Score(700 << 8, 24), 3);
    EXPECT_EQ(table->Score(0xffffffff, 24), 255);
    EXPECT_EQ(table->Root().active, 3u);
  }
}

TEST(HeatTable, IsMovedWhole) {
  HeatCells cells;
  cells[42] = 42;
  HeatTable table = Built(cells);
  const HeatTable moved = std::move(table);
  EXPECT_EQ(moved.Score(42 << 8, 24), 42);
  EXPECT_EQ(moved.Score(42 << 8, 22), 11);
  EXPECT_EQ(moved.Score(42 << 8, 8), 1);
}

TEST(HeatCells, AreComparedCellByCell) {
  HeatCells before;
  HeatCells after;
  before[1] = 5;
  before[2] = 6;
  before[70000] = 7;
  after[2] = 8;
  after[3] = 9;
  after[9000000] = 1;
  const HeatChange change = CompareHeat(before, after);
  EXPECT_EQ(change.added, 2u);
  EXPECT_EQ(change.removed, 2u);
  EXPECT_EQ(change.changed, 1u);
  EXPECT_EQ(before.active(), 3u);
  EXPECT_EQ(before.at(2), 6);
  EXPECT_EQ(before.at(4), 0);
}

}  // namespace
}  // namespace rblitz
