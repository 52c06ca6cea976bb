// P8 and P10: decisions of the greylist in batches of 64, with 10 million triplets that have passed, four a network.
// Besides, the table is as full as a flood of new triplets leaves it: what is new takes the place of a pending row. Of
// BM_DecideRoomy it has room for twice as many rows, of BM_DecideWhitelisted besides a row for each fourth client that
// lets it pass by its credits.
//
// BM_Decide/ROWS/NEW/DOMAINS: percent of questions that are new, each from a network at random; whether senders'
// domains are told. Journal off. BM_Journal: the same with a ring that a second thread takes to a store every 200 ms,
// sync included. BM_Workers/ROWS/NEW/threads:T: decisions a second of the time within Decide of T threads on one table;
// BM_WorkersOnWall: of wall-clock time, questions made included. BM_Load: from a snapshot on disk, page cache warm, to
// a table that is ready. Counters: decisions a second, of the time within Decide; nanoseconds a decision in the 10th
// and 50th percentile of batches.
#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/cycles.h"
#include "loaders/grey_store.h"
#include "tables/triplet_table.h"

namespace rblitz {
namespace {

constexpr uint64_t kSeed = 20261122;
constexpr uint32_t kNow = 1800000000;
constexpr size_t kBatch = TripletTable::kMaxBatch;
constexpr size_t kQuestions = size_t{1} << 20;
constexpr std::chrono::milliseconds kJournalInterval{200};

// SplitMix64.
uint64_t Mixed(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Four triplets a network.
TripletQuestion QuestionOf(uint64_t i, bool has_domain) {
  const uint64_t a = Mixed(i / 4 * 2);
  const uint64_t b = Mixed(2 * i + 1);
  const uint64_t client = kIp4Network | (a >> 32 & ~uint64_t{255}) | i % 4;
  return {.network = client & ~uint64_t{255},
          .client = client,
          .triplet = b,
          .sender = a * b,
          .domain = has_domain ? a | 1 : 0};
}

TripletRow RowOf(uint64_t i) {
  const TripletQuestion q = QuestionOf(i, false);
  return {.key = {.network = q.network, .fingerprint = q.triplet},
          .first = kNow - 86400,
          .last_minutes = MinutesOf(kNow - 60),
          .passed = true};
}

// Questions, of which some are new each time they are asked.
class Asker {
 public:
  Asker(uint64_t rows, unsigned new_percent, bool has_domains, uint64_t first_new)
      : next_new_(first_new), has_domains_(has_domains), questions_(kQuestions), is_new_(kQuestions) {
    std::mt19937_64 random(kSeed + first_new);
    for (size_t i = 0; i < kQuestions; ++i) {
      is_new_[i] = random() % 100 < new_percent;
      questions_[i] = QuestionOf(random() % rows, has_domains);
    }
  }

  std::span<const TripletQuestion> Next() {
    at_ = (at_ + kBatch) % kQuestions;
    for (size_t i = at_; i < at_ + kBatch; ++i) {
      if (is_new_[i]) questions_[i] = QuestionOf(next_new_++, has_domains_);
    }
    std::copy_n(&questions_[at_], kBatch, batch_.begin());  // as packets are: in the first-level cache
    return batch_;
  }

  // Decisions on the last batch, compared with what was asked.
  void Judge(std::span<const GreyDecision> decisions) {
    for (size_t i = 0; i < kBatch; ++i) {
      const GreyAnswer answer = decisions[i].answer;
      const bool is_taken_for_new = answer == GreyAnswer::kDefer || answer == GreyAnswer::kUnrecorded;
      if (is_new_[at_ + i] != 0) {
        invented_ += !is_taken_for_new;
      } else {
        ++known_;
        forgotten_ += is_taken_for_new;
      }
    }
  }
  // Of the triplets that have passed, the share whose rows found no room, or had to go.
  [[nodiscard]] double forgotten() const {
    return static_cast<double>(forgotten_) / static_cast<double>(std::max<uint64_t>(known_, 1));
  }
  // Nothing new was taken for known, and no more has been forgotten than groups overflow in such a table; a few more of
  // few are chance.
  [[nodiscard]] bool AreRight(bool is_full) const {
    return invented_ == 0 && forgotten_ <= 20 + known_ / (is_full ? 20 : 1000);
  }

 private:
  uint64_t next_new_;
  bool has_domains_;
  std::vector<TripletQuestion> questions_;
  std::vector<char> is_new_;
  std::array<TripletQuestion, kBatch> batch_;
  size_t at_ = 0;
  uint64_t invented_ = 0;
  uint64_t known_ = 0;
  uint64_t forgotten_ = 0;
};

// New questions of each asker are its own.
uint64_t FirstNew() {
  static std::atomic<uint64_t> askers{0};
  return ++askers << 40;
}

enum class Fill : uint8_t {
  kFull,   // as a flood leaves it: pending rows stand wherever rows that have passed do not
  kRoomy,  // twice as many rows could be there
  kWhitelisted,
};

// The first client of each network has its credits.
TripletRow WhitelistOf(uint64_t network) {
  const TripletQuestion q = QuestionOf(4 * network, false);
  constexpr uint64_t kHours = 1 | 2 << 12 | 3 << 24 | uint64_t{4} << 36;
  return {.key = {.network = q.network, .fingerprint = q.client, .kind = TripletKind::kClient},
          .first = kNow - 86400,
          .last_minutes = MinutesOf(kNow - 60),
          .payload = kHours};
}

void LoadRows(TripletTable* table, uint64_t count, TripletRow (*row_of)(uint64_t)) {
  std::array<TripletRow, kBatch> rows;
  for (uint64_t i = 0; i < count; i += rows.size()) {
    const size_t size = std::min<uint64_t>(rows.size(), count - i);
    for (size_t j = 0; j < size; ++j) rows[j] = row_of(i + j);
    table->Load(std::span(rows).first(size), TripletRules(), kNow);
  }
}

// Rows that have passed, and what else there is.
TripletTable& TableOf(uint64_t rows, Fill fill = Fill::kFull, bool anew = false) {
  static std::pair<uint64_t, Fill> has;
  static std::unique_ptr<TripletTable> table;
  if (has == std::pair(rows, fill) && !anew) return *table;
  table.reset();
  table = std::make_unique<TripletTable>(fill == Fill::kFull ? rows : 2 * rows, kSeed);
  const TripletRules rules;
  LoadRows(table.get(), rows, RowOf);
  if (fill == Fill::kWhitelisted) LoadRows(table.get(), rows / 4, WhitelistOf);
  Asker asker(rows, 100, false, FirstNew());
  GreyDecision decisions[kBatch];
  for (uint64_t i = 0; i < rows / 2 && fill == Fill::kFull; i += kBatch) {
    table->Decide(asker.Next(), rules, kNow, nullptr, decisions);
  }
  has = {rows, fill};
  return *table;
}

void Decisions(benchmark::State& state, TripletRing* ring, Fill fill) {
  const auto rows = static_cast<uint64_t>(state.range(0));
  TripletTable& table = TableOf(rows, fill, fill == Fill::kRoomy);  // what is new takes the room
  Asker asker(rows, static_cast<unsigned>(state.range(1)), state.range(2) != 0, FirstNew());
  const TripletRules rules;
  GreyDecision decisions[kBatch];
  std::vector<uint64_t> cycles;
  uint64_t unrecorded = 0;
  uint64_t behind = 0;
  uint64_t whitelisted = 0;
  for (auto _ : state) {
    const std::span<const TripletQuestion> questions = asker.Next();
    const uint64_t begin = __rdtsc();
    table.Decide(questions, rules, kNow, ring, decisions);
    cycles.push_back(__rdtsc() - begin);
    state.SetIterationTime(static_cast<double>(cycles.back()) * SecondsPerCycle());
    for (const GreyDecision& decision : decisions) {
      unrecorded += decision.answer == GreyAnswer::kUnrecorded;
      behind += decision.answer == GreyAnswer::kUnrecorded && decision.reason == GreyReason::kBehind;
      whitelisted += decision.answer == GreyAnswer::kWhitelisted;
    }
    asker.Judge(decisions);
  }
  if (!asker.AreRight(fill == Fill::kFull)) return state.SkipWithError("wrong decisions");
  state.counters["forgotten"] = asker.forgotten();
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  const auto decided = static_cast<double>(cycles.size() * kBatch);
  state.counters["unrecorded"] = static_cast<double>(unrecorded) / decided;
  state.counters["whitelisted"] = static_cast<double>(whitelisted) / decided;
  std::sort(cycles.begin(), cycles.end());
  const double ns = SecondsPerCycle() * 1e9 / kBatch;
  state.counters["p10"] = static_cast<double>(cycles[cycles.size() / 10]) * ns;
  state.counters["p50"] = static_cast<double>(cycles[cycles.size() / 2]) * ns;
  state.counters["behind"] = static_cast<double>(behind) / decided;
}

void BM_Decide(benchmark::State& state) { Decisions(state, nullptr, Fill::kFull); }
// So many iterations that what is new finds free slots all the time.
void BM_DecideRoomy(benchmark::State& state) { Decisions(state, nullptr, Fill::kRoomy); }

void BM_DecideWhitelisted(benchmark::State& state) { Decisions(state, nullptr, Fill::kWhitelisted); }

// A store in a folder that goes with it.
class Store {
 public:
  Store() {
    std::string folder = std::filesystem::temp_directory_path() / "greylist_bench_XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) std::abort();
    folder_ = folder;
    Reopen();
  }
  ~Store() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void Reopen() {
    store_.reset();
    store_ = GreyStore::Open(folder_).value();
  }
  [[nodiscard]] GreyStore& store() { return *store_; }

 private:
  std::string folder_;
  std::unique_ptr<GreyStore> store_;
};

class JournalThread {
 public:
  JournalThread() : thread_([this] { Run(); }) {}
  ~JournalThread() {
    done_ = true;
    thread_.join();
  }
  JournalThread(const JournalThread&) = delete;
  JournalThread& operator=(const JournalThread&) = delete;

  [[nodiscard]] TripletRing* ring() { return &ring_; }

 private:
  void Run() {
    std::vector<TripletRow> rows;
    for (bool last = false; !last;) {
      last = done_;
      if (!last) std::this_thread::sleep_for(kJournalInterval);
      for (rows.clear(); ring_.Front() != nullptr; ring_.Pop()) rows.push_back(*ring_.Front());
      if (!store_.store().Append(rows)) std::abort();
    }
  }

  Store store_;
  TripletRing ring_{1 << 18};  // the largest that a server has
  std::atomic<bool> done_{false};
  std::thread thread_;
};

void BM_Journal(benchmark::State& state) {
  JournalThread journal;
  Decisions(state, journal.ring(), Fill::kFull);
}

enum class Clock : uint8_t { kWithin, kWall };

void DecideOn(benchmark::State& state, Clock clock) {
  const auto rows = static_cast<uint64_t>(state.range(0));
  // Decisions of a full table take longer the more new ones it has seen: each run begins with the same table.
  if (state.thread_index() == 0) TableOf(rows, Fill::kFull, true);
  std::unique_ptr<Asker> asker;
  const TripletRules rules;
  GreyDecision decisions[kBatch];
  asker = std::make_unique<Asker>(rows, static_cast<unsigned>(state.range(1)), false, FirstNew());
  for (auto _ : state) {
    TripletTable& table = TableOf(rows);  // not before: thread 0 makes it
    const std::span<const TripletQuestion> questions = asker->Next();
    if (clock == Clock::kWall) {
      table.Decide(questions, rules, kNow, nullptr, decisions);
      continue;
    }
    _mm_mfence();  // questions that are made are not the table's to wait for
    _mm_lfence();
    const uint64_t begin = __rdtsc();
    table.Decide(questions, rules, kNow, nullptr, decisions);
    _mm_mfence();  // and what it has written is
    _mm_lfence();
    state.SetIterationTime(static_cast<double>(__rdtsc() - begin) * SecondsPerCycle());
    asker->Judge(decisions);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  if (clock == Clock::kWithin && !asker->AreRight(true)) state.SkipWithError("wrong decisions");
}

void BM_Workers(benchmark::State& state) { DecideOn(state, Clock::kWithin); }
void BM_WorkersOnWall(benchmark::State& state) { DecideOn(state, Clock::kWall); }

void BM_Load(benchmark::State& state) {
  const auto rows = static_cast<uint64_t>(state.range(0));
  Store store;
  const auto walk = [&](const auto& take) {
    for (uint64_t i = 0; i < rows; ++i) take(RowOf(i));
  };
  if (!store.store().Snapshot(walk)) std::abort();
  const TripletRules rules;
  for (auto _ : state) {
    store.Reopen();
    TripletTable table(rows, kSeed);
    if (!store.store().Load([&](std::span<const TripletRow> block) { table.Load(block, rules, kNow); })) std::abort();
    benchmark::DoNotOptimize(table);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

constexpr int64_t kRows = 10000000;

BENCHMARK(BM_Load)->Arg(kRows)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BM_Decide)
    ->Args({10000, 0, 0})
    ->Args({10000, 50, 0})
    ->Args({kRows, 0, 0})
    ->Args({kRows, 10, 0})
    ->Args({kRows, 50, 0})
    ->Args({kRows, 100, 0})
    ->Args({kRows, 0, 1})
    ->Args({kRows, 50, 1})
    ->UseManualTime();
// Of the same table; for as long as its ring would fill several times if nothing took what is new.
BENCHMARK(BM_Journal)->Args({kRows, 10, 0})->UseManualTime()->MinTime(3);
BENCHMARK(BM_DecideRoomy)->Args({kRows, 50, 0})->UseManualTime()->Iterations(100000);
BENCHMARK(BM_DecideWhitelisted)->Args({kRows, 0, 0})->UseManualTime()->Iterations(100000);
BENCHMARK(BM_DecideRoomy)->Args({20000, 50, 0})->UseManualTime()->Iterations(200);
// As many decisions of one thread as of two together.
BENCHMARK(BM_Workers)->Args({10000, 50})->Threads(1)->Iterations(400)->UseManualTime();
BENCHMARK(BM_Workers)->Args({10000, 50})->Threads(2)->Iterations(200)->UseManualTime();
BENCHMARK(BM_Workers)->Args({kRows, 50})->Threads(1)->Iterations(40000)->UseManualTime();
BENCHMARK(BM_Workers)->Args({kRows, 50})->Threads(2)->Iterations(20000)->UseManualTime();
BENCHMARK(BM_WorkersOnWall)->Args({10000, 50})->Threads(1)->Iterations(400)->UseRealTime();
BENCHMARK(BM_WorkersOnWall)->Args({10000, 50})->Threads(2)->Iterations(200)->UseRealTime();
BENCHMARK(BM_WorkersOnWall)->Args({kRows, 50})->Threads(1)->Iterations(40000)->UseRealTime();
BENCHMARK(BM_WorkersOnWall)->Args({kRows, 50})->Threads(2)->Iterations(20000)->UseRealTime();

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
