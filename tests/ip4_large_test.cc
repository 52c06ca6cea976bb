// Ip4Table with ten million addresses: what an entry costs, and every way to look them up.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tables/ip4_builder.h"
#include "tables/ip4_table.h"
#include "tests/sanitizers.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;

struct List {
  ValueId Value(uint32_t a) { return verdicts.Intern({.a_be = a, .text = kNoText}); }
  Ip4Table Build() { return builder.Build(nullptr, &report); }

  Verdicts verdicts;
  Ip4Builder builder{Precedence::kPieces, &verdicts};
  Ip4BuildReport report;
};

// P3: bytes an entry at 10 million random addresses, and the answers of a sample of them.
TEST(Ip4Large, TenMillionAddressesTakeAtMostThreeBytesEachWithOneValueAndSixWithMany) {
  SKIP_UNDER_ADDRESS_SANITIZER();
  for (const bool many_values : {false, true}) {
    Random random(7);
    List list;
    std::vector<uint32_t> sample;
    for (uint32_t i = 0; i < 10000000; ++i) {
      const auto address = static_cast<uint32_t>(random());
      list.builder.Add(address, list.Value(many_values ? 2 + address % 250 : 2));
      if (i % 1000 == 0) sample.push_back(address);
    }
    const Ip4Table table = list.Build();
    const double bytes = static_cast<double>(table.bytes()) / static_cast<double>(table.entries());
    RecordProperty("bytes_an_entry", std::to_string(bytes));
    EXPECT_LE(bytes, many_values ? 6.0 : 3.0);
    for (const uint32_t address : sample) {
      const auto verdicts = list.verdicts.at(table.Lookup(address));
      ASSERT_EQ(verdicts.size(), 1u);
      ASSERT_EQ(verdicts.front().a_be, many_values ? 2 + address % 250 : 2);
    }
    EXPECT_EQ(table.addresses(), table.entries());
  }
}

TEST(Ip4Large, TenThousandRandomQuestionsAgreeWithASetOfTenMillion) {
  SKIP_UNDER_ADDRESS_SANITIZER();
  Random random(11);
  List list;
  std::vector<uint32_t> listed(10000000);
  for (uint32_t& address : listed) {
    address = static_cast<uint32_t>(random());
    list.builder.Add(address, list.Value(2));
  }
  const Ip4Table table = list.Build();
  std::sort(listed.begin(), listed.end());
  std::vector<uint32_t> questions(10000);
  for (uint32_t& question : questions) {
    question = random() % 2 == 0 ? listed[random() % listed.size()] : static_cast<uint32_t>(random());
  }
  std::vector<ValueId> values(questions.size());
  const auto expect_right = [&](const char* way) {
    for (size_t i = 0; i < questions.size(); ++i) {
      ASSERT_EQ(values[i] != kNotListed, std::binary_search(listed.begin(), listed.end(), questions[i])) << way;
    }
  };
  for (size_t at = 0; at < questions.size(); at += kMaxBatch) {
    table.LookupBatch(std::span(questions).subspan(at, std::min(kMaxBatch, questions.size() - at)), &values[at]);
  }
  ASSERT_NO_FATAL_FAILURE(expect_right("in batches"));
  std::fill(values.begin(), values.end(), ~ValueId{0});
  table.LookupMany(questions, values.data());
  expect_right("all together");
}

}  // namespace
}  // namespace rblitz
