// P2: frame in, frame out, one core, no port. MemoryIo replays a million distinct questions through the same path as a
// DPDK port; the responder answers them from tables of 10 million addresses.
//
// BM_Responder/N/FEEDS/HITS: addresses, feeds of the zone (the addresses spread over them), percent of questions
// listed. BM_Responder_Zones/ZONES: asked in turn. BM_Responder_Heat/HOT: of a zone of heat that knows all /24s,
// percent of them hot enough to be answered. BM_BuildServing/ZONES: how zones are made. Built as responder_stages_bench
// it tells cycles a question by stage too. BM_Workers/N/FEEDS/HITS/threads:T: T workers on one set of tables at a time,
// each with questions of its own; what all of them answer a second of the time within the responder.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "bench/arriving.h"
#include "bench/cycles.h"
#include "bench/data_set.h"
#include "bench/right_answer.h"
#include "dataplane/dns/wire.h"
#include "dataplane/io/memory_io.h"
#include "dataplane/responder.h"
#include "dataplane/stage_times.h"
#include "dataplane/zone.h"
#include "dataplane/zone_tables.h"

namespace rblitz {
namespace {

constexpr size_t kQuestions = 1000000;
using bench::Arriving;
using bench::Expect;
using bench::Shape;

// Tables are large: each is built once and shared by the benchmarks that ask it.
const bench::DataSet& DataSetOf(size_t addresses, size_t feeds) {
  static std::map<std::pair<size_t, size_t>, bench::DataSet> sets;
  auto [set, inserted] = sets.try_emplace({addresses, feeds});
  if (inserted) set->second = bench::MakeDataSet(addresses, 1, feeds);
  return set->second;
}

// `joined`: the feeds of a zone, as the server does it.
std::unique_ptr<const Serving> Serve(const bench::DataSet& set, uint32_t count = 1, bool joined = true) {
  std::vector<ZoneConfig> zones(count);
  JoinedTables tables;
  for (uint32_t z = 0; z < count; ++z) {
    zones[z].name = bench::ZoneName(z, count);
    zones[z].slot = z;
    for (uint32_t i = 0; i < set.feeds.size(); ++i) zones[z].feeds.push_back(i);
  }
  auto serving = BuildServing({.feeds = set.feeds}, zones, {}, {}, {.tables = joined ? &tables : nullptr});
  if (!serving) std::abort();
  return std::move(*serving);
}

// Each /20 has a score of its own; those of kHot and more are answered, at the default levels.
constexpr uint8_t kHot = 192;
constexpr unsigned kScored = 20;

std::vector<uint8_t> HeatScores(unsigned hot_percent) {
  std::mt19937 random(bench::kSeed);
  std::vector<uint8_t> scores(size_t{1} << kScored);
  for (uint8_t& score : scores) {
    const auto drawn = random();
    score = static_cast<uint8_t>((drawn % 100 < hot_percent ? kHot : 1) + (drawn >> 26));
  }
  return scores;
}

std::unique_ptr<const Serving> ServeHeat(const std::vector<uint8_t>& scores) {
  constexpr uint32_t kCellsOfScore = uint32_t{1} << (24 - kScored);
  auto cells = std::make_shared<HeatCells>();
  for (uint32_t i = 0; i < scores.size(); ++i) std::fill_n(&(*cells)[i * kCellsOfScore], kCellsOfScore, scores[i]);
  auto feed = std::make_shared<FeedData>();
  feed->name = "map";
  Ip4BuildReport nothing;
  feed->ip4 =
      std::make_shared<const Ip4Table>(Ip4Builder(Precedence::kPieces, &feed->verdicts).Build(nullptr, &nothing));
  feed->heat = std::move(cells);
  ZoneConfig zone{.name = bench::kZone, .feeds = {0}};
  zone.heat = HeatZoneConfig{.min_score = kHot};
  auto serving = BuildServing({.feeds = {std::move(feed)}}, {&zone, 1}, {});
  if (!serving) std::abort();
  return std::move(*serving);
}

// 127.0.LENGTH.SCORE of the most specific level that is hot enough: /24, which has its /20's score, or the /16's mean.
uint32_t HeatAnswer(const std::vector<uint8_t>& scores, uint32_t address) {
  constexpr uint32_t kInMean = uint32_t{1} << (kScored - 16);
  const auto answer = [](uint32_t length, uint32_t score) { return 127 | length << 16 | score << 24; };
  const uint32_t score = scores[address >> (32 - kScored)];
  if (score >= kHot) return answer(24, score);
  uint32_t sum = 0;
  for (uint32_t i = 0; i < kInMean; ++i) sum += scores[(address >> 16) * kInMean + i];
  const uint32_t mean = (sum + kInMean / 2) / kInMean;
  return mean >= kHot ? answer(16, mean) : bench::kNone;
}

// Cycles a question in the median of bursts, stage by stage: what a neighbour on the core takes is not in it.
class StagesOfBursts {
 public:
#ifdef RBLITZ_STAGE_TIMES
  void Keep() {
    bursts_.push_back(stage_times.cycles);
    stage_times.cycles = {};
  }
  void Tell(benchmark::State& state, double per_burst) {
    for (size_t i = 0; i < kStageNames.size(); ++i) {
      const auto middle = bursts_.begin() + static_cast<ptrdiff_t>(bursts_.size() / 2);
      std::nth_element(bursts_.begin(), middle, bursts_.end(), [i](auto& a, auto& b) { return a[i] < b[i]; });
      state.counters[kStageNames[i]] = static_cast<double>((*middle)[i]) / per_burst;
    }
  }

