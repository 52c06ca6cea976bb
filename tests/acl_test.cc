#include "tables/acl.h"

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace rblitz {

void PrintTo(const AclDecision& decision, std::ostream* out) {
  *out << static_cast<int>(decision.action) << ":" << decision.value;
}

namespace {

constexpr AclDecision kPass{};
constexpr AclDecision kRefuse{.action = AclAction::kRefuse};
constexpr AclDecision kIgnore{.action = AclAction::kIgnore};

Ip6Address Mapped(uint32_t address) { return {.high = 0, .low = kV4MappedLow | address}; }

Acl Build(AclBuilder& builder, const Acl* previous = nullptr, BuildReport* report = nullptr) {
  BuildReport ignored;
  return builder.Build(previous, report != nullptr ? report : &ignored);
}

TEST(Acl, WithoutPrefixesDecidesTheSameForAll) {
  AclBuilder passes;
  const Acl acl = Build(passes);
  EXPECT_TRUE(acl.same_for_all());
  EXPECT_EQ(acl.Decide(Mapped(1)), kPass);
  AclBuilder refuses(kRefuse);
  const Acl closed = Build(refuses);
  EXPECT_TRUE(closed.same_for_all());
  EXPECT_EQ(closed.Decide({1, 2}), kRefuse);
}

TEST(Acl, LongestPrefixDecidesAndOfEqualOnesTheFirst) {
  AclBuilder builder(kRefuse);
  const AclDecision seven{.action = AclAction::kAnswer, .value = 7};
  const AclDecision eight{.action = AclAction::kAnswer, .value = 8};
  builder.Add(0x0a000000, 0x0affffff, kPass);
  builder.Add(0x0a010000, 0x0a01ffff, seven);
  builder.Add(0x0a010000, 0x0a01ffff, kIgnore);
  builder.Add(0x0a010203, 0x0a010203, eight);
  builder.Add({{0x20010db800000000, 0}, 32}, kPass);
  builder.Add({{0x20010db800000000, 5}, 128}, kIgnore);
  BuildReport report;
  const Acl acl = Build(builder, nullptr, &report);
  EXPECT_FALSE(acl.same_for_all());
  EXPECT_EQ(acl.Decide(Mapped(0x0a020000)), kPass);
  EXPECT_EQ(acl.Decide(Mapped(0x0a010202)), seven);
  EXPECT_EQ(acl.Decide(Mapped(0x0a010203)), eight);
  EXPECT_EQ(acl.Decide(Mapped(0x0b000000)), kRefuse);
  EXPECT_EQ(acl.Decide({0x20010db800000000, 4}), kPass);
  EXPECT_EQ(acl.Decide({0x20010db800000000, 5}), kIgnore);
  EXPECT_EQ(acl.Decide({0x20010db900000000, 5}), kRefuse);
  EXPECT_EQ(report.entries, 5u);
  EXPECT_EQ(report.duplicates, 1u);
}

TEST(Acl, Ipv4ClientsObeyIpv4PrefixesOnly) {
  AclBuilder builder;
  builder.Add({{0, 0}, 0}, kRefuse);
  builder.Add({Mapped(0x0a000000), 104}, kIgnore);
  const Acl acl = Build(builder);
  EXPECT_EQ(acl.Decide(Mapped(0x0a123456)), kIgnore);
  EXPECT_EQ(acl.Decide(Mapped(0x0b123456)), kPass);
  EXPECT_EQ(acl.Decide({0, 1}), kRefuse);
  EXPECT_EQ(acl.Decide({0, 0x0a123456}), kRefuse);
}

TEST(Acl, BatchesOfBothFamiliesAgreeWithANaiveModel) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    AclBuilder builder(kRefuse);
    std::map<Ip6Prefix, AclDecision> model;
    const auto some_address = [&random] {
      const auto bits = static_cast<uint32_t>(random() & 0xff0000ff);
      return random() % 2 == 0 ? Mapped(bits) : Ip6Address{uint64_t{0x20000000} << 32 | bits, random() & 3};
    };
    for (int i = 0; i < 60; ++i) {
      const Ip6Address at = some_address();
      const auto length = static_cast<uint8_t>(IsV4Mapped(at) ? 97 + random() % 32 : 1 + random() % 128);
      const Ip6Address host = HostBits(length);
      const Ip6Prefix prefix{{at.high & ~host.high, at.low & ~host.low}, length};
      const AclDecision decision{.action = static_cast<AclAction>(random() % 5),
                                 .value = static_cast<ValueId>(random() % 3)};
      builder.Add(prefix, decision);
      model.try_emplace(prefix, decision);
    }
    const Acl acl = Build(builder);
    EXPECT_EQ(acl.entries(), model.size());
    std::vector<Ip6Address> clients;
    for (size_t i = 0; i < kMaxBatch; ++i) clients.push_back(some_address());
    AclDecision decisions[kMaxBatch];
    acl.DecideBatch(clients, decisions);
    for (size_t i = 0; i < clients.size(); ++i) {
      AclDecision expected = kRefuse;
      int longest = -1;
      for (const auto& [prefix, decision] : model) {
        const Ip6Address host = HostBits(prefix.length);
        const Ip6Address network{clients[i].high & ~host.high, clients[i].low & ~host.low};
        const bool own_family = IsV4Mapped(clients[i]) == (prefix.length >= 96 && IsV4Mapped(prefix.address));
        if (!own_family || network != prefix.address || prefix.length <= longest) continue;
        longest = prefix.length;
        expected = decision;
      }
      ASSERT_EQ(decisions[i], expected);
    }
  }
}

TEST(Acl, CountsWhatCameAndWent) {
  AclBuilder before;
  before.Add(0, 0xff, kPass);
  before.Add({{1, 0}, 64}, kPass);
  const Acl old = Build(before);
  AclBuilder after;
  after.Add(0, 0xff, kRefuse);
  after.Add({{2, 0}, 64}, kPass);
  after.Add({{3, 0}, 65}, kPass);
  BuildReport report;
  const Acl acl = Build(after, &old, &report);
  EXPECT_EQ(report.added, 2u);
  EXPECT_EQ(report.removed, 1u);
}

}  // namespace
}  // namespace rblitz
