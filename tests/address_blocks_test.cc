#include "tables/address_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/sanitizers.h"

namespace rblitz {
namespace {

using Order = AddressBlocks::Order;
using Addresses = std::vector<uint32_t>;

Addresses Of(const AddressBlocks& blocks) {
  Addresses all;
  for (const std::span<const uint32_t> chunk : blocks.chunks()) {
    EXPECT_FALSE(chunk.empty());
    all.insert(all.end(), chunk.begin(), chunk.end());
  }
  EXPECT_EQ(all.size(), blocks.size());
  return all;
}

void ExpectSorted(const Addresses& given, const char* what) {
  Addresses wanted = given;
  std::ranges::sort(wanted);

  AddressPool pool;
  AddressBlocks by_top(&pool);
  for (const uint32_t address : given) by_top.Add(address);
  EXPECT_EQ(by_top.size(), given.size());
  by_top.Sort(Order::kTop20);
  Addresses found = Of(by_top);
  EXPECT_TRUE(std::ranges::is_sorted(found, {}, [](uint32_t address) { return address >> 12; })) << what;
  std::ranges::sort(found);
  EXPECT_EQ(found, wanted) << what;

  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  AddressBlocks ascending(&pool);
  by_top.Drain([&](uint32_t address) { ascending.Add(address); });
  EXPECT_EQ(by_top.size(), 0u);
  ascending.Sort(Order::kAscending);
  EXPECT_EQ(Of(ascending), wanted) << what << ", " << given.size() << " addresses";

  // Every third one, and some ranges: to the end, over many chunks, of nothing, of what is taken already.
  std::vector<std::pair<uint32_t, uint32_t>> ranges = {{0, 5}, {3, 9}, {4, 4}, {0xf8000000, 0xffffffff}};
  if (!wanted.empty()) ranges.emplace_back(wanted[wanted.size() / 2], wanted[wanted.size() / 2 + wanted.size() / 4]);
  for (size_t i = 0; i < wanted.size() && i < 30'000; i += 3) ranges.emplace_back(wanted[i], wanted[i]);
  std::ranges::sort(ranges);
  Addresses taken;
  ascending.TakeOut(ranges, [&](uint32_t address) { taken.push_back(address); });
  Addresses wanted_taken;
  uint64_t covered_to = 0;
  size_t next = 0;
  std::erase_if(wanted, [&](uint32_t address) {
    for (; next < ranges.size() && ranges[next].first <= address; ++next) {
      covered_to = std::max(covered_to, uint64_t{ranges[next].second} + 1);
    }
    if (address < covered_to) wanted_taken.push_back(address);
    return address < covered_to;
  });
  EXPECT_EQ(taken, wanted_taken) << what;
  EXPECT_EQ(Of(ascending), wanted) << what;
  AddressCursor cursor(ascending.chunks());
  Addresses read;
  for (read.reserve(wanted.size()); cursor.more() && read.size() < wanted.size(); ++cursor) read.push_back(*cursor);
  EXPECT_EQ(read, wanted) << what;
  EXPECT_FALSE(cursor.more());
}

TEST(AddressBlocks, AnyNumberOfThem) {
  std::mt19937 random(1);
  const size_t large = UnlessTsan(2'000'003, 400'009);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{2}, size_t{1000}, size_t{65535}, size_t{65536},
                            AddressBlocks::kFew, size_t{300'001}, large}) {
    Addresses addresses(size);
    for (uint32_t& address : addresses) address = static_cast<uint32_t>(random());
    ExpectSorted(addresses, "random");
  }
}

TEST(AddressBlocks, OfFewNetworks) {
  std::mt19937 random(2);
  Addresses addresses(UnlessTsan(700'000, 300'000));
  for (uint32_t& address : addresses) address = 0x0a000000 | static_cast<uint32_t>(random() & 0xffffff);
  ExpectSorted(addresses, "one /8");
  for (uint32_t& address : addresses) address = static_cast<uint32_t>((random() % 3) << 31 | (random() & 255));
  ExpectSorted(addresses, "many duplicates");
  std::ranges::fill(addresses, 0xffffffff);
  ExpectSorted(addresses, "all the same");
  constexpr size_t kBlock = AddressPool::kBlock;
  for (const size_t size : {kBlock - 1, kBlock, kBlock + 1, AddressBlocks::kFew - 1, AddressBlocks::kFew,
                            AddressBlocks::kFew + 1, AddressBlocks::kFew + kBlock, AddressBlocks::kFew + kBlock + 1}) {
    addresses.resize(size);
    for (size_t i = 0; i < size; ++i) addresses[i] = static_cast<uint32_t>(0xff000000 + size - i);
    ExpectSorted(addresses, "one octet, near the size of a block");
  }
}

TEST(AddressBlocks, SortedOnes) {
  Addresses addresses(500000);
  for (size_t i = 0; i < addresses.size(); ++i) addresses[i] = static_cast<uint32_t>(i * 8589);
  ExpectSorted(addresses, "ascending");
  std::ranges::reverse(addresses);
  ExpectSorted(addresses, "descending");
}

// Of some in each and of many; of the latter blocks are filled to any degree.
TEST(AddressBlocks, TakeThoseOfOthers) {
  std::mt19937 random(3);
  constexpr size_t kMany = AddressBlocks::kFew + 70'000;
  for (const std::vector<size_t>& sizes : std::vector<std::vector<size_t>>{{0, 0},
                                                                           {10, 20},
                                                                           {0, kMany},
                                                                           {kMany, 0},
                                                                           {5, kMany},
                                                                           {kMany, 5},
                                                                           {kMany, kMany},
                                                                           {kMany, 1000, kMany, kMany}}) {
    SCOPED_TRACE(testing::PrintToString(sizes));
    std::vector<AddressPool> pools(sizes.size());
    std::vector<AddressBlocks> blocks;
    Addresses wanted;
    for (size_t i = 0; i < sizes.size(); ++i) {
      AddressBlocks& some = blocks.emplace_back(&pools[i]);
      for (size_t n = 0; n < sizes[i]; ++n) {
        // Of two octets each has many, of the others some, a few or none.
        wanted.push_back(static_cast<uint32_t>(n % 4 == 0 ? random() >> (random() % 8) : random() % (2u << 24)));
        some.Add(wanted.back());
      }
    }
    for (AddressBlocks& other : std::span(blocks).subspan(1)) {
      blocks[0].Append(std::move(other));
      EXPECT_EQ(other.size(), 0u);  // NOLINT(bugprone-use-after-move): empty, as documented
    }
    EXPECT_EQ(blocks[0].size(), wanted.size());
    std::ranges::sort(wanted);
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    blocks[0].Sort(Order::kAscending);
    EXPECT_EQ(Of(blocks[0]), wanted);
  }
}

TEST(AddressBlocks, UseMemoryAgain) {
  constexpr size_t kAddresses = 300'000;
  constexpr size_t kBlocks = kAddresses / AddressPool::kBlock;
  AddressPool pool;
  for (int round = 0; round < 100; ++round) {
    AddressBlocks blocks(&pool);
    for (uint32_t i = 0; i < kAddresses; ++i) blocks.Add(i << 8);  // five octets
    blocks.Sort(Order::kAscending);
    for (const auto& chunk : blocks.chunks()) blocks.Free(chunk, pool);
  }
  EXPECT_GE(pool.blocks(), kBlocks);
  EXPECT_LE(pool.blocks(), 2 * kBlocks);
}

// A feed may have a thousand small parts.
TEST(AddressBlocks, TakeNoBlocksForAFew) {
  AddressPool pool;
  AddressBlocks blocks(&pool);
  for (uint32_t i = 0; i < 1500; ++i) blocks.Add(i * 2'863'311);
  blocks.Sort(Order::kAscending);
  EXPECT_EQ(blocks.size(), 1500u);
  EXPECT_EQ(pool.blocks(), 0u);
  for (const auto& chunk : blocks.chunks()) blocks.Free(chunk, pool);  // changes nothing
  EXPECT_EQ(pool.blocks(), 0u);
}

}  // namespace
}  // namespace rblitz