 private:
  std::vector<decltype(StageTimes::cycles)> bursts_;
#else
  void Keep() {}
  void Tell(benchmark::State& /*state*/, double /*per_burst*/) {}
#endif
};

// Kept until others are asked for: a benchmark is called many times before it is measured, and frames take seconds.
Arriving& ArrivingOf(size_t worker, std::vector<uint32_t> addresses, const Shape& shape) {
  static std::array<std::unique_ptr<Arriving>, 2> kept;  // each used by one thread
  std::unique_ptr<Arriving>& one = kept.at(worker);
  if (one == nullptr || one->addresses != addresses || one->shape != shape) {
    one.reset();
    one = std::make_unique<Arriving>(std::move(addresses), shape);
  }
  return *one;
}

void Ask(benchmark::State& state, const Serving& serving, std::vector<uint32_t> addresses, const Shape& shape,
         const Expect& expect) {
  Arriving& arriving = ArrivingOf(0, std::move(addresses), shape);
  if (!bench::AnswersAreRight(serving, arriving, expect)) return state.SkipWithError("a wrong answer");
  io::MemoryIo& memory = arriving.memory;
  Responder responder(arriving.stats.get());
  io::Burst burst;
  int64_t answered = 0;
  std::vector<uint64_t> bursts;
  bursts.reserve(1 << 20);
  StagesOfBursts stages;
  for (auto _ : state) {
    memory.Arrive();
    _mm_mfence();
    _mm_lfence();
    const uint64_t begin = __rdtsc();
    BeginStages();
    memory.Receive(burst);
    EndStage(Stage::kReceive);
    responder.Answer(burst, serving);
    memory.Send(burst);
    EndStage(Stage::kSend);
    _mm_lfence();
    const uint64_t spent = __rdtsc() - begin;
    bursts.push_back(spent);
    stages.Keep();
    state.SetIterationTime(static_cast<double>(spent) * SecondsPerCycle());
    answered += static_cast<int64_t>(burst.count);
  }
  state.SetItemsProcessed(answered);
  const double per_burst = static_cast<double>(answered) / static_cast<double>(bursts.size());
  const auto quantile = [&](size_t percent) {
    const auto at = bursts.begin() + static_cast<ptrdiff_t>((bursts.size() - 1) * percent / 100);
    std::nth_element(bursts.begin(), at, bursts.end());
    return static_cast<double>(*at) * SecondsPerCycle() * 1e9 / per_burst;
  };
  stages.Tell(state, per_burst);
  state.counters["p01"] = quantile(1);
  state.counters["p10"] = quantile(10);
  state.counters["p50"] = quantile(50);
  state.counters["p90"] = quantile(90);
  state.counters["p99"] = quantile(99);
  if (arriving.stats->answered.value() != arriving.stats->received.value())
    state.SkipWithError("questions were dropped");
}

void Run(benchmark::State& state, const Shape& shape) {
  const bench::DataSet& set = DataSetOf(static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)));
  const std::unique_ptr<const Serving> serving = Serve(set);
  Ask(state, *serving, bench::MakeQuestions(set, kQuestions, static_cast<unsigned>(state.range(2))), shape,
      bench::ListedIn(set));
}

// Each feed asked for itself.
void BM_Responder_Apart(benchmark::State& state) {
  const bench::DataSet& set = DataSetOf(static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)));
  Ask(state, *Serve(set, 1, false), bench::MakeQuestions(set, kQuestions, static_cast<unsigned>(state.range(2))), {},
      bench::ListedIn(set));
}

