// P2: frame in, frame out, one core, no port. MemoryIo replays a million distinct questions through the same path as a
// DPDK port; the responder answers them from tables of 10 million addresses.
//
// BM_Responder/N/FEEDS/HITS: addresses, feeds of the zone (the addresses spread over them), percent of questions
// listed. BM_Responder_Zones/ZONES: asked in turn. BM_Responder_Heat/HOT: of a zone of heat that knows all /24s,
// percent of them hot enough to be answered. Built as responder_stages_bench it tells cycles a question by stage too.
// BM_Workers/N/FEEDS/HITS/threads:T: T workers on one set of tables at a time, each with questions of its own; what all
// of them answer a second of the time within the responder.
#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/cycles.h"
#include "bench/data_set.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/wire.h"
#include "dataplane/io/memory_io.h"
#include "dataplane/responder.h"
#include "dataplane/stage_times.h"
#include "dataplane/zone.h"
#include "dataplane/zone_tables.h"
#include "tests/frames.h"

namespace rblitz {
namespace {

constexpr size_t kQuestions = 1000000;
constexpr const char* kZone = "bl.example.com";

net::OwnAddresses OneAddress() {
  net::OwnAddresses own = test::Own();
  own.ip4.resize(1);
  return own;
}

struct Shape {
  uint16_t qtype = dns::kA;
  bool edns = false;
  uint32_t zones = 1;           // asked in turn
  bool mostly_for_one = false;  // nine of ten questions are for the first zone

  bool operator==(const Shape&) const = default;

  [[nodiscard]] uint32_t ZoneOf(uint32_t question) const {
    if (!mostly_for_one) return question % zones;
    return question % 10 != 0 ? 0 : question / 10 % zones;
  }
};

std::string ZoneName(uint32_t i, uint32_t zones) { return zones == 1 ? kZone : "z" + std::to_string(i) + "." + kZone; }

std::vector<uint8_t> Question(uint32_t address, uint16_t id, const Shape& shape) {
  std::string name;
  for (int i = 0; i < 4; ++i) name += std::to_string(address >> (8 * i) & 255) + ".";
  const dns::Name wire = dns::NameFromText(name + ZoneName(shape.ZoneOf(id), shape.zones));
  std::vector<uint8_t> out(dns::kHeaderSize + wire.size + 4u + (shape.edns ? dns::kOptSize : 0));
  dns::Store16(&out[0], id);
  dns::Store16(&out[2], dns::kRd);
  dns::Store16(&out[4], 1);
  std::copy_n(wire.bytes.begin(), wire.size, &out[dns::kHeaderSize]);
  dns::Store16(&out[dns::kHeaderSize + wire.size], shape.qtype);
  dns::Store16(&out[dns::kHeaderSize + wire.size + 2u], dns::kIn);
  if (shape.edns) {
    uint8_t* const opt = &out[dns::kHeaderSize + wire.size + 4u];
    dns::Store16(&out[10], 1);
    dns::Store16(opt + 1, dns::kOpt);
    dns::Store16(opt + 3, 1232);
  }
  return out;
}

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
    zones[z].name = ZoneName(z, count);
    zones[z].slot = z;
    for (uint32_t i = 0; i < set.feeds.size(); ++i) zones[z].feeds.push_back(i);
  }
  auto serving = BuildServing({.feeds = set.feeds}, zones, {}, {}, {.tables = joined ? &tables : nullptr});
  if (!serving) std::abort();
  return std::move(*serving);
}

