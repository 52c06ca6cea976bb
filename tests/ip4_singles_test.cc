#include "tables/ip4_singles.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>
#include <vector>

namespace rblitz {
namespace {

ValueId FindOne(const Ip4Singles& singles, uint32_t permuted) {
  const uint8_t index = 0;
  ValueId value = 77;
  const uint32_t bucket = singles.BucketOf(permuted);
  singles.Find(&permuted, &bucket, &index, 1, &value);
  return value;
}

// Count, largest value, one value for all: together they pick each of the six shapes.
class Ip4SinglesShape : public testing::TestWithParam<std::tuple<uint64_t, ValueId, bool>> {};

TEST_P(Ip4SinglesShape, FindsWhatWasInsertedAndNothingElse) {
  const auto [count, max_value, one_value] = GetParam();
  std::mt19937_64 random(count);
  std::map<uint32_t, ValueId> model;
  Ip4Singles singles(count, max_value, one_value ? max_value : kNotListed);
  while (model.size() < std::min<uint64_t>(count, 300000)) {
    // Half of them crowd into few buckets, so that chains and stragglers come up.
    const uint32_t permuted = static_cast<uint32_t>(random()) >> (model.size() % 2 == 0 ? 0 : 14);
    const ValueId value = one_value ? max_value : 1 + static_cast<ValueId>(random()) % max_value;
    model.emplace(permuted, value);
  }
  for (const auto& [permuted, value] : model) singles.Count(permuted);
  singles.Plan();
  for (const auto& [permuted, value] : model) singles.Insert(permuted, value);
  singles.Finish();
  for (const auto& [permuted, value] : model) ASSERT_EQ(FindOne(singles, permuted), value);
  // Slots that nobody wrote to hold zeros: they must not be taken for addresses whose tag is 0.
  for (uint32_t k = 0; k < 65536; ++k) {
    const auto known = model.find(k << 16);
    ASSERT_EQ(FindOne(singles, k << 16), known == model.end() ? kNotListed : known->second) << k;
  }
  for (size_t i = 0; i < 300000; ++i) {
    const uint32_t permuted = static_cast<uint32_t>(random()) >> (i % 2 == 0 ? 0 : 14);
    const auto known = model.find(permuted);
    ASSERT_EQ(FindOne(singles, permuted), known == model.end() ? kNotListed : known->second) << permuted;
  }
}

INSTANTIATE_TEST_SUITE_P(AllShapes, Ip4SinglesShape,
                         testing::Values(std::tuple(10, 1, true), std::tuple(70000, 1, true),
                                         std::tuple(70000, 500, false), std::tuple(70000, 100000, false),
                                         std::tuple(10000000, 1, true), std::tuple(10000000, 500, false),
                                         std::tuple(10000000, 100000, false)));

TEST(Ip4Permutation, IsABijectionOnALargeSample) {
  const Ip4Permutation permute(0x123456789abcdef);
  std::vector<bool> seen(size_t{1} << 32);
  for (uint64_t address = 0; address < uint64_t{1} << 32; address += 257) {
    const uint32_t permuted = permute(static_cast<uint32_t>(address));
    ASSERT_FALSE(seen[permuted]);
    seen[permuted] = true;
  }
}

}  // namespace
}  // namespace rblitz
