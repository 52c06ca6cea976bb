// P3, the peers' part: the tables that others use for such sets, asked the same questions in the same batches.
//
// BM_RteHash: DPDK's cuckoo hash, looked up in bulk. BM_Lfht: liburcu's hash table, one after another within one
// read-side section a batch, as its interface has it. BM_RteFib (DIR24-8) and BM_RteLpm: DPDK's routing tables, in
// bulk or four at a time, at sizes that they can be filled to. BM_UnorderedSet: the standard library's. None is asked
// for networks here.
//
// For pages of 2 MiB, as our table has: DPDK takes its memory from reserved ones where there are any (start_dpdk.h),
// liburcu gets its own from the C library, with GLIBC_TUNABLES=glibc.malloc.hugetlb=1 in
// transparent ones. bench/run does both. The counter `huge_MB` says what there was.
#include <benchmark/benchmark.h>
#include <rte_fib.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_lpm.h>
#include <rte_vect.h>
#include <urcu/urcu-qsbr.h>
// After the flavour that it uses.
#include <urcu/rculfhash.h>

#include <algorithm>
#include <any>
#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "bench/lookups.h"
#include "bench/start_dpdk.h"
#include "tables/huge_array.h"

namespace rblitz {
namespace {

constexpr size_t kBatch = kMaxBatch;
constexpr uint32_t kListed = 1;
constexpr uint32_t kNoHop = 2;

// Of the networks nothing is in these tables.
class RteHash {
 public:
  explicit RteHash(const bench::DataSet& set) {
    bench::StartDpdk();
    rte_hash_parameters parameters{};
    parameters.name = "rte_hash";
    parameters.entries = static_cast<uint32_t>(set.listed.size() + set.listed.size() / 8);
    parameters.key_len = sizeof(uint32_t);
    parameters.hash_func = rte_hash_crc;
    table_.reset(rte_hash_create(&parameters));
    if (!table_) std::abort();
    for (const uint32_t address : set.listed) rte_hash_add_key(table_.get(), &address);
  }

  size_t Find(const uint32_t* questions) const {
    std::array<const void*, kBatch> keys;
    for (size_t i = 0; i < kBatch; ++i) keys[i] = &questions[i];
    std::array<int32_t, kBatch> positions;
    rte_hash_lookup_bulk(table_.get(), keys.data(), kBatch, positions.data());
    size_t found = 0;
    for (const int32_t position : positions) found += position >= 0;
    return found;
  }

 private:
  std::unique_ptr<rte_hash, void (*)(rte_hash*)> table_{nullptr, rte_hash_free};
};

class Lfht {
 public:
  explicit Lfht(const bench::DataSet& set) : nodes_(set.listed.size()) {
    urcu_qsbr_register_thread();
    size_t buckets = 1;
    while (buckets < nodes_.size()) buckets *= 2;
    table_ = cds_lfht_new_flavor(buckets, buckets, buckets, 0, &urcu_qsbr_flavor, nullptr);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      cds_lfht_node_init(&nodes_[i].node);
      nodes_[i].address = set.listed[i];
      cds_lfht_add(table_, rte_hash_crc_4byte(set.listed[i], 0), &nodes_[i].node);
    }
  }
  ~Lfht() {
    for (size_t i = 0; i < nodes_.size(); ++i) cds_lfht_del(table_, &nodes_[i].node);
    cds_lfht_destroy(table_, nullptr);
    urcu_qsbr_unregister_thread();
  }
  Lfht(const Lfht&) = delete;
  Lfht& operator=(const Lfht&) = delete;

  size_t Find(const uint32_t* questions) const {
    size_t found = 0;
    urcu_qsbr_read_lock();
    for (size_t i = 0; i < kBatch; ++i) {
      cds_lfht_iter iter;
      cds_lfht_lookup(table_, rte_hash_crc_4byte(questions[i], 0), IsAddress, &questions[i], &iter);
      found += cds_lfht_iter_get_node(&iter) != nullptr;
    }
    urcu_qsbr_read_unlock();
    return found;
  }

 private:
  struct Node {
    cds_lfht_node node;
    uint32_t address;
  };
  static int IsAddress(cds_lfht_node* node, const void* key) {
    return reinterpret_cast<const Node*>(node)->address == *static_cast<const uint32_t*>(key);
  }

  HugeArray<Node> nodes_;
  cds_lfht* table_;
};

class RteFib {
 public:
  explicit RteFib(const bench::DataSet& set) {
    bench::StartDpdk();
    rte_fib_conf conf{};
    conf.type = RTE_FIB_DIR24_8;
    conf.max_routes = static_cast<int>(2 * set.listed.size());
    conf.dir24_8.nh_sz = RTE_FIB_DIR24_8_4B;
    conf.dir24_8.num_tbl8 = static_cast<uint32_t>(set.listed.size() + 1);
    table_.reset(rte_fib_create("rte_fib", -1, &conf));
    if (!table_) std::abort();
    for (const uint32_t address : set.listed) rte_fib_add(table_.get(), address, 32, kListed);
  }