// So many zones of one feed, asked in turn.
void BM_Responder_Zones(benchmark::State& state) {
  const bench::DataSet& set = DataSetOf(1000000, 1);
  const auto zones = static_cast<uint32_t>(state.range(0));
  Ask(state, *Serve(set, zones), bench::MakeQuestions(set, kQuestions), {.zones = zones}, bench::ListedIn(set));
}

void BM_Responder_ZonesMostlyOne(benchmark::State& state) {
  const bench::DataSet& set = DataSetOf(1000000, 1);
  const auto zones = static_cast<uint32_t>(state.range(0));
  Ask(state, *Serve(set, zones), bench::MakeQuestions(set, kQuestions), {.zones = zones, .mostly_for_one = true},
      bench::ListedIn(set));
}

// Every `step`th of some addresses from `first` on, each with one of so many values; networks have the first value.
struct OwnFeed {
  size_t first;
  size_t step;
  uint32_t values;
  std::vector<std::pair<uint32_t, uint32_t>> networks;

  // Of an address that stands at each of `places` there. One with a value of its own in a network may have both.
  [[nodiscard]] uint32_t Answer(uint32_t address, std::span<const size_t> places) const {
    const bool in_network =
        std::ranges::any_of(networks, [&](auto& each) { return each.first <= address && address <= each.second; });
    for (const size_t place : places) {
      if (place < first || (place - first) % step != 0) continue;
      return in_network ? bench::kSome : bench::kListed + (address % values << 24);
    }
    return in_network ? bench::kListed : bench::kNone;
  }
};

// Zones that have a feed of their own each, of different sizes and numbers of values.
struct ZonesApart {
  explicit ZonesApart(uint32_t zones) {
    const std::vector<uint32_t>& addresses = DataSetOf(1000000, 1).listed;
    std::mt19937_64 random(bench::kSeed);
    Snapshot snapshot;
    std::vector<ZoneConfig> configs(zones);
    for (uint32_t z = 0; z < zones; ++z) {
      constexpr size_t kSteps[] = {1000, 20, 5, 1};  // 1,000 to 1 million addresses
      OwnFeed& feed = own.emplace_back(OwnFeed{z % 7, kSteps[z % 4], z % 3 == 0 ? 3u : 1u, {}});
      snapshot.feeds.push_back(bench::MakeFeed(addresses, feed.first, feed.step, feed.values, random, &feed.networks));
      configs[z].name = bench::ZoneName(z, zones);
      configs[z].slot = z;
      configs[z].feeds = {z};
    }
    auto built = BuildServing(std::move(snapshot), configs, {});
    if (!built) std::abort();
    serving = std::move(*built);
  }

  [[nodiscard]] std::vector<uint32_t> Answers(std::span<const uint32_t> addresses, const Shape& shape) const {
    std::map<uint32_t, std::vector<size_t>> places;
    for (const uint32_t address : addresses) places[address];
    const std::vector<uint32_t>& listed = DataSetOf(1000000, 1).listed;
    for (size_t i = 0; i < listed.size(); ++i) {
      if (const auto asked = places.find(listed[i]); asked != places.end()) asked->second.push_back(i);
    }
    std::vector<uint32_t> answers;
    for (uint32_t i = 0; i < addresses.size(); ++i) {
      answers.push_back(own[shape.ZoneOf(i)].Answer(addresses[i], places[addresses[i]]));
    }
    return answers;
  }

  std::vector<OwnFeed> own;
  std::unique_ptr<const Serving> serving;
};

void BM_Responder_ZonesApart(benchmark::State& state) {
  static std::pair<uint32_t, std::unique_ptr<const ZonesApart>> kept;  // a thousand of them take seconds
  const auto zones = static_cast<uint32_t>(state.range(0));
  if (kept.first != zones) kept = {zones, std::make_unique<const ZonesApart>(zones)};
  const auto expect = [](std::span<const uint32_t> addresses, const Shape& shape) {
    return kept.second->Answers(addresses, shape);
  };
  Ask(state, *kept.second->serving, bench::MakeQuestions(DataSetOf(1000000, 1), kQuestions),
      {.zones = zones, .own_feeds = true}, expect);
}

