#include "tables/address_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace rblitz {
namespace {

void ExpectSorted(AddressArray addresses, const char* what) {
  std::vector<uint32_t> wanted(addresses.begin(), addresses.end());
  std::sort(wanted.begin(), wanted.end());
  SortAddresses(addresses);
  EXPECT_TRUE(std::equal(addresses.begin(), addresses.end(), wanted.begin(), wanted.end()))
      << what << ", " << wanted.size() << " addresses";
}

TEST(SortAddresses, AnyNumberOfThem) {
  std::mt19937 random(1);
  for (const size_t size : {0u, 1u, 2u, 95u, 97u, 1000u, 65535u, 65536u, 65537u, 300001u, 2000003u}) {
    AddressArray addresses(size);
    for (uint32_t& address : addresses) address = static_cast<uint32_t>(random());
    ExpectSorted(addresses, "random");
  }
}

TEST(SortAddresses, OfFewNetworks) {
  std::mt19937 random(2);
  AddressArray addresses(700000);
  for (uint32_t& address : addresses) address = 0x0a000000 | static_cast<uint32_t>(random() & 0xffffff);
  ExpectSorted(addresses, "one /8");
  for (uint32_t& address : addresses) address = static_cast<uint32_t>((random() % 3) << 31 | (random() & 255));
  ExpectSorted(addresses, "many duplicates");
  std::fill(addresses.begin(), addresses.end(), 0xffffffff);
  ExpectSorted(addresses, "all the same");
}

TEST(SortAddresses, SortedOnes) {
  AddressArray addresses(500000);
  for (size_t i = 0; i < addresses.size(); ++i) addresses[i] = static_cast<uint32_t>(i * 8589);
  ExpectSorted(addresses, "ascending");
  std::reverse(addresses.begin(), addresses.end());
  ExpectSorted(addresses, "descending");
}

}  // namespace
}  // namespace rblitz
