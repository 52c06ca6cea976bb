#include "tables/ip4_singles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/sanitizers.h"

namespace rblitz {
namespace {

constexpr ValueId kUntouched = 77777777;

// In batches of all sizes, so that kernels take the whole steps and the plain way the rest.
std::vector<ValueId> FindAll(const Ip4Singles& singles, const std::vector<uint32_t>& permuted) {
  std::vector<ValueId> values(permuted.size(), kUntouched);
  size_t batch = 0;
  for (size_t at = 0; at < permuted.size(); at += batch) {
    batch = std::min(batch % Ip4Singles::kMaxCount + 1, permuted.size() - at);
    const uint8_t* lines[Ip4Singles::kMaxCount];
    for (size_t i = 0; i < batch; ++i) lines[i] = singles.LineOf(permuted[at + i]);
    singles.Find(&permuted[at], lines, batch, ~uint64_t{0} >> (Ip4Singles::kMaxCount - batch), &values[at]);
  }
  return values;
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
  std::vector<uint32_t> asked;
  for (const auto& [permuted, value] : model) asked.push_back(permuted);
  // Slots that nobody wrote to hold zeros: they must not be taken for addresses whose tag is 0.
  for (uint32_t k = 0; k < 65536; ++k) asked.push_back(k << 16);
  for (size_t i = 0; i < 300000; ++i) asked.push_back(static_cast<uint32_t>(random()) >> (i % 2 == 0 ? 0 : 14));
  const std::vector<ValueId> values = FindAll(singles, asked);
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto known = model.find(asked[i]);
    ASSERT_EQ(values[i], known == model.end() ? kNotListed : known->second) << asked[i];
  }
}

// As several threads would, each with buckets of its own, in any order of these.
TEST_P(Ip4SinglesShape, IsFilledInPartsAsWell) {
  const auto [count, max_value, one_value] = GetParam();
  std::mt19937_64 random(count + 1);
  std::set<uint32_t> model;
  while (model.size() < std::min<uint64_t>(count, 300000)) {
    model.insert(static_cast<uint32_t>(random()) >> (model.size() % 2 == 0 ? 0 : 14));
  }
  Ip4Singles singles(count, max_value, one_value ? max_value : kNotListed);
  const std::vector<uint32_t> sorted(model.begin(), model.end());
  constexpr size_t kParts = 7;
  std::vector<size_t> ends(kParts - 1);
  for (size_t& end : ends) end = random() % (sorted.size() + 1);
  ends.push_back(sorted.size());
  std::ranges::sort(ends);
  struct Part {
    std::span<const uint32_t> permuted;
    Ip4Singles::Own own;
  };
  std::vector<Part> parts;
  for (size_t from = 0; const size_t end : ends) {
    if (from == end) continue;
    parts.push_back({.permuted = std::span(sorted).subspan(from, end - from),
                     .own = {.first = from == 0 ? 0 : singles.BucketOf(sorted[from]) + 1,
                             .end = end == sorted.size() ? singles.all_buckets() : singles.BucketOf(sorted[end]) + 1}});
    from = end;
  }
  std::ranges::shuffle(parts, random);
  std::vector<uint32_t> others;
  for (const auto& [permuted, own] : parts) singles.CountOwn(own, permuted, others);
  EXPECT_LT(others.size(), sorted.size() / 2);
  for (const uint32_t other : std::exchange(others, {})) singles.Count(other);
  singles.Plan();
  for (const auto& [permuted, own] : parts) singles.InsertOwn(own, permuted, max_value, others);
  for (const uint32_t other : others) singles.Insert(other, max_value);
  singles.Finish();
  std::vector<uint32_t> asked = sorted;
  for (size_t i = 0; i < 300000; ++i) asked.push_back(static_cast<uint32_t>(random()) >> (i % 2 == 0 ? 0 : 14));
  const std::vector<ValueId> values = FindAll(singles, asked);
  for (size_t i = 0; i < asked.size(); ++i) {
    ASSERT_EQ(values[i], model.contains(asked[i]) ? max_value : kNotListed) << asked[i];
  }
}

TEST_P(Ip4SinglesShape, LeavesValuesOfOthersAlone) {
  const auto [count, max_value, one_value] = GetParam();
  Ip4Singles singles(count, max_value, one_value ? max_value : kNotListed);
  std::vector<uint32_t> permuted(Ip4Singles::kMaxCount);
  for (uint32_t i = 0; i < permuted.size(); ++i) permuted[i] = i * 0x3f00001u;
  for (const uint32_t at : permuted) singles.Count(at);
  singles.Plan();
  for (const uint32_t at : permuted) singles.Insert(at, max_value);
  singles.Finish();
  const uint64_t which = 0xfedc'0123'8001'7ffe;
  const uint8_t* lines[Ip4Singles::kMaxCount];
  for (size_t i = 0; i < permuted.size(); ++i) {
    lines[i] = (which >> i & 1) != 0 ? singles.LineOf(permuted[i]) : Ip4Singles::kNowhere;
  }
  std::vector<ValueId> values(permuted.size(), kUntouched);
  singles.Find(permuted.data(), lines, permuted.size(), which, values.data());
  for (size_t i = 0; i < permuted.size(); ++i) {
    EXPECT_EQ(values[i], (which >> i & 1) != 0 ? max_value : kUntouched) << i;
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
  for (uint64_t address = 0; address < uint64_t{1} << 32; address += UnlessAsan(257, 4099)) {
    const uint32_t permuted = permute(static_cast<uint32_t>(address));
    ASSERT_FALSE(seen[permuted]);
    seen[permuted] = true;
  }
}

}  // namespace
}  // namespace rblitz