void BM_Responder_Heat(benchmark::State& state) {
  const std::vector<uint8_t> scores = HeatScores(static_cast<unsigned>(state.range(0)));
  const std::unique_ptr<const Serving> serving = ServeHeat(scores);
  std::mt19937 random(bench::kSeed + 1);
  std::vector<uint32_t> addresses(kQuestions);
  for (uint32_t& address : addresses) address = static_cast<uint32_t>(random());
  Ask(state, *serving, addresses, {}, [&scores](std::span<const uint32_t> asked, const Shape&) {
    std::vector<uint32_t> expected;
    for (const uint32_t address : asked) expected.push_back(HeatAnswer(scores, address));
    return expected;
  });
}

// All that the C library has given out.
size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// So many zones of one feed made anew, as a reload does it. Counter: memory of each, without the feed's.
void BM_BuildServing(benchmark::State& state) {
  const bench::DataSet& set = DataSetOf(1000000, 1);
  const auto zones = static_cast<uint32_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(Serve(set, zones));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  const size_t before = HeapBytes();
  const std::unique_ptr<const Serving> serving = Serve(set, zones);
  state.counters["bytes/zone"] = static_cast<double>(HeapBytes() - before) / zones;
}

// What workers share. Made before the threads run: the first one of them would keep the others waiting.
std::unique_ptr<const Serving> shared_serving;

void ShareServing(const benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  shared_serving = Serve(DataSetOf(n, static_cast<size_t>(state.range(1))));
}

void BM_Workers(benchmark::State& state) {
  const bench::DataSet& set = DataSetOf(static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)));
  const auto worker = static_cast<size_t>(state.thread_index());
  const auto hits = static_cast<unsigned>(state.range(2));
  Arriving& arriving = ArrivingOf(worker, bench::MakeQuestions(set, kQuestions / 2, hits, worker), {});
  if (!bench::AnswersAreRight(*shared_serving, arriving, bench::ListedIn(set)))
    return state.SkipWithError("a wrong answer");
  Responder responder(arriving.stats.get());
  io::Burst burst;
  int64_t answered = 0;
  for (auto _ : state) {
    arriving.memory.Arrive();
    _mm_mfence();
    _mm_lfence();
    const uint64_t begin = __rdtsc();
    arriving.memory.Receive(burst);
    responder.Answer(burst, *shared_serving);
    arriving.memory.Send(burst);
    _mm_lfence();
    state.SetIterationTime(static_cast<double>(__rdtsc() - begin) * SecondsPerCycle());
    answered += static_cast<int64_t>(burst.count);
  }
  state.SetItemsProcessed(answered);
  if (arriving.stats->answered.value() != arriving.stats->received.value())
    state.SkipWithError("questions were dropped");
}

void BM_Responder(benchmark::State& state) { Run(state, {}); }
void BM_Responder_Edns(benchmark::State& state) { Run(state, {.edns = true}); }
void BM_Responder_Txt(benchmark::State& state) { Run(state, {.qtype = dns::kTxt}); }

BENCHMARK(BM_Responder)
    ->UseManualTime()
    ->Args({1000, 1, 50})
    ->Args({100000, 1, 50})
    ->Args({1000000, 1, 50})
    ->Args({10000000, 1, 50})
    ->Args({100000000, 1, 50});
BENCHMARK(BM_Responder)->UseManualTime()->Args({10000000, 1, 0})->Args({10000000, 1, 100});
BENCHMARK(BM_Responder)->UseManualTime()->Args({10000000, 4, 50})->Args({10000000, 16, 50});
BENCHMARK(BM_Responder_Apart)->UseManualTime()->Args({10000000, 4, 50})->Args({10000000, 16, 50});
BENCHMARK(BM_Responder_Zones)->UseManualTime()->Arg(1)->Arg(2)->Arg(3)->Arg(5)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK(BM_Responder_ZonesMostlyOne)->UseManualTime()->Arg(10);
BENCHMARK(BM_Responder_ZonesApart)->UseManualTime()->Arg(3)->Arg(5)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK(BM_Responder_Heat)->UseManualTime()->Arg(50);
BENCHMARK(BM_BuildServing)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(10000);
BENCHMARK(BM_Workers)
    ->Setup(ShareServing)
    ->UseManualTime()
    ->Args({100000, 1, 50})
    ->Args({10000000, 1, 50})
    ->Args({1000000, 1, 50})
    ->Threads(1)
    ->Threads(2);
BENCHMARK(BM_Responder_Edns)->UseManualTime()->Args({10000000, 1, 50});
BENCHMARK(BM_Responder_Txt)->UseManualTime()->Args({10000000, 1, 50});

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
