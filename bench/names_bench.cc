// P4: lookups in the name table in batches of 64, questions half of which are listed; digests likewise.
//
// BM_RteHash/N: the peer's: DPDK's cuckoo hash of 64-bit fingerprints (XXH3) of the names, asked in bulk for the same
// suffixes, both of them always. It knows neither values nor whether a name is listed for itself or for what is below.
//
// BM_NameTable_Batch/N/VALUES: N names of two to four labels for themselves and what is below them, with this many
// values, asked for with names of three labels: every suffix counts for which there may be an entry, which are the name
// and its domain. Hashing is part of it. Counters: nanoseconds a lookup, bytes a name (the names above it counted).
#include <benchmark/benchmark.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/start_dpdk.h"
#include "tables/hash_builder.h"
#include "tables/name_builder.h"

namespace rblitz {
namespace {

constexpr uint64_t kSeed = 20261122;
constexpr size_t kQuestions = size_t{1} << 20;

using Wire = std::vector<uint8_t>;

void AppendLabel(Wire& name, std::string_view label) {
  name.push_back(static_cast<uint8_t>(label.size()));
  name.insert(name.end(), label.begin(), label.end());
}

std::string Word(uint64_t bits, size_t size) {
  std::string word;
  for (; word.size() < size; bits /= 36) word += "abcdefghijklmnopqrstuvwxyz0123456789"[bits % 36];
  return word;
}

// SplitMix64: cheap to start, so that a name can be made from its number alone.
class Splitmix {
 public:
  explicit Splitmix(uint64_t seed) : state_(seed) {}
  uint64_t operator()() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

