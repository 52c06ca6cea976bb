// Each kernel of ip4_kernels.h against the plain way: on lines and maps of random and of extreme words, and in tables.
#include "tables/ip4_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tables/ip4_singles.h"

namespace rblitz {
namespace {

constexpr size_t kCount = Ip4Singles::kMaxCount;
constexpr uint32_t kUntouched = 0xdeadbeef;

struct alignas(Ip4Singles::kLine) Line {
  uint8_t bytes[Ip4Singles::kLine];
};

// What one probe says, slot by slot as ip4_singles.h describes a bucket.
struct Probe {
  uint32_t value = 0;
  bool gone_on = false;
};

Probe ProbeOf(const Ip4Comparison& comparison, const uint8_t* line, uint16_t tag) {
  std::vector<uint16_t> tags(comparison.slots);
  std::memcpy(tags.data(), line, 2 * tags.size());
  const bool spills = tags[0] > tags[1];
  for (size_t slot = 0; slot < tags.size() - (spills ? 1 : 0); ++slot) {
    if (tags[slot] != tag) continue;
    uint32_t value = comparison.common;
    if (comparison.value_bytes != 0) {
      value = 0;
      std::memcpy(&value, line + 2 * tags.size() + comparison.value_bytes * slot, comparison.value_bytes);
    }
    return {.value = value};
  }
  return {.gone_on = spills && (tags.back() >> (tag & 15) & 1) != 0};
}

class EveryIp4Kernel : public testing::TestWithParam<const Ip4Kernel*> {
 protected:
  void SetUp() override {
    if (!GetParam()->supported()) GTEST_SKIP() << "this processor has no " << GetParam()->name;
  }

  uint32_t Draw() { return static_cast<uint32_t>(random_()); }
  // Every few times one of the ends, or a number of few bits: what comparisons of signed numbers would take wrongly.
  uint32_t DrawEdge() {
    constexpr std::array kEdges = {0u, 1u, 0x7fffu, 0x8000u, 0xffffu, 0x7fffffffu, 0x80000000u, 0xffffffffu};
    return random_() % 3 == 0 ? kEdges[random_() % kEdges.size()] : random_() % 3 == 0 ? Draw() % 4 : Draw();
  }
  Line DrawLine() {
    Line line;
    for (size_t at = 0; at < sizeof line; at += 2) {
      const auto word = static_cast<uint16_t>(DrawEdge());
      std::memcpy(line.bytes + at, &word, 2);
    }
    if (random_() % 4 == 0) std::memset(line.bytes, static_cast<int>(random_() % 2 * 0xff), sizeof line);
    return line;
  }
  void ExpectFinds(const Ip4Comparison& comparison);
  void ExpectChooses(const Ip4Choice& choice, const std::vector<uint32_t>& addresses);

