// Tables that several threads lay out, for ThreadSanitizer to watch: what they say is compared in ip4_table_test.cc.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tables/ip4_builder.h"
#include "tables/ip4_table.h"

namespace rblitz {
namespace {

Ip4Table Build(uint32_t addresses, unsigned values, const Ip4Table* previous, BuildReport* report) {
  std::mt19937 random(1);
  Verdicts verdicts;
  Ip4Builder builder(Precedence::kPieces, &verdicts);
  const auto value = [&] {
    return verdicts.Intern({.a_be = 2 + static_cast<uint32_t>(random()) % values, .text = kNoText});
  };
  for (uint32_t i = 0; i < addresses; ++i) builder.Add(static_cast<uint32_t>(random()), value());
  for (uint32_t i = 0; i < 2000; ++i) {
    const uint32_t host = ~uint32_t{0} >> (9 + random() % 22);
    const auto near = static_cast<uint32_t>(random());
    builder.AddRange(near & ~host, near | host, random() % 8 == 0 ? kNotListed : value());
  }
  return builder.Build(previous, report);
}

TEST(Layout, OnSeveralThreads) {
  // Of the last, threads take memory that has been read, and parts of the table have borders within them.
  for (const uint32_t addresses : {90'000u, 400'000u, 2'000'000u}) {
    for (const unsigned values : {1u, 50u}) {
      if (addresses > 1'000'000 && values > 1) continue;  // which are not sorted by several
      SCOPED_TRACE(std::to_string(addresses) + " addresses, " + std::to_string(values) + " values");
      BuildReport report;
      const Ip4Table old = Build(addresses, values, nullptr, &report);
      EXPECT_EQ(report.added, old.entries());
      const Ip4Table table = Build(addresses, values, &old, &report);
      EXPECT_EQ(report.entries, old.entries());
      EXPECT_EQ(report.added, 0u);
      EXPECT_EQ(report.removed, 0u);
    }
  }
}

}  // namespace
}  // namespace rblitz
