#include "tables/fingerprints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tables/verdict.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;
using Model = std::map<uint64_t, uint32_t>;

Fingerprints Make(const Model& model, uint32_t max_number) {
  Fingerprints made(model.size(), max_number);
  for (const auto& [fingerprint, number] : model) made.Insert(fingerprint, number);
  made.Finish();
  return made;
}

// Batches of all sizes, in which what was inserted and what was not are mixed.
void ExpectBatchesAgree(const Fingerprints& made, const Model& model, Random& random) {
  std::vector<uint64_t> asked;
  for (const auto& [fingerprint, number] : model) {
    asked.push_back(fingerprint);
    asked.push_back(fingerprint ^ uint64_t{1} << random() % 64);
  }
  std::shuffle(asked.begin(), asked.end(), random);
  uint32_t numbers[kMaxBatch];
  for (size_t at = 0, size = 0; at < asked.size(); at += size) {
    size = std::min(1 + at % kMaxBatch, asked.size() - at);
    made.Find({&asked[at], size}, numbers);
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(numbers[i], made.Find(asked[at + i])) << std::hex << asked[at + i];
  }
}

void ExpectAgrees(const Fingerprints& made, const Model& model, Random& random) {
  if (model.size() <= 10000) {
    ASSERT_NO_FATAL_FAILURE(ExpectBatchesAgree(made, model, random));
  }
  for (const auto& [fingerprint, number] : model) {
    ASSERT_EQ(made.Find(fingerprint), number) << std::hex << fingerprint;
    // Next to it: the same bucket, another tag, which is known only if it was inserted too.
    for (const uint64_t other : {fingerprint + 1, fingerprint ^ uint64_t{1} << 31, fingerprint ^ uint64_t{1} << 32}) {
      const auto known = model.find(other);
      ASSERT_EQ(made.Find(other), known == model.end() ? 0 : known->second) << std::hex << other;
    }
  }
  for (int i = 0; i < 1000; ++i) {
    const uint64_t other = random();
    if (model.contains(other)) continue;
    ASSERT_EQ(made.Find(other), 0u);
  }
}

TEST(Fingerprints, FindWhatWasInsertedAndNothingElse) {
  for (const size_t count : {0u, 1u, 5u, 6u, 7u, 8u, 100u, 10000u, 300000u}) {
    for (const uint32_t numbers : {1u, 2u, 1000u, 1u << 20}) {
      SCOPED_TRACE(std::to_string(count) + " of " + std::to_string(numbers));
      Random random(count + numbers);
      Model model;
      while (model.size() < count) model.emplace(random(), 1 + static_cast<uint32_t>(random() % numbers));
      ASSERT_NO_FATAL_FAILURE(ExpectAgrees(Make(model, numbers), model, random));
    }
  }
}

// Most fingerprints come for a few buckets, the last ones among them: what has no room goes on, round the end.
TEST(Fingerprints, GoOnToOtherBucketsWhenTheirOwnIsFull) {
  for (const uint64_t high : {uint64_t{0}, uint64_t{0x80000000}, uint64_t{0xffffffff}}) {
    for (const size_t crowd : {8u, 50u, 500u}) {
      Random random(high + crowd);
      Model model;
      while (model.size() < crowd) model.emplace(high << 32 | static_cast<uint32_t>(random()), 7);
      while (model.size() < 1000) model.emplace(random(), 3);
      ASSERT_NO_FATAL_FAILURE(ExpectAgrees(Make(model, 9), model, random)) << high << " " << crowd;
    }
  }
}

// 48-bit slots need so many buckets that those say the bits which the slot lacks: of a fingerprint nothing is lost.
TEST(Fingerprints, TakeNarrowSlotsOnlyWhereAllBitsAreKept) {
  for (const size_t count : {1000000u, 2300000u}) {
    Random random(1);
    std::vector<uint64_t> all(count);
    for (uint64_t& fingerprint : all) fingerprint = random();
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    const auto number_of = [](uint64_t fingerprint) { return static_cast<uint32_t>(1 + fingerprint % 3); };
    Fingerprints made(all.size(), 3);
    for (const uint64_t fingerprint : all) made.Insert(fingerprint, number_of(fingerprint));
    made.Finish();
    EXPECT_EQ(made.tag_bits(), count > 2000000 ? 46u : 62u);
    for (const uint64_t fingerprint : all) ASSERT_EQ(made.Find(fingerprint), number_of(fingerprint));
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(made.Find(random()), 0u);
    for (size_t at = 0; at + kMaxBatch <= all.size(); at += kMaxBatch) {
      uint32_t numbers[kMaxBatch];
      made.Find({&all[at], kMaxBatch}, numbers);
      for (size_t i = 0; i < kMaxBatch; ++i) ASSERT_EQ(numbers[i], number_of(all[at + i]));
    }
  }
}

}  // namespace
}  // namespace rblitz
