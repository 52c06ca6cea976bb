// Questions of a greylist in bursts of 64: message in, answer out, a table of TRIPLETS that have passed behind.
//
// BM_ResponderGrey/TRIPLETS/ALLOW/OPT: half of the questions are of triplets that have passed, the other half of
// others, which are new when they are asked for the first time and within their delay from then on. ALLOW: clients must
// be in a list of prefixes, and are. OPT: questions speak EDNS.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/question_bursts.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/wire.h"
#include "dataplane/greylist.h"
#include "dataplane/responder.h"
#include "dataplane/zone.h"

namespace rblitz {
namespace {

constexpr size_t kQuestions = size_t{1} << 17;
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

void BM_ResponderGrey(benchmark::State& state) {
  const auto triplets = static_cast<uint64_t>(state.range(0));
  auto greylist = std::make_shared<Greylist>(
      Greylist::Setup{.max_triplets = 2 * triplets + 2 * kQuestions, .seed = kSeed, .masks = {}, .workers = 1});
  std::mt19937_64 random(kSeed);
  Fill(greylist->table(), triplets, random);
  greylist->SetReady();
  const std::unique_ptr<const Serving> serving = Serve(greylist, state.range(1) != 0);
  std::vector<std::vector<uint8_t>> questions(kQuestions);
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
  // Every second one is seen early, and has passed by now.
  for (const uint32_t time : {kNow - 1000, kNow - 500}) {
    responder.set_time(time);
    do {
      answer(2);
    } while (!bursts.is_at_begin());
  }
  responder.set_time(kNow);
  for (auto _ : state) {
    answer(1);
    benchmark::DoNotOptimize(burst.messages[0].size);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(io::kBurst));
  const auto of = [&](GreyAnswer which) {
    return static_cast<double>(greylist->worker(0).answers[static_cast<size_t>(which)].value());
  };
  state.counters["known"] = of(GreyAnswer::kKnown) / static_cast<double>(state.items_processed());
  state.counters["ns/question"] = benchmark::Counter(static_cast<double>(state.items_processed()) * 1e-9,
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(BM_ResponderGrey)
    ->Args({20000, 0, 0})
    ->Args({20000, 1, 0})
    ->Args({20000, 1, 1})
    ->Args({10000000, 1, 0})
    ->Args({10000000, 1, 1});

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
