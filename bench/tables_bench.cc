// P3, our own part: lookups in the IPv4 table, questions half of which are listed; peers' tables are in
// tables_peers.cc.
//
// BM_Ip4Table_Batch/N/VALUES: N addresses with this many values, and 20,000 networks, in batches of 64, as a burst of
// questions is. BM_Ip4Table_Many/N/VALUES: 1,024 at once. Counters: nanoseconds a lookup, bytes an entry, and how many
// of 64 need the next line of the table too.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "bench/lookups.h"
#include "tables/huge_array.h"
#include "tables/ip4_union.h"

namespace rblitz {
namespace {

// How many of a batch need a second line, on average over the first questions.
double SecondLines(const Ip4Table& table, std::span<const uint32_t> questions) {
  uint32_t permuted[kMaxBatch];
  const uint8_t* lines[kMaxBatch];
  ValueId values[kMaxBatch];
  int count = 0;
  for (size_t at = 0; at < bench::kChecked; at += kMaxBatch) {
    Ip4Cursor cursor{.permuted = permuted, .lines = lines};
    const auto batch = questions.subspan(at, kMaxBatch);
    table.Sort(batch, cursor, values);
    table.Locate(batch, cursor, values);
    count += std::popcount(table.FindInLines(batch, cursor, values));
  }
  return static_cast<double>(count) / static_cast<double>(bench::kChecked / kMaxBatch);
}

// As many at once, a divisor of bench::kChecked, in one of the two ways.
using Way = void (Ip4Table::*)(std::span<const uint32_t>, ValueId*) const noexcept;
template <size_t kTogether, Way kWay>
void Lookups(benchmark::State& state, unsigned hit_percent) {
  const bench::DataSet& set =
      bench::DataSetOf(static_cast<size_t>(state.range(0)), static_cast<uint32_t>(state.range(1)));
  const std::vector<uint32_t> questions = bench::MakeQuestions(set, bench::kQuestions, hit_percent);
  const Ip4Table& table = *set.feeds.front()->ip4;
  ValueId values[kTogether];
  const std::vector<bool>& listed = bench::ListedOf(set, questions, true);
  size_t found = 0;
  for (size_t at = 0; at < bench::kQuestions; at += kTogether) {
    (table.*kWay)({&questions[at], kTogether}, values);
    for (size_t i = 0; i < kTogether && at < bench::kChecked; ++i) {
      if ((values[i] != kNotListed) != listed[at + i]) return state.SkipWithError("a wrong answer");
    }
    found += kTogether - static_cast<size_t>(std::count(values, values + kTogether, kNotListed));
  }
  if (!bench::IsRight(found, bench::kQuestions, hit_percent)) return state.SkipWithError("wrong answers");
  size_t at = 0;
  for (auto _ : state) {
    (table.*kWay)({&questions[at], kTogether}, values);
    benchmark::DoNotOptimize(values);
    benchmark::ClobberMemory();
    at = (at + kTogether) % bench::kQuestions;
  }
  bench::SetRate(state, state.iterations() * static_cast<int64_t>(kTogether));
  state.counters["bytes/entry"] = static_cast<double>(table.bytes()) / static_cast<double>(table.entries());
  state.counters["second lines/batch"] = SecondLines(table, questions);
}

void BM_Ip4Table_Batch(benchmark::State& state) { Lookups<kMaxBatch, &Ip4Table::LookupBatch>(state, 50); }
void BM_Ip4Table_Many(benchmark::State& state) { Lookups<1024, &Ip4Table::LookupMany>(state, 50); }
void BM_Ip4Table_Hit(benchmark::State& state) { Lookups<kMaxBatch, &Ip4Table::LookupBatch>(state, 100); }
void BM_Ip4Table_Miss(benchmark::State& state) { Lookups<kMaxBatch, &Ip4Table::LookupBatch>(state, 0); }

// BM_Ip4Table_Singles/N/VALUES: a list without networks, what single addresses alone take.
void BM_Ip4Table_Singles(benchmark::State& state) {
  std::mt19937_64 random(bench::kSeed);
  FeedData feed;
  Ip4Builder builder(Precedence::kPieces, &feed.verdicts);
  std::vector<ValueId> ids;
  for (uint32_t i = 0; i < state.range(1); ++i) ids.push_back(feed.verdicts.Intern({.a_be = i + 1, .text = kNoText}));
  std::vector<uint32_t> addresses(static_cast<size_t>(state.range(0)));
  for (uint32_t& address : addresses) {
    address = static_cast<uint32_t>(random());
    builder.Add(address, ids[address % ids.size()]);
  }
  Ip4BuildReport report;
  const Ip4Table table = builder.Build(nullptr, &report);
  ValueId values[kMaxBatch];
  for (size_t at = 0; at + kMaxBatch <= addresses.size(); at += kMaxBatch) {
    table.LookupBatch({&addresses[at], kMaxBatch}, values);
    for (size_t i = 0; i < kMaxBatch; ++i) {
      if (values[i] != ids[addresses[at + i] % ids.size()]) return state.SkipWithError("wrong answers");
    }
  }
  size_t at = 0;
  for (auto _ : state) {
    table.LookupBatch({&addresses[at], kMaxBatch}, values);
    benchmark::DoNotOptimize(values);
    at = (at + kMaxBatch) % (addresses.size() / kMaxBatch * kMaxBatch);
  }
  bench::SetRate(state, state.iterations() * static_cast<int64_t>(kMaxBatch));
  state.counters["bytes/entry"] = static_cast<double>(table.bytes()) / static_cast<double>(table.entries());
}

// Cache lines in huge pages, and which of them are asked for, at random: any but the last one.
struct RandomLines {
  struct alignas(64) Line {
    uint64_t words[8];
  };

