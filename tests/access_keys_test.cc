#include "tables/access_keys.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace rblitz {
namespace {

AclDecision Of(AclAction action, ValueId value = kNotListed) { return {.action = action, .value = value}; }

TEST(AccessKeys, WithoutAnyNobodyHasOne) {
  AccessKeysBuilder builder;
  builder.set_unnamed(Of(AclAction::kRefuse));
  BuildReport report;
  const AccessKeys keys = builder.Build(nullptr, &report);
  EXPECT_EQ(keys.Find(""), nullptr);
  EXPECT_EQ(keys.Find("secret"), nullptr);
  EXPECT_EQ(keys.unnamed(), Of(AclAction::kRefuse));
  EXPECT_EQ(report.entries, 0u);
}

// Few keys that are much alike, given again and again.
TEST(AccessKeys, DecideAsAMapDoes) {
  constexpr uint64_t kSeed = 20261128;
  std::mt19937_64 random(kSeed);
  std::map<std::string, AclDecision> before;
  AccessKeys previous;
  for (int round = 0; round < 20; ++round) {
    AccessKeysBuilder builder;
    std::map<std::string, AclDecision> model;
    uint64_t duplicates = 0;
    for (uint64_t i = random() % 400; i > 0; --i) {
      const std::string key = std::string(1 + random() % 63, 'a') + std::to_string(random() % 4);
      if (key.size() > 63) continue;
      const AclDecision decision = Of(static_cast<AclAction>(random() % 5), static_cast<ValueId>(random() % 9));
      duplicates += !model.emplace(key, decision).second;  // the first counts
      builder.Add(key, decision);
    }
    uint64_t kept = 0;
    for (const auto& [key, decision] : model) kept += before.contains(key);
    BuildReport report;
    AccessKeys keys = builder.Build(&previous, &report);
    EXPECT_EQ(report.entries, model.size());
    EXPECT_EQ(report.duplicates, duplicates);
    EXPECT_EQ(report.added, model.size() - kept);
    EXPECT_EQ(report.removed, before.size() - kept);
    for (size_t size = 0; size < 64; ++size) {
      for (const char* tail : {"", "0", "1", "2", "3", "4"}) {
        const std::string key = std::string(size, 'a') + tail;
        const AclDecision* const found = keys.Find(key);
        const auto expected = model.find(key);
        ASSERT_EQ(found != nullptr, expected != model.end()) << key;
        if (found != nullptr) {
          EXPECT_EQ(*found, expected->second) << key;
        }
      }
    }
    EXPECT_GE(keys.bytes(), keys.entries());
    before = std::move(model);
    previous = std::move(keys);
  }
}

}  // namespace
}  // namespace rblitz
