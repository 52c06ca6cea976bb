// Questions that are no IPv4 addresses, in bursts of 64 over tables that no cache holds: message in, answer out.
//
// BM_ResponderNames/N/FEEDS: N names of three labels, listed with all that is below them, dealt out to the feeds of one
// zone; half of the questions are listed. BM_ResponderIp6/N/FEEDS: the same with random /64s.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/data_set.h"
#include "bench/question_bursts.h"
#include "bench/right_answer.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/wire.h"
#include "dataplane/responder.h"
#include "dataplane/zone.h"
#include "tables/ip4_builder.h"
#include "tables/ip6_builder.h"
#include "tables/name_builder.h"

namespace rblitz {
namespace {

constexpr size_t kQuestions = size_t{1} << 19;
constexpr std::string_view kZone = "bl.example.com";

uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

std::string NameOf(uint64_t number) {
  std::string name = "host";
  for (uint64_t bits = Mix(number), i = 0; i < 12; ++i, bits /= 26) {
    name += static_cast<char>('a' + bits % 26);
    if (i == 1) name += '.';
  }
  return name + ".t" + std::to_string(number % 300);
}

std::string NibblesOf(uint64_t number) {
  std::string name = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
  for (uint64_t bits = Mix(number), i = 0; i < 16; ++i, bits >>= 4) name += {"0123456789abcdef"[bits & 15], '.'};
  name.pop_back();
  return name;
}

std::vector<uint8_t> Question(const std::string& name) {
  const dns::Name wire = dns::NameFromText(name + "." + std::string(kZone));
  std::vector<uint8_t> out(dns::kHeaderSize + wire.size + 4u);
  dns::Store16(&out[2], dns::kRd);
  dns::Store16(&out[4], 1);
  std::copy_n(wire.bytes.begin(), wire.size, &out[dns::kHeaderSize]);
  dns::Store16(&out[dns::kHeaderSize + wire.size], dns::kA);
  dns::Store16(&out[dns::kHeaderSize + wire.size + 2u], dns::kIn);
  return out;
}

using AddNumber = void (*)(uint64_t number, ValueId value, NameBuilder& names, Ip6Builder& ip6);

std::unique_ptr<const Serving> Serve(size_t entries, size_t feeds, AddNumber add) {
  Snapshot snapshot;
  ZoneConfig zone{.name = std::string(kZone)};
  for (size_t f = 0; f < feeds; ++f) {
    auto feed = std::make_shared<FeedData>();
    feed->name = "feed" + std::to_string(f);
    BuildReport report;
    feed->ip4 =
        std::make_shared<const Ip4Table>(Ip4Builder(Precedence::kPieces, &feed->verdicts).Build(nullptr, &report));
    const ValueId value = feed->verdicts.Intern({.a_be = 0x0200007f, .text = kNoText});
    NameBuilder names(&feed->verdicts);
    Ip6Builder ip6;
    for (uint64_t number = f; number < entries; number += feeds) add(number, value, names, ip6);
    auto name_table = std::make_shared<const NameTable>(names.Build(nullptr, &report));
    auto ip6_table = std::make_shared<const Ip6Table>(ip6.Build(nullptr, &report));
    if (name_table->entries() > 0) feed->names = std::move(name_table);
    if (ip6_table->entries() > 0) feed->ip6 = std::move(ip6_table);
    snapshot.feeds.push_back(std::move(feed));
    zone.feeds.push_back(static_cast<uint32_t>(f));
  }
  auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  if (!serving) std::abort();
  return std::move(*serving);
}

// Each answer to the first questions is compared with whether its number is one of the entries.
bool AnswersAreRight(const Serving& serving, bench::QuestionBursts& bursts, const std::vector<bool>& listed) {
  const auto stats = std::make_unique<WorkerStats>();
  Responder responder(stats.get());
  io::Burst burst;
  for (size_t asked = 0; asked < bench::kChecked; asked += burst.count) {
    bursts.Next(burst);
    responder.Answer(burst, serving);
    for (size_t i = 0; i < burst.count; ++i) {
      const io::Message& answer = burst.messages[i];
      if (!bench::IsRight({answer.payload, answer.size}, listed[asked + i] ? bench::kListed : bench::kNone))
        return false;
    }
  }
  return true;
}

void Run(benchmark::State& state, AddNumber add, std::string (*name_of)(uint64_t)) {
  const auto entries = static_cast<uint64_t>(state.range(0));
  const std::unique_ptr<const Serving> serving = Serve(entries, static_cast<size_t>(state.range(1)), add);
  std::mt19937_64 random(20261128);
  std::vector<std::vector<uint8_t>> questions(kQuestions);
  std::vector<bool> listed(kQuestions);
  for (size_t i = 0; i < kQuestions; ++i) {
    listed[i] = random() % 2 == 0;
    questions[i] = Question(name_of(random() % entries + (listed[i] ? 0 : entries)));
  }
  const auto stats = std::make_unique<WorkerStats>();
  Responder responder(stats.get());
  bench::QuestionBursts bursts(std::move(questions));
  if (!AnswersAreRight(*serving, bursts, listed)) return state.SkipWithError("a wrong answer");
  io::Burst burst;
  for (auto _ : state) {
    bursts.Next(burst);
    responder.Answer(burst, *serving);
    benchmark::DoNotOptimize(burst.messages[0].size);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(io::kBurst));
  state.counters["ns/question"] = benchmark::Counter(static_cast<double>(state.items_processed()) * 1e-9,
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

std::vector<uint8_t> WireOf(const std::string& text) {
  const dns::Name name = dns::NameFromText(text);
  return {name.bytes.begin(), name.bytes.begin() + name.size - 1};
}

void BM_ResponderNames(benchmark::State& state) {
  Run(
      state,
      [](uint64_t number, ValueId value, NameBuilder& names, Ip6Builder&) {
        names.Add(WireOf(NameOf(number)), NameForm::kBoth, value);
      },
      NameOf);
}
void BM_ResponderIp6(benchmark::State& state) {
  Run(
      state,
      [](uint64_t number, ValueId value, NameBuilder&, Ip6Builder& ip6) {
        ip6.Add({.address = {.high = Mix(number), .low = 0}, .length = 64}, value);
      },
      NibblesOf);
}

BENCHMARK(BM_ResponderNames)->Args({100000, 1})->Args({10000000, 1})->Args({10000000, 8});
BENCHMARK(BM_ResponderIp6)->Args({100000, 1})->Args({10000000, 1})->Args({10000000, 8});

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
