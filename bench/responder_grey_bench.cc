// Questions of a greylist in bursts of 64: message in, answer out, a table of TRIPLETS that have passed behind.
//
// BM_ResponderGrey/TRIPLETS/ALLOW/OPT: half of the questions are of triplets that have passed, the other half of
// others, which are new when they are asked for the first time and within their delay from then on. ALLOW: clients must
// be in a list of prefixes, and are. OPT: questions speak EDNS. BM_ResponderGreyNew: each is asked once, so that what
// has not passed is new. Afterwards the answers to the first questions are compared with what they must be.
#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/cycles.h"
#include "bench/data_set.h"
#include "bench/question_bursts.h"
#include "bench/right_answer.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/wire.h"
#include "dataplane/greylist.h"
#include "dataplane/responder.h"
#include "dataplane/zone.h"

namespace rblitz {
namespace {

constexpr uint32_t kNow = 1800000000;
constexpr uint64_t kSeed = 20261128;
constexpr std::string_view kZone = "grey.example.com";

class OneClient : public io::Clients {
 public:
  [[nodiscard]] io::ClientAddress ClientOf(const io::Message&) const noexcept override {
    return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  }
};

std::string Hex(std::mt19937_64& random, size_t digits) {
  std::string text;
  for (size_t i = 0; i < digits; ++i) text += "0123456789abcdef"[random() & 15];
  return text;
}

std::vector<uint8_t> Question(std::mt19937_64& random, bool has_opt) {
  std::string name = Hex(random, 32) + "." + Hex(random, 32);
  for (int octet = 0; octet < 4; ++octet) name += "." + std::to_string(random() & 255);
  const dns::Name wire = dns::NameFromText(name + "." + std::string(kZone));
  std::vector<uint8_t> out(dns::kHeaderSize + wire.size + 4u);
  dns::Store16(&out[2], dns::kRd);
  dns::Store16(&out[4], 1);
  dns::Store16(&out[10], has_opt);
  std::copy_n(wire.bytes.begin(), wire.size, &out[dns::kHeaderSize]);
  dns::Store16(&out[dns::kHeaderSize + wire.size], dns::kA);
  dns::Store16(&out[dns::kHeaderSize + wire.size + 2u], dns::kIn);
  if (has_opt) out.insert(out.end(), {0, 0, dns::kOpt, 4, 208, 0, 0, 0, 0, 0, 0});
  return out;
}

std::unique_ptr<const Serving> Serve(std::shared_ptr<Greylist> state, bool allow) {
  ZoneConfig zone{.name = std::string(kZone)};
  zone.grey = GreyZoneConfig{.state = std::move(state), .rules = {}};
  if (allow) zone.allow = {{.address = {.high = 0, .low = kV4MappedLow | 0xc0000200}, .length = 120}};
  auto serving = BuildServing({}, {&zone, 1}, {});
  if (!serving) std::abort();
  return std::move(*serving);
}

// Triplets that nobody asks for.
void Fill(TripletTable& table, uint64_t rows, std::mt19937_64& random) {
  for (uint64_t i = 0; i < rows; ++i) {
    const uint64_t network = kIp4Network | (random() & 0xffffff00);
    const TripletRow row{.key = {.network = network, .fingerprint = random()},
                         .first = kNow - 86400,
                         .last_minutes = MinutesOf(kNow - 60),
                         .passed = true};
    table.Load({&row, 1}, {}, kNow);
  }
}

// Every second triplet has passed, the others are within their delay.
constexpr uint32_t kKnown = 0x0300007f;
constexpr uint32_t kDeferred = 0x0400007f;
constexpr uint32_t kUnrecorded = 0x0900007f;

// Asks the first questions once more. A few found no room beside others that have passed, or had to go: how many;
// nothing where an answer is wrong, as when somebody else who has not passed is let through.
constexpr size_t kMostWithoutRoom = bench::kChecked / 50;

std::optional<size_t> CountWithoutRoom(bench::QuestionBursts& bursts, io::Burst& burst,
                                       const std::function<void()>& answer) {
  while (!bursts.is_at_begin()) bursts.Next(burst);
  size_t without_room = 0;
  for (size_t asked = 0; asked < bench::kChecked; asked += burst.count) {
    answer();
    for (size_t i = 0; i < burst.count; ++i) {
      const std::span<const uint8_t> message(burst.messages[i].payload, burst.messages[i].size);
      const bool has_passed = (asked + i) % 2 == 0;
      if (bench::IsRight(message, has_passed ? kKnown : kDeferred)) continue;
      if (!bench::IsRight(message, kUnrecorded) && !(has_passed && bench::IsRight(message, kDeferred))) return {};
      ++without_room;
    }
  }
  return without_room;
}

// `each_once`: what has not passed is new; else it is asked for once more before.
void Run(benchmark::State& state, size_t question_count, bool each_once) {
  const auto triplets = static_cast<uint64_t>(state.range(0));
  auto greylist = std::make_shared<Greylist>(
      Greylist::Setup{.max_triplets = 2 * triplets + 2 * question_count, .seed = kSeed, .masks = {}, .workers = 1});
  std::mt19937_64 random(kSeed);
  Fill(greylist->table(), triplets, random);
  greylist->SetReady();
  const std::unique_ptr<const Serving> serving = Serve(greylist, state.range(1) != 0);
  std::vector<std::vector<uint8_t>> questions(question_count);
  for (auto& question : questions) question = Question(random, state.range(2) != 0);
  const auto stats = std::make_unique<WorkerStats>();
  Responder responder(stats.get());
  bench::QuestionBursts bursts(std::move(questions));
  const OneClient client;
  io::Burst burst;
  burst.clients = &client;
  const auto answer = [&](size_t step) {
    bursts.Next(burst, step);
    responder.Answer(burst, *serving);
  };
  const auto answer_all = [&](size_t step) {
    do answer(step);
    while (!bursts.is_at_begin());
  };
  // Every second one is seen early, and has passed by now.
  for (const uint32_t time : {kNow - 1000, kNow - 500}) {
    responder.set_time(time);
    answer_all(2);
  }
  responder.set_time(kNow);
  if (!each_once) answer_all(1);
  const auto decided = [&](GreyReason why) {
    return static_cast<double>(greylist->worker(0).reasons[static_cast<size_t>(why)].value());
  };
  const double known_before = decided(GreyReason::kKnown);
  const double new_before = decided(GreyReason::kNew);
  for (auto _ : state) {
    bursts.Next(burst);  // of more questions than a cache holds; not timed
    const uint64_t begin = __rdtsc();
    responder.Answer(burst, *serving);
    state.SetIterationTime(static_cast<double>(__rdtsc() - begin) * SecondsPerCycle());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(io::kBurst));
  const auto decided_share = [&](GreyReason why, double before) {
    return (decided(why) - before) / static_cast<double>(state.items_processed());
  };
  state.counters["known"] = decided_share(GreyReason::kKnown, known_before);
  state.counters["new"] = decided_share(GreyReason::kNew, new_before);
  constexpr double kHalf = 0.5;
  constexpr double kOff = 0.05;  // of few questions, some of which found no room
  if (std::abs(decided_share(GreyReason::kKnown, known_before) - kHalf) > kOff ||
      std::abs(decided_share(GreyReason::kNew, new_before) - (each_once ? kHalf : 0)) > kOff) {
    return state.SkipWithError("other decisions than were to be timed");
  }
  state.counters["ns/question"] = benchmark::Counter(static_cast<double>(state.items_processed()) * 1e-9,
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  const std::optional<size_t> without_room = CountWithoutRoom(bursts, burst, [&] { answer(1); });
  if (!without_room) return state.SkipWithError("a wrong answer");
  state.counters["no room"] = static_cast<double>(*without_room) / bench::kChecked;
  if (*without_room > kMostWithoutRoom) state.SkipWithError("too many have no room");
}

void BM_ResponderGrey(benchmark::State& state) { Run(state, size_t{1} << 17, false); }
void BM_ResponderGreyNew(benchmark::State& state) {
  Run(state, static_cast<size_t>(state.max_iterations) * io::kBurst, true);
}

BENCHMARK(BM_ResponderGrey)->UseManualTime()->Args({20000, 0, 0})->Args({20000, 1, 0})->Args({20000, 1, 1});
BENCHMARK(BM_ResponderGrey)->UseManualTime()->Args({10000000, 1, 0})->Args({10000000, 1, 1})->Iterations(8192);
BENCHMARK(BM_ResponderGreyNew)->UseManualTime()->Args({20000, 1, 0})->Iterations(1024);
BENCHMARK(BM_ResponderGreyNew)->UseManualTime()->Args({10000000, 1, 0})->Iterations(16384);

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
