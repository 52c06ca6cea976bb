#include "tables/address_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

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

  const auto keep = [](uint32_t address) { return address % 3 == 0; };
  ascending.Filter(keep);
  std::erase_if(wanted, [&](uint32_t address) { return !keep(address); });
  EXPECT_EQ(Of(ascending), wanted) << what;
  AddressCursor cursor(ascending);
  for (const uint32_t address : wanted) {
    ASSERT_TRUE(cursor.more());
    ASSERT_EQ(*cursor, address);
    ++cursor;
  }
  EXPECT_FALSE(cursor.more());
  EXPECT_EQ(cursor.behind(), ascending.chunks().size());
}

TEST(AddressBlocks, AnyNumberOfThem) {
  std::mt19937 random(1);
  for (const size_t size : {0u, 1u, 2u, 1000u, 65535u, 65536u, 262144u, 300001u, 2000003u}) {
    Addresses addresses(size);
    for (uint32_t& address : addresses) address = static_cast<uint32_t>(random());
    ExpectSorted(addresses, "random");
  }
}

TEST(AddressBlocks, OfFewNetworks) {
  std::mt19937 random(2);
  Addresses addresses(700000);
  for (uint32_t& address : addresses) address = 0x0a000000 | static_cast<uint32_t>(random() & 0xffffff);
  ExpectSorted(addresses, "one /8");
  for (uint32_t& address : addresses) address = static_cast<uint32_t>((random() % 3) << 31 | (random() & 255));
  ExpectSorted(addresses, "many duplicates");
  std::ranges::fill(addresses, 0xffffffff);
  ExpectSorted(addresses, "all the same");
  for (const size_t size : {1023u, 1024u, 1025u, 2048u}) {
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

TEST(AddressBlocks, UseMemoryAgain) {
  AddressPool pool;
  for (int round = 0; round < 100; ++round) {
    AddressBlocks blocks(&pool);
    for (uint32_t i = 0; i < 100'000; ++i) blocks.Add(i << 8);  // two octets
    blocks.Sort(Order::kAscending);
    for (const auto& chunk : blocks.chunks()) blocks.Free(chunk);
  }
  EXPECT_GE(pool.blocks(), 98u);
  EXPECT_LE(pool.blocks(), 200u);
}

// A feed may have a thousand small parts.
TEST(AddressBlocks, TakeNoBlocksForAFew) {
  AddressPool pool;
  AddressBlocks blocks(&pool);
  for (uint32_t i = 0; i < 1500; ++i) blocks.Add(i * 2'863'311);
  blocks.Sort(Order::kAscending);
  EXPECT_EQ(blocks.size(), 1500u);
  EXPECT_EQ(pool.blocks(), 0u);
  for (const auto& chunk : blocks.chunks()) blocks.Free(chunk);  // changes nothing
  EXPECT_EQ(pool.blocks(), 0u);
}

}  // namespace
}  // namespace rblitz