// Each /20 has a score of its own; 192 and more are answered, at the default levels.
std::unique_ptr<const Serving> ServeHeat(unsigned hot_percent) {
  constexpr uint32_t kCellsOfScore = 16;
  std::mt19937 random(bench::kSeed);
  auto cells = std::make_shared<HeatCells>();
  for (uint32_t cell = 0; cell < kHeatCells; cell += kCellsOfScore) {
    const auto drawn = random();
    const auto score = static_cast<uint8_t>((drawn % 100 < hot_percent ? 192 : 1) + (drawn >> 26));
    std::fill_n(&(*cells)[cell], kCellsOfScore, score);
  }
  auto feed = std::make_shared<FeedData>();
  feed->name = "map";
  Ip4BuildReport nothing;
  feed->ip4 =
      std::make_shared<const Ip4Table>(Ip4Builder(Precedence::kPieces, &feed->verdicts).Build(nullptr, &nothing));
  feed->heat = std::move(cells);
  ZoneConfig zone{.name = kZone, .feeds = {0}};
  zone.heat = HeatZoneConfig{.min_score = 192};
  auto serving = BuildServing({.feeds = {std::move(feed)}}, {&zone, 1}, {});
  if (!serving) std::abort();
  return std::move(*serving);
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

// Questions that arrive over and over.
struct Arriving {
  Arriving(std::vector<uint32_t> questions, const Shape& shape_of_all)
      : addresses(std::move(questions)), shape(shape_of_all), memory(OneAddress(), stats.get()) {
    uint16_t id = 0;
    for (const uint32_t address : addresses) memory.Push(test::UdpFrame({}, {}, Question(address, id++, shape)));
    memory.Replay();
  }

  const std::vector<uint32_t> addresses;
  const Shape shape;
  std::vector<bool> listed;  // of the first ones, once it has been asked for
  std::unique_ptr<WorkerStats> stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory;
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

// Where a frame's DNS message begins: behind Ethernet, IPv4 and UDP.
constexpr size_t kDns = 14 + 20 + 8;

// Whether the answer to a question says that it is listed as 127.0.0.2, or that there is no such name.
bool IsRight(const std::vector<uint8_t>& frame, bool listed, uint16_t qtype) {
  const uint8_t* const message = &frame[kDns];
  if ((message[3] & 15) != (listed ? dns::kNoError : dns::kNxDomain)) return false;
  if (!listed || qtype != dns::kA) return true;
  size_t at = dns::kHeaderSize;
  while (message[at] != 0) at += message[at] + 1u;
  constexpr size_t kRdata = 1 + 4 + 12;  // from the end of the question's name
  constexpr uint8_t kListed[] = {127, 0, 0, 2};
  return dns::Load16(message + 6) > 0 && frame.size() >= kDns + at + kRdata + 4 &&
         std::equal(std::begin(kListed), std::end(kListed), message + at + kRdata);
}

// Each answer to the first questions is compared with what the data says.
bool AnswersAreRight(const Serving& serving, Arriving& arriving, const bench::DataSet& set) {
  const std::span first(arriving.addresses.data(), bench::kChecked);
  if (arriving.listed.empty()) arriving.listed = bench::ListedAmong(set, first);
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(OneAddress(), stats.get());
  uint16_t id = 0;
  for (const uint32_t address : first) memory.Push(test::UdpFrame({}, {}, Question(address, id++, arriving.shape)));
  Responder responder(stats.get());
  io::Burst burst;
  for (memory.Receive(burst); burst.count > 0; memory.Receive(burst)) {
    responder.Answer(burst, serving);
    memory.Send(burst);
  }
  const std::vector<std::vector<uint8_t>> sent = memory.TakeSent();
  std::vector<bool> is_answered(first.size());
  for (const std::vector<uint8_t>& frame : sent) {
    const size_t asked = dns::Load16(&frame[kDns]);
    if (asked >= first.size() || is_answered[asked]) return false;
    is_answered[asked] = true;
    if (!IsRight(frame, arriving.listed[asked], arriving.shape.qtype)) return false;
  }
  return sent.size() == first.size();
}

// `set`: what all of the questions are looked up among; null: that is not compared here.
void Ask(benchmark::State& state, const Serving& serving, std::vector<uint32_t> addresses, const Shape& shape,
         const bench::DataSet* set) {
  Arriving& arriving = ArrivingOf(0, std::move(addresses), shape);
  if (set != nullptr && !AnswersAreRight(serving, arriving, *set)) return state.SkipWithError("a wrong answer");
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
  Ask(state, *serving, bench::MakeQuestions(set, kQuestions, static_cast<unsigned>(state.range(2))), shape, &set);
}

// Each feed asked for itself.
void BM_Responder_Apart(benchmark::State& state) {
  const bench::DataSet& set = DataSetOf(static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1)));
  Ask(state, *Serve(set, 1, false), bench::MakeQuestions(set, kQuestions, static_cast<unsigned>(state.range(2))), {},
      &set);
}

// So many zones of one feed, asked in turn.
void BM_Responder_Zones(benchmark::State& state) {
  const bench::DataSet& set = DataSetOf(1000000, 1);
  const auto zones = static_cast<uint32_t>(state.range(0));
  Ask(state, *Serve(set, zones), bench::MakeQuestions(set, kQuestions), {.zones = zones}, &set);
}

void BM_Responder_ZonesMostlyOne(benchmark::State& state) {
  const bench::DataSet& set = DataSetOf(1000000, 1);
  const auto zones = static_cast<uint32_t>(state.range(0));
  Ask(state, *Serve(set, zones), bench::MakeQuestions(set, kQuestions), {.zones = zones, .mostly_for_one = true}, &set);
}

// In turn, each zone of a feed of its own, of different sizes and numbers of values.
void BM_Responder_ZonesApart(benchmark::State& state) {
  const bench::DataSet& listed = DataSetOf(1000000, 1);
  const auto zones = static_cast<uint32_t>(state.range(0));
  std::mt19937_64 random(bench::kSeed);
  Snapshot snapshot;
  std::vector<ZoneConfig> configs(zones);
  for (uint32_t z = 0; z < zones; ++z) {
    constexpr size_t kSteps[] = {1000, 20, 5, 1};  // 1,000 to 1 million addresses
    snapshot.feeds.push_back(bench::MakeFeed(listed.listed, z % 7, kSteps[z % 4], z % 3 == 0 ? 3 : 1, random));
    configs[z].name = ZoneName(z, zones);
    configs[z].slot = z;
    configs[z].feeds = {z};
  }
  auto serving = BuildServing(std::move(snapshot), configs, {});
  if (!serving) std::abort();
  Ask(state, **serving, bench::MakeQuestions(listed, kQuestions), {.zones = zones}, nullptr);
}

void BM_Responder_Heat(benchmark::State& state) {
  const std::unique_ptr<const Serving> serving = ServeHeat(static_cast<unsigned>(state.range(0)));
  std::mt19937 random(bench::kSeed + 1);
  std::vector<uint32_t> addresses(kQuestions);
  for (uint32_t& address : addresses) address = static_cast<uint32_t>(random());
  Ask(state, *serving, addresses, {}, nullptr);
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
  if (!AnswersAreRight(*shared_serving, arriving, set)) return state.SkipWithError("a wrong answer");
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
BENCHMARK(BM_Responder_ZonesApart)->UseManualTime()->Arg(3)->Arg(5)->Arg(10)->Arg(100);
BENCHMARK(BM_Responder_Heat)->UseManualTime()->Arg(50);
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
