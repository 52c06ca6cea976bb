// Addresses each of which asks a table of its own, beside asking each table alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "tables/ip4_builder.h"
#include "tables/ip4_table.h"
#include "tests/sanitizers.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;

// So many addresses with so many values, half of them anywhere, half below a /12 with parts of /24s among them.
Ip4Table MakeTable(Random& random, size_t addresses, uint32_t values) {
  Verdicts verdicts;
  std::vector<ValueId> ids;
  for (uint32_t a = 1; a <= values; ++a) ids.push_back(verdicts.Intern({.a_be = a, .text = kNoText}));
  Ip4Builder builder(Precedence::kPieces, &verdicts);
  for (size_t i = 0; i < addresses; ++i) {
    const auto address = static_cast<uint32_t>(random());
    builder.Add(i % 2 == 0 ? address : address >> 12, ids[random() % ids.size()]);
    if (i % 64 == 0) builder.AddRange(address >> 12 & ~0xffu, address >> 12 | 0x7f, ids[random() % ids.size()]);
  }
  Ip4BuildReport report;
  return builder.Build(nullptr, &report);
}

TEST(Ip4Each, AnswersWhatEachTableAnswersAlone) {
  Random random(5);
  std::vector<Ip4Table> tables;
  for (const size_t addresses : {0u, 1u, 300u, 200'000u}) {
    for (const uint32_t values : {1u, 3u, 70'000u}) tables.push_back(MakeTable(random, addresses, values));
  }
  if (!kAddressSanitizer) {  // large enough for narrow tags
    for (const uint32_t values : {1u, 3u, 70'000u}) tables.push_back(MakeTable(random, 8'000'000, values));
  }
  for (int batch = 0; batch < 20'000; ++batch) {
    const size_t count = random() % (kMaxBatch + 1);
    const Ip4Table* asked[kMaxBatch];
    uint32_t addresses[kMaxBatch];
    for (size_t i = 0; i < count; ++i) {
      asked[i] = &tables[random() % tables.size()];
      addresses[i] = static_cast<uint32_t>(random()) >> (random() % 2 == 0 ? 0 : 12);
    }
    uint32_t permuted[kMaxBatch];
    const uint8_t* lines[kMaxBatch];
    ValueId values[kMaxBatch];
    Ip4Cursor cursor{.permuted = permuted, .lines = lines};
    const Ip4Table::Each each(asked, count);
    Ip4Table::SortEach(each, {addresses, count}, cursor, values);
    Ip4Table::LocateEach(each, {addresses, count}, cursor, values);
    Ip4Table::FindEach(each, cursor, values);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(values[i], asked[i]->Lookup(addresses[i])) << addresses[i];
  }
}

}  // namespace
}  // namespace rblitz
