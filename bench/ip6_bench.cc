// Lookups in the IPv6 table in batches of 64, questions half of which are listed.
//
// BM_Ip6Table_Prefixes/N: N random prefixes, most of them /32 to /64 and nested as registries and providers hand them
// out, a tenth single addresses. BM_Ip6Table_Slash64s/N: N /64s with one value, what rbldnsd's ip6tset holds. Counters:
// nanoseconds a lookup, bytes an entry.
#include <benchmark/benchmark.h>

#include <map>
#include <random>
#include <unordered_set>
#include <vector>

#include "tables/ip6_builder.h"

namespace rblitz {
namespace {

constexpr size_t kQuestions = size_t{1} << 20;
constexpr uint64_t kSeed = 20261122;

struct DataSet {
  explicit DataSet(Ip6Table t) : table(std::move(t)) {}
  Ip6Table table;
  std::vector<Ip6Prefix> listed;
};

Ip6Table Build(const std::vector<Ip6Prefix>& prefixes, uint32_t values) {
  Ip6Builder builder;
  for (size_t i = 0; i < prefixes.size(); ++i) builder.Add(prefixes[i], static_cast<ValueId>(1 + i % values));
  BuildReport report;
  return builder.Build(nullptr, &report);
}

// One of 4,096 /20s, or so, below 2000::/3: where the space is handed out.
uint64_t RandomHigh(std::mt19937_64& random) {
  const uint64_t high = random();
  return 0x2000000000000000 | (high >> 3 & 0x1ff0ffffffffffff);
}

DataSet MakePrefixes(size_t count) {
  static constexpr uint8_t kLengths[] = {32, 36, 40, 44, 48, 48, 48, 56, 64, 128};
  std::mt19937_64 random(kSeed);
  std::vector<Ip6Prefix> prefixes(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t length = kLengths[random() % std::size(kLengths)];
    // Half of them inside another one.
    const uint64_t inside = i > 0 && i % 2 == 0 ? prefixes[random() % i].address.high : RandomHigh(random);
    const Ip6Address host = HostBits(length);
    const Ip6Address at{inside | (random() & 0xffffffff), random()};
    prefixes[i] = {.address = {at.high & ~host.high, at.low & ~host.low}, .length = length};
  }
  DataSet set(Build(prefixes, 16));
  set.listed = std::move(prefixes);
  return set;
}

DataSet MakeSlash64s(size_t count) {
  std::mt19937_64 random(kSeed);
  std::vector<Ip6Prefix> prefixes(count);
  for (Ip6Prefix& prefix : prefixes) prefix = {.address = {RandomHigh(random), 0}, .length = 64};
  DataSet set(Build(prefixes, 1));
  set.listed = std::move(prefixes);
  return set;
}

std::vector<Ip6Address> MakeQuestions(const DataSet& set) {
  std::mt19937_64 random(kSeed + 1);
  std::vector<Ip6Address> questions(kQuestions);
  for (Ip6Address& question : questions) {
    const Ip6Prefix& prefix = set.listed[random() % set.listed.size()];
    const Ip6Address host = HostBits(prefix.length);
    question = {prefix.address.high | (random() & host.high), prefix.address.low | (random() & host.low)};
    if (random() % 2 == 0) question = {RandomHigh(random), random()};
  }
  return questions;
}

const DataSet& Cached(DataSet (*make)(size_t), size_t count) {
  static std::map<std::pair<DataSet (*)(size_t), size_t>, DataSet> sets;
  const auto known = sets.find({make, count});
  return known != sets.end() ? known->second : sets.emplace(std::pair(make, count), make(count)).first->second;
}

void SetRate(benchmark::State& state, int64_t lookups) {
  state.SetItemsProcessed(lookups);
  state.counters["ns/lookup"] = benchmark::Counter(static_cast<double>(lookups) * 1e-9,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void Lookups(benchmark::State& state, DataSet (*make)(size_t)) {
  const DataSet& set = Cached(make, static_cast<size_t>(state.range(0)));
  const std::vector<Ip6Address> questions = MakeQuestions(set);
  ValueId values[kMaxBatch];
  size_t at = 0;
  for (auto _ : state) {
    set.table.LookupBatch({&questions[at], kMaxBatch}, values);
    benchmark::DoNotOptimize(values);
    benchmark::ClobberMemory();
    at = (at + kMaxBatch) % kQuestions;
  }
  SetRate(state, state.iterations() * static_cast<int64_t>(kMaxBatch));
  state.counters["bytes/entry"] = static_cast<double>(set.table.bytes()) / static_cast<double>(set.table.entries());
}

void BM_Ip6Table_Prefixes(benchmark::State& state) { Lookups(state, MakePrefixes); }
void BM_Ip6Table_Slash64s(benchmark::State& state) { Lookups(state, MakeSlash64s); }

// For scale only: what everybody has, and for whole /64s alone.
void BM_UnorderedSet_Slash64s(benchmark::State& state) {
  const DataSet& set = Cached(MakeSlash64s, static_cast<size_t>(state.range(0)));
  std::unordered_set<uint64_t> listed;
  for (const Ip6Prefix& prefix : set.listed) listed.insert(prefix.address.high);
  const std::vector<Ip6Address> questions = MakeQuestions(set);
  size_t at = 0;
  for (auto _ : state) {
    for (size_t i = 0; i < kMaxBatch; ++i) benchmark::DoNotOptimize(listed.contains(questions[at + i].high));
    at = (at + kMaxBatch) % kQuestions;
  }
  SetRate(state, state.iterations() * static_cast<int64_t>(kMaxBatch));
}

// From prefixes in random order to a table: what a load does after parsing.
void BM_Ip6Builder_Slash64s(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(MakeSlash64s(count));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(BM_Ip6Table_Prefixes)->Arg(1000)->Arg(100000)->Arg(1000000);
BENCHMARK(BM_Ip6Table_Slash64s)->Arg(1000)->Arg(1000000)->Arg(10000000);
BENCHMARK(BM_UnorderedSet_Slash64s)->Arg(10000000);
BENCHMARK(BM_Ip6Builder_Slash64s)->Arg(10000000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