  explicit RandomLines(size_t mebibytes)
      : lines(mebibytes * (size_t{1} << 20) / sizeof(Line)), asked(bench::kQuestions) {
    std::memset(lines.data(), 0, lines.bytes());
    std::mt19937_64 random(bench::kSeed);
    for (uint32_t& at : asked) at = static_cast<uint32_t>(random() % (lines.size() - 1));
  }

  HugeArray<Line> lines;
  std::vector<uint32_t> asked;
};

// BM_RandomLines/MIB/BEHIND: what memory alone allows: a cache line each at random out of so many MiB in huge pages, 64
// asked for at once, whose addresses are known beforehand. And so many behind some of these, which are known when those
// are there, as the next lines of buckets that have overflowed.
void BM_RandomLines(benchmark::State& state) {
  const RandomLines memory(static_cast<size_t>(state.range(0)));
  const auto behind = static_cast<size_t>(state.range(1));
  size_t at = 0;
  for (auto _ : state) {
    uint64_t sum = 0;  // 0, which the compiler does not know
    uint64_t further = 0;
    for (size_t i = 0; i < kMaxBatch; ++i) __builtin_prefetch(&memory.lines[memory.asked[at + i]], 0, 3);
    for (size_t i = 0; i < kMaxBatch; ++i) sum += memory.lines[memory.asked[at + i]].words[0];
    for (size_t i = 0; i < behind; ++i) {
      further += memory.lines[memory.asked[at + i] + 1 + sum].words[0];
    }
    benchmark::DoNotOptimize(sum + further);
    at = (at + kMaxBatch) % bench::kQuestions;
  }
  bench::SetRate(state, state.iterations() * static_cast<int64_t>(kMaxBatch));
}

// BM_LinesInStream/MIB: the same without waiting for all of 64: with each line that is read one is asked for that is
// read 64 later.
void BM_LinesInStream(benchmark::State& state) {
  const RandomLines memory(static_cast<size_t>(state.range(0)));
  size_t at = 0;
  for (auto _ : state) {
    const size_t next = (at + kMaxBatch) % bench::kQuestions;
    uint64_t sum = 0;
    for (size_t i = 0; i < kMaxBatch; ++i) {
      __builtin_prefetch(&memory.lines[memory.asked[next + i]], 0, 3);
      sum += memory.lines[memory.asked[at + i]].words[0];
    }
    benchmark::DoNotOptimize(sum);
    at = next;
  }
  bench::SetRate(state, state.iterations() * static_cast<int64_t>(kMaxBatch));
}

// BM_WrittenLines/MIB/threads:T: as BM_RandomLines where each line is written, and each thread has so many MiB of its
// own: what two workers can have of memory.
void BM_WrittenLines(benchmark::State& state) {
  RandomLines memory(static_cast<size_t>(state.range(0)));
  size_t at = 0;
  for (auto _ : state) {
    for (size_t i = 0; i < kMaxBatch; ++i) __builtin_prefetch(&memory.lines[memory.asked[at + i]], 1, 3);
    for (size_t i = 0; i < kMaxBatch; ++i) ++memory.lines[memory.asked[at + i]].words[0];
    benchmark::ClobberMemory();
    at = (at + kMaxBatch) % bench::kQuestions;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kMaxBatch));
}

// From addresses in random order to a table: what a load does after parsing.
void BM_Ip4Builder(benchmark::State& state) {
  const auto addresses = static_cast<size_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(bench::MakeDataSet(addresses));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(addresses));
}

