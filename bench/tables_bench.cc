// P3, our own part: lookups in the IPv4 table in batches of 64, questions half of which are listed; peers' tables are
// in tables_peers.cc.
//
// BM_Ip4Table_Batch/N/VALUES: N addresses with this many values, and 20,000 networks. Counters: nanoseconds a lookup,
// bytes an entry.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <unordered_set>

#include "bench/lookups.h"

namespace rblitz {
namespace {

void Lookups(benchmark::State& state, unsigned hit_percent) {
  const bench::DataSet& set =
      bench::DataSetOf(static_cast<size_t>(state.range(0)), static_cast<uint32_t>(state.range(1)));
  const std::vector<uint32_t> questions = bench::MakeQuestions(set, bench::kQuestions, hit_percent);
  const Ip4Table& table = *set.feeds.front()->ip4;
  ValueId values[kMaxBatch];
  size_t found = 0;
  for (size_t at = 0; at < bench::kQuestions; at += kMaxBatch) {
    table.LookupBatch({&questions[at], kMaxBatch}, values);
    found += kMaxBatch - static_cast<size_t>(std::count(values, values + kMaxBatch, kNotListed));
  }
  if (!bench::IsRight(found, bench::kQuestions, hit_percent)) return state.SkipWithError("wrong answers");
  size_t at = 0;
  for (auto _ : state) {
    table.LookupBatch({&questions[at], kMaxBatch}, values);
    benchmark::DoNotOptimize(values);
    benchmark::ClobberMemory();
    at = (at + kMaxBatch) % bench::kQuestions;
  }
  bench::SetRate(state, state.iterations() * static_cast<int64_t>(kMaxBatch));
  state.counters["bytes/entry"] = static_cast<double>(table.bytes()) / static_cast<double>(table.entries());
}

void BM_Ip4Table_Batch(benchmark::State& state) { Lookups(state, 50); }
void BM_Ip4Table_Hit(benchmark::State& state) { Lookups(state, 100); }
void BM_Ip4Table_Miss(benchmark::State& state) { Lookups(state, 0); }

// A list without networks: what single addresses alone take.
void BM_Ip4Table_Singles(benchmark::State& state) {
  std::mt19937_64 random(bench::kSeed);
  FeedData feed;
  Ip4Builder builder(Precedence::kPieces, &feed.verdicts);
  const ValueId id = feed.verdicts.Intern({.a_be = 0x0200007f, .text = kNoText});
  std::vector<uint32_t> addresses(static_cast<size_t>(state.range(0)));
  for (uint32_t& address : addresses) builder.Add(address = static_cast<uint32_t>(random()), id);
  Ip4BuildReport report;
  const Ip4Table table = builder.Build(nullptr, &report);
  ValueId values[kMaxBatch];
  for (size_t at = 0; at + kMaxBatch <= addresses.size(); at += kMaxBatch) {
    table.LookupBatch({&addresses[at], kMaxBatch}, values);
    if (std::count(values, values + kMaxBatch, id) != kMaxBatch) return state.SkipWithError("one is not found");
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

// For scale only: what everybody has.
void BM_UnorderedSet(benchmark::State& state) {
  const bench::DataSet& set = bench::DataSetOf(static_cast<size_t>(state.range(0)), 1);
  const std::unordered_set<uint32_t> listed(set.listed.begin(), set.listed.end());
  const std::vector<uint32_t> questions = bench::MakeQuestions(set, bench::kQuestions);
  const auto found = std::ranges::count_if(questions, [&](uint32_t question) { return listed.contains(question); });
  if (!bench::IsRight(static_cast<size_t>(found), bench::kQuestions, 50)) return state.SkipWithError("wrong answers");
  size_t at = 0;
  for (auto _ : state) {
    for (size_t i = 0; i < kMaxBatch; ++i) benchmark::DoNotOptimize(listed.contains(questions[at + i]));
    at = (at + kMaxBatch) % bench::kQuestions;
  }
  bench::SetRate(state, state.iterations() * static_cast<int64_t>(kMaxBatch));
}

// From addresses in random order to a table: what a load does after parsing.
void BM_Ip4Builder(benchmark::State& state) {
  const auto addresses = static_cast<size_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(bench::MakeDataSet(addresses));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(addresses));
}

BENCHMARK(BM_Ip4Table_Batch)
    ->Args({60000, 1})
    ->Args({100000, 1})
    ->Args({1000000, 1})
    ->Args({10000000, 1})
    ->Args({10000000, 200})
    ->Args({100000000, 1});
BENCHMARK(BM_Ip4Table_Hit)->Args({10000000, 1});
BENCHMARK(BM_Ip4Table_Miss)->Args({10000000, 1});
BENCHMARK(BM_Ip4Table_Singles)->Arg(60000)->Arg(10000000);
BENCHMARK(BM_UnorderedSet)->Arg(60000)->Arg(10000000);
BENCHMARK(BM_Ip4Builder)
    ->Arg(1000000)
    ->Arg(10000000)
    ->Arg(100000000)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