  size_t Find(const uint32_t* questions) const {
    std::array<uint64_t, kBatch> hops;
    rte_fib_lookup_bulk(table_.get(), const_cast<uint32_t*>(questions), hops.data(), kBatch);
    size_t found = 0;
    for (const uint64_t hop : hops) found += hop == kListed;
    return found;
  }

 private:
  std::unique_ptr<rte_fib, void (*)(rte_fib*)> table_{nullptr, rte_fib_free};
};

class RteLpm {
 public:
  explicit RteLpm(const bench::DataSet& set) {
    bench::StartDpdk();
    rte_lpm_config config{};
    config.max_rules = static_cast<uint32_t>(set.listed.size());
    config.number_tbl8s = static_cast<uint32_t>(set.listed.size() + 1);
    table_.reset(rte_lpm_create("rte_lpm", -1, &config));
    if (!table_) std::abort();
    for (const uint32_t address : set.listed) rte_lpm_add(table_.get(), address, 32, kListed);
  }

  size_t Find(const uint32_t* questions) const {
    std::array<uint32_t, kBatch> hops;
    for (size_t i = 0; i < kBatch; i += 4) {
      const auto four = _mm_loadu_si128(reinterpret_cast<const xmm_t*>(&questions[i]));
      rte_lpm_lookupx4(table_.get(), four, &hops[i], kNoHop);
    }
    size_t found = 0;
    for (const uint32_t hop : hops) found += hop == kListed;
    return found;
  }

 private:
  std::unique_ptr<rte_lpm, void (*)(rte_lpm*)> table_{nullptr, rte_lpm_free};
};

// For scale only: what everybody has.
class UnorderedSet {
 public:
  explicit UnorderedSet(const bench::DataSet& set) : listed_(set.listed.begin(), set.listed.end()) {}

  size_t Find(const uint32_t* questions) const {
    size_t found = 0;
    for (size_t i = 0; i < kBatch; ++i) found += listed_.count(questions[i]);
    return found;
  }

 private:
  std::unordered_set<uint32_t> listed_;
};

// One table at a time: the largest take gigabytes, and a minute to fill.
std::any held;
size_t held_size = 0;

template <class Table>
const Table& TableOf(const bench::DataSet& set) {
  if (!std::any_cast<std::shared_ptr<Table>>(&held) || held_size != set.listed.size()) {
    held.reset();
    held = std::make_shared<Table>(set);
    held_size = set.listed.size();
  }
  return **std::any_cast<std::shared_ptr<Table>>(&held);
}

// Of this process, in pages of 2 MiB.
double HugeMegabytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  double kilobytes = 0;
  for (std::string word; file >> word;) {
    double value = 0;
    if ((word == "AnonHugePages:" || word == "Private_Hugetlb:" || word == "Shared_Hugetlb:") && file >> value)
      kilobytes += value;
  }
  return kilobytes / 1024;
}

template <class Table>
void BM_Peer(benchmark::State& state) {
  const bench::DataSet& set = bench::DataSetOf(static_cast<size_t>(state.range(0)), 1);
  const Table& table = TableOf<Table>(set);
  const std::vector<uint32_t> questions = bench::MakeQuestions(set, bench::kQuestions);
  const std::vector<bool>& listed = bench::ListedOf(set, questions, false);
  size_t found = 0;
  for (size_t at = 0; at < bench::kQuestions; at += kBatch) {
    const size_t of_batch = table.Find(&questions[at]);
    found += of_batch;
    if (at >= bench::kChecked) continue;
    const auto begin = listed.begin() + static_cast<ptrdiff_t>(at);
    if (std::count(begin, begin + kBatch, true) != static_cast<ptrdiff_t>(of_batch)) {
      return state.SkipWithError("a wrong answer");
    }
  }
  if (!bench::IsRight(found, bench::kQuestions, 50)) return state.SkipWithError("wrong answers");
  size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.Find(&questions[at]));
    at = (at + kBatch) % bench::kQuestions;
  }
  bench::SetRate(state, state.iterations() * static_cast<int64_t>(kBatch));
  state.counters["huge_MB"] = HugeMegabytes();
}

BENCHMARK(BM_Peer<RteHash>)->Name("BM_RteHash")->Arg(60000)->Arg(10000000)->Arg(100000000);
BENCHMARK(BM_Peer<Lfht>)->Name("BM_Lfht")->Arg(60000)->Arg(10000000)->Arg(100000000);
BENCHMARK(BM_Peer<UnorderedSet>)->Name("BM_UnorderedSet")->Arg(60000)->Arg(10000000);
BENCHMARK(BM_Peer<RteFib>)->Name("BM_RteFib")->Arg(1000000);
BENCHMARK(BM_Peer<RteLpm>)->Name("BM_RteLpm")->Arg(100000);

}  // namespace
}  // namespace rblitz