 private:
  uint64_t state_;
};

// A name can be told from its number. A third are registered domains below 300 top-level domains, a third hosts in
// domains of their own, a third hosts that share their domain with three others.
Wire NameOf(uint64_t number) {
  const bool shares = number % 3 == 2;
  const uint64_t domain = shares ? ~(number / 12) : number;
  Splitmix random(domain);
  Wire name;
  if (shares) AppendLabel(name, Word(number % 12, 3));
  if (number % 3 != 0) AppendLabel(name, Word(random(), 4));
  AppendLabel(name, Word(random(), 12));
  AppendLabel(name, Word(1000 + domain % 300 * 36, 3));
  return name;
}

struct NameSet {
  std::unique_ptr<const NameTable> table;
  BuildReport report;
};

const NameSet& NamesOf(size_t count, uint32_t values) {
  static std::map<std::pair<size_t, uint32_t>, NameSet> sets;
  auto [set, inserted] = sets.try_emplace({count, values});
  if (!inserted) return set->second;
  Verdicts verdicts;
  std::vector<ValueId> ids;
  for (uint32_t a = 1; a <= values; ++a) ids.push_back(verdicts.Intern({.a_be = a, .text = kNoText}));
  NameBuilder builder(&verdicts);
  builder.Reserve(count);
  for (size_t i = 0; i < count; ++i) builder.Add(NameOf(i), NameForm::kBoth, ids[i % values]);
  set->second.table = std::make_unique<const NameTable>(builder.Build(nullptr, &set->second.report));
  return set->second;
}

void SetRate(benchmark::State& state) {
  const int64_t lookups = state.iterations() * static_cast<int64_t>(kMaxBatch);
  state.SetItemsProcessed(lookups);
  state.counters["ns/lookup"] = benchmark::Counter(static_cast<double>(lookups) * 1e-9,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Questions of three labels, one after another in memory as a burst of packets has them; those that are not listed have
// a domain that is not.
struct Questions {
  void Hash(size_t first, std::span<HashedName> names) const {
    for (size_t i = 0; i < names.size(); ++i) {
      const uint32_t begin = at[first + i];
      names[i].Assign({&bytes[begin], at[first + i + 1] - begin});
    }
  }

  std::vector<uint8_t> bytes;
  std::vector<uint32_t> at = {0};
  std::vector<bool> listed;
};

Questions MakeQuestions(size_t names, unsigned hit_percent) {
  std::mt19937_64 random(kSeed);
  Questions questions;
  while (questions.at.size() <= kQuestions) {
    // Hosts in domains of their own are listed, and nearly all they are looked up among.
    const uint64_t listed = random() % (names / 3) * 3 + 1;
    questions.listed.push_back(random() % 100 < hit_percent);
    const Wire name = NameOf(questions.listed.back() ? listed : 3 * names + listed);
    questions.bytes.insert(questions.bytes.end(), name.begin(), name.end());
    questions.at.push_back(static_cast<uint32_t>(questions.bytes.size()));
  }
  questions.bytes.resize(questions.bytes.size() + kLabelSlack);
  return questions;
}

// Kept until others are asked for: a benchmark is called many times before it is measured.
const Questions& QuestionsOf(size_t names, unsigned hit_percent) {
  static std::pair<size_t, unsigned> has;
  static Questions questions;
  if (has != std::pair(names, hit_percent)) {
    questions = MakeQuestions(names, hit_percent);
    has = {names, hit_percent};
  }
  return questions;
}

void Lookups(benchmark::State& state, unsigned hit_percent) {
  const NameSet& set = NamesOf(static_cast<size_t>(state.range(0)), static_cast<uint32_t>(state.range(1)));
  const Questions& questions = QuestionsOf(static_cast<size_t>(state.range(0)), hit_percent);
  constexpr size_t kStep = 8;
  HashedName names[kMaxBatch];
  NameMatch matches[kMaxBatch];
  for (size_t at = 0; at < kQuestions; at += kMaxBatch) {
    questions.Hash(at, names);
    set.table->Find(names, matches);
    for (size_t i = 0; i < kMaxBatch; ++i) {
      if ((matches[i].value != kNotListed) != questions.listed[at + i]) return state.SkipWithError("a wrong answer");
    }
  }
  size_t at = 0;
  for (auto _ : state) {
    // Lines of some names arrive while the next ones are hashed.
    for (size_t first = 0; first < kMaxBatch; first += kStep) {
      questions.Hash(at + first, {&names[first], kStep});
      set.table->Prefetch({&names[first], kStep});
    }
    set.table->Find(names, matches);
    benchmark::DoNotOptimize(matches);
    benchmark::ClobberMemory();
    at = (at + kMaxBatch) % kQuestions;
  }
  SetRate(state);
  state.counters["bytes/name"] = static_cast<double>(set.table->bytes()) / static_cast<double>(set.table->entries());
}

void BM_NameTable_Batch(benchmark::State& state) { Lookups(state, 50); }
void BM_NameTable_Hit(benchmark::State& state) { Lookups(state, 100); }
void BM_NameTable_Miss(benchmark::State& state) { Lookups(state, 0); }

// A name's and its domain's fingerprints, of as many questions as fill a bulk.
class RteHashOfNames {
 public:
  explicit RteHashOfNames(size_t names) {
    bench::StartDpdk();
    rte_hash_parameters parameters{};
    parameters.name = "names";
    parameters.entries = static_cast<uint32_t>(names + names / 8);
    parameters.key_len = sizeof(uint64_t);
    parameters.hash_func = rte_hash_crc;
    table_.reset(rte_hash_create(&parameters));
    if (!table_) std::abort();
    for (size_t i = 0; i < names; ++i) {
      const Wire name = NameOf(i);
      const uint64_t key = XXH3_64bits(name.data(), name.size());
      rte_hash_add_key_with_hash(table_.get(), &key, static_cast<uint32_t>(key));
    }
  }

  // Bit i: question first + i is listed. REQUIRES: at most 32.
  uint64_t Find(const Questions& questions, size_t first, size_t count) const {
    std::array<uint64_t, kMaxBatch> keys;
    std::array<const void*, kMaxBatch> pointers;
    std::array<uint32_t, kMaxBatch> hashes;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t begin = questions.at[first + i];
      const size_t size = questions.at[first + i + 1] - begin;
      const uint8_t* const name = &questions.bytes[begin];
      const size_t first_label = name[0] + size_t{1};
      keys[2 * i] = XXH3_64bits(name, size);
      keys[2 * i + 1] = XXH3_64bits(name + first_label, size - first_label);
    }
    for (size_t i = 0; i < 2 * count; ++i) {
      pointers[i] = &keys[i];
      hashes[i] = static_cast<uint32_t>(keys[i]);  // a fingerprint needs no other hash
    }
    std::array<int32_t, kMaxBatch> positions;
    rte_hash_lookup_with_hash_bulk(table_.get(), pointers.data(), hashes.data(), static_cast<uint32_t>(2 * count),
                                   positions.data());
    uint64_t found = 0;
    for (size_t i = 0; i < count; ++i) {
      found |= static_cast<uint64_t>(positions[2 * i] >= 0 || positions[2 * i + 1] >= 0) << i;
    }
    return found;
  }

 private:
  std::unique_ptr<rte_hash, void (*)(rte_hash*)> table_{nullptr, rte_hash_free};
};

void BM_RteHash(benchmark::State& state) {
  const auto names = static_cast<size_t>(state.range(0));
  static std::pair<size_t, std::unique_ptr<RteHashOfNames>> has;  // one size at a time
  if (has.first != names) {
    has.second.reset();
    has = {names, std::make_unique<RteHashOfNames>(names)};
  }
  const RteHashOfNames& table = *has.second;
  const Questions& questions = QuestionsOf(names, 50);
  constexpr size_t kBulk = kMaxBatch / 2;
  for (size_t at = 0; at < kQuestions; at += kBulk) {
    const uint64_t found = table.Find(questions, at, kBulk);
    for (size_t i = 0; i < kBulk; ++i) {
      if ((found >> i & 1) != questions.listed[at + i]) return state.SkipWithError("a wrong answer");
    }
  }
  size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.Find(questions, at, kBulk));
    benchmark::DoNotOptimize(table.Find(questions, at + kBulk, kBulk));
    at = (at + kMaxBatch) % kQuestions;
  }
  SetRate(state);
}

// Only the hashing, which several feeds of a zone share.
void BM_NameTable_Hash(benchmark::State& state) {
  const Questions& questions = QuestionsOf(1000000, 50);
  HashedName names[kMaxBatch];
  size_t at = 0;
  for (auto _ : state) {
    questions.Hash(at, names);
    benchmark::DoNotOptimize(names);
    benchmark::ClobberMemory();
    at = (at + kMaxBatch) % kQuestions;
  }
  SetRate(state);
}

// From names to a table: what a load does after parsing.
void BM_NameBuilder(benchmark::State& state) {
  std::vector<Wire> names;
  for (uint64_t i = 0; i < static_cast<uint64_t>(state.range(0)); ++i) names.push_back(NameOf(i));
  for (auto _ : state) {
    Verdicts verdicts;
    NameBuilder builder(&verdicts);
    builder.Reserve(names.size());
    for (const Wire& name : names) builder.Add(name, NameForm::kBoth, 1);
    BuildReport report;
    benchmark::DoNotOptimize(builder.Build(nullptr, &report));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

Digest RandomDigest(std::mt19937_64& random, size_t size) {
  Digest digest{.size = static_cast<uint8_t>(size)};
  for (size_t i = 0; i < size; ++i) digest.bytes[i] = static_cast<uint8_t>(random());
  return digest;
}

// N digests of SIZE bytes, one value.
void BM_HashTable_Batch(benchmark::State& state) {
  std::mt19937_64 random(kSeed);
  Verdicts verdicts;
  HashBuilder builder(&verdicts);
  const auto count = static_cast<size_t>(state.range(0));
  const auto size = static_cast<size_t>(state.range(1));
  std::vector<Digest> questions;
  for (size_t i = 0; i < count; ++i) {
    const Digest digest = RandomDigest(random, size);
    builder.Add(digest, 1);
    if (i % 10 == 0) questions.push_back(digest);
    if (i % 10 == 5) questions.push_back(RandomDigest(random, size));
  }
  std::shuffle(questions.begin(), questions.end(), random);
  BuildReport report;
  const HashTable table = builder.Build(nullptr, &report);
  ValueId values[kMaxBatch];
  size_t at = 0;
  for (auto _ : state) {
    table.LookupBatch({&questions[at], kMaxBatch}, values);
    benchmark::DoNotOptimize(values);
    benchmark::ClobberMemory();
    at = at + 2 * kMaxBatch <= questions.size() ? at + kMaxBatch : 0;
  }
  SetRate(state);
  state.counters["bytes/digest"] = static_cast<double>(table.bytes()) / static_cast<double>(table.entries());
}

BENCHMARK(BM_NameTable_Batch)
    ->Args({1000, 1})
    ->Args({100000, 1})
    ->Args({1000000, 1})
    ->Args({10000000, 1})
    ->Args({10000000, 1000});
BENCHMARK(BM_RteHash)->Arg(100000)->Arg(10000000);
BENCHMARK(BM_NameTable_Hit)->Args({10000000, 1});
BENCHMARK(BM_NameTable_Miss)->Args({10000000, 1});
BENCHMARK(BM_NameTable_Hash);
BENCHMARK(BM_NameBuilder)->Arg(10000000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_HashTable_Batch)->Args({10000000, 16})->Args({10000000, 20})->Args({10000000, 32});

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