// BM_Ip4Union/N/TABLES: as many tables, to which N addresses and the networks were dealt out, joined to one. Counter:
// bytes an entry of the result.
void BM_Ip4Union(benchmark::State& state) {
  const auto addresses = static_cast<size_t>(state.range(0));
  const bench::DataSet set = bench::MakeDataSet(addresses, 1, static_cast<size_t>(state.range(1)));
  std::vector<Ip4Union::Source> sources;
  for (const auto& feed : set.feeds) {
    sources.push_back({.table = feed->ip4.get(), .values = feed->verdicts.values()});
  }
  for (auto _ : state) {
    const auto joined = Ip4Union::Build(sources);
    if (!joined) return state.SkipWithError("too many combinations");
    state.counters["bytes/entry"] = static_cast<double>(joined->bytes()) / static_cast<double>(addresses);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(addresses));
}

BENCHMARK(BM_Ip4Table_Batch)
    ->Args({60000, 1})
    ->Args({100000, 1})
    ->Args({1000000, 1})
    ->Args({10000000, 1})
    ->Args({10000000, 200})
    ->Args({100000000, 1});
BENCHMARK(BM_Ip4Table_Many)
    ->Args({60000, 1})
    ->Args({100000, 1})
    ->Args({1000000, 1})
    ->Args({10000000, 1})
    ->Args({100000000, 1});
BENCHMARK(BM_Ip4Table_Hit)->Args({10000000, 1});
BENCHMARK(BM_Ip4Table_Miss)->Args({10000000, 1});
// As many as make it called once: what it is for is bytes an entry.
BENCHMARK(BM_Ip4Table_Singles)->Args({60000, 1})->Args({10000000, 1})->Args({10000000, 200})->Iterations(50000);
BENCHMARK(BM_RandomLines)->ArgsProduct({{1, 8, 32, 128, 256}, {0, 2}});
BENCHMARK(BM_LinesInStream)->Arg(1)->Arg(8)->Arg(32)->Arg(256);
BENCHMARK(BM_WrittenLines)->Arg(8)->Arg(512)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(BM_Ip4Union)
    ->Args({1000000, 4})
    ->Args({10000000, 4})
    ->Args({10000000, 16})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Ip4Builder)
    ->Arg(1000)
    ->Arg(10000)
    ->Arg(100000)
    ->Arg(1000000)
    ->Arg(10000000)
    ->Arg(100000000)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