  std::mt19937_64 random_{20261129};
};

void EveryIp4Kernel::ExpectFinds(const Ip4Comparison& comparison) {
  std::array<Line, kCount> drawn;
  const uint8_t* lines[kCount];
  uint32_t permuted[kCount];
  for (size_t i = 0; i < kCount; ++i) {
    drawn[i] = DrawLine();
    lines[i] = drawn[i].bytes;
    uint16_t tag;
    std::memcpy(&tag, lines[i] + 2 * (random_() % comparison.slots), sizeof tag);  // there, as often as not
    permuted[i] = random_() % 2 == 0 ? Draw() << 16 | tag : DrawEdge();
  }
  const uint64_t which = random_() | random_();
  for (size_t count = 0; count <= kCount; count += kIp4KernelStep) {
    std::vector<uint32_t> values(kCount, kUntouched);
    const uint8_t* const* const fetch = count % (2 * kIp4KernelStep) == 0 ? lines : nullptr;
    const uint64_t gone_on = GetParam()->find(comparison, permuted, lines, count, which, values.data(), fetch);
    for (size_t i = 0; i < kCount; ++i) {
      const bool asked = i < count && (which >> i & 1) != 0;
      const Probe probe = ProbeOf(comparison, lines[i], static_cast<uint16_t>(permuted[i]));
      ASSERT_EQ(values[i], asked ? probe.value : kUntouched) << comparison.slots << " slots, " << i;
      ASSERT_EQ((gone_on >> i & 1) != 0, asked && probe.gone_on) << comparison.slots << " slots, " << i;
    }
  }
}

TEST_P(EveryIp4Kernel, FindsWhatReadingSlotBySlotFinds) {
  for (unsigned round = 0; round < 300; ++round) {
    for (const Ip4Comparison& comparison : {Ip4Comparison{.slots = 32, .value_bytes = 0, .common = 1 + Draw() % 1000},
                                            Ip4Comparison{.slots = 16, .value_bytes = 2, .common = 0},
                                            Ip4Comparison{.slots = 10, .value_bytes = 4, .common = 0}}) {
      ASSERT_NO_FATAL_FAILURE(ExpectFinds(comparison));
    }
  }
}

void EveryIp4Kernel::ExpectChooses(const Ip4Choice& choice, const std::vector<uint32_t>& addresses) {
  const Ip4Permutation permute(uint64_t{choice.seeds[1]} << 32 | choice.seeds[0]);
  uint32_t permuted[kCount] = {};
  const uint8_t* lines[kCount] = {};
  uint64_t singles = ~uint64_t{0};
  uint64_t furthers = ~uint64_t{0};
  GetParam()->choose(choice, addresses.data(), addresses.size(), permuted, lines, &singles, &furthers);
  for (size_t i = 0; i < kCount; ++i) {
    if (i >= addresses.size()) {
      ASSERT_EQ(lines[i], nullptr) << i;
      ASSERT_EQ((singles | furthers) >> i & 1, 0u) << i;
      continue;
    }
    const uint32_t network = addresses[i] >> choice.coarse_shift;
    const uint64_t code = choice.coarse[network / 32] >> (network % 32 * 2) & 3;
    const uint32_t x = permute(addresses[i]);
    ASSERT_EQ(permuted[i], x);
    ASSERT_EQ(singles >> i & 1, code & 1) << std::hex << addresses[i];
    ASSERT_EQ(furthers >> i & 1, code >> 1) << std::hex << addresses[i];
    const uint64_t bucket = uint64_t{x} * choice.buckets >> 32;
    ASSERT_EQ(lines[i], (code & 1) != 0 ? choice.lines + bucket * Ip4Singles::kLine : choice.nowhere);
  }
}

TEST_P(EveryIp4Kernel, ChoosesAsThePlainWayDoes) {
  std::vector<uint64_t> coarse(size_t{1} << 13);
  const Line somewhere{};
  for (unsigned round = 0; round < 300; ++round) {
    for (uint64_t& word : coarse) word = round % 3 == 0 ? random_() : round % 3 == 1 ? ~uint64_t{0} : 0;
    const Ip4Choice choice = {.seeds = {DrawEdge(), DrawEdge()},
                              .buckets = round % 8 == 0 ? ~0u : 1 + Draw() % 2'000'000,
                              .coarse_shift = 14,
                              .lines = somewhere.bytes,
                              .nowhere = Ip4Singles::kNowhere,
                              .coarse = coarse.data()};
    for (size_t count = 0; count <= kCount; count += kIp4KernelStep) {
      std::vector<uint32_t> addresses(count);
      for (uint32_t& address : addresses) address = DrawEdge();
      ASSERT_NO_FATAL_FAILURE(ExpectChooses(choice, addresses));
    }
  }
}

// Of tables as they are built. Fewer addresses than a kernel's step are always found the plain way.
TEST_P(EveryIp4Kernel, FindsInTablesWhatThePlainWayFindsOneByOne) {
  for (const auto& [max_value, slots, value_bytes] :
       {std::tuple(1u, 32u, 0u), std::tuple(500u, 16u, 2u), std::tuple(100000u, 10u, 4u)}) {
    constexpr uint64_t kPlanned = 10'000'000;  // so many have tags of 16 bits
    Ip4Singles singles(kPlanned, max_value, value_bytes == 0 ? 1 : kNotListed);
    std::vector<uint32_t> listed;
    for (uint32_t i = 0; i < 200'000; ++i) listed.push_back(i * 0x9e3779b1u >> (i % 2 == 0 ? 0 : 12));
    std::sort(listed.begin(), listed.end());
    listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
    for (const uint32_t permuted : listed) singles.Count(permuted);
    singles.Plan();
    for (const uint32_t permuted : listed) singles.Insert(permuted, 1 + permuted % max_value);
    singles.Finish();
    const Ip4Comparison comparison = {slots, value_bytes, value_bytes == 0 ? 1u : 0u};
    size_t found = 0;
    size_t further = 0;
    for (size_t at = 0; at + kCount <= listed.size(); at += kCount) {
      uint32_t permuted[kCount];
      const uint8_t* lines[kCount];
      uint32_t values[kCount];
      for (size_t i = 0; i < kCount; ++i) {
        permuted[i] = listed[at + i] + static_cast<uint32_t>(i % 4 == 0);
        lines[i] = singles.LineOf(permuted[i]);
      }
      const uint64_t gone_on = GetParam()->find(comparison, permuted, lines, kCount, ~uint64_t{0}, values, nullptr);
      further += static_cast<size_t>(std::popcount(gone_on));
      for (size_t i = 0; i < kCount; ++i) {
        if ((gone_on >> i & 1) != 0) continue;
        uint32_t plain = kUntouched;
        singles.Find(permuted + i, lines + i, 1, 1, &plain);
        ASSERT_EQ(values[i], plain) << slots << " slots, " << permuted[i];
        found += plain != kNotListed;
      }
    }
    EXPECT_GT(found, listed.size() / 3);
    EXPECT_GT(further, 0u);
  }
}

std::string NameOf(const testing::TestParamInfo<const Ip4Kernel*>& info) { return std::string(info.param->name); }

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EveryIp4Kernel);
INSTANTIATE_TEST_SUITE_P(Ip4Kernels, EveryIp4Kernel, testing::ValuesIn(Ip4Kernels().begin(), Ip4Kernels().end()),
                         NameOf);

TEST(Ip4Kernels, BestIsTheLastThatThisProcessorHasOrNone) {
  const Ip4Kernel* last = nullptr;
  for (const Ip4Kernel* const kernel : Ip4Kernels()) {
    if (kernel->supported()) last = kernel;
  }
  EXPECT_EQ(BestIp4Kernel(), last);
}

}  // namespace
}  // namespace rblitz
