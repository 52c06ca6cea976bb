// DPDK for the tables of its libraries: no port, memory of 2 MiB pages where some are reserved (nr_hugepages, 4096 for
// the largest tables), else of small ones.
//
// Thread-safety: one thread. Errors: ends the program.
#pragma once

#include <benchmark/benchmark.h>
#include <rte_eal.h>

#include <cstdlib>
#include <fstream>
#include <vector>

namespace rblitz::bench {

inline bool HasReservedPages() {
  size_t pages = 0;
  std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> pages;
  return pages > 0;
}

// What is not used of 8 GB of small pages is not there.
inline void StartDpdk() {
  static const bool started = [] {
    std::vector<const char*> words = {"bench",          "--no-pci",      "--no-shconf",
                                      "--no-telemetry", "--log-level=1", "--force-max-simd-bitwidth=512"};
    const auto pages = HasReservedPages() ? std::vector{"--in-memory"} : std::vector{"--no-huge", "-m", "8192"};
    words.insert(words.end(), pages.begin(), pages.end());
    if (rte_eal_init(static_cast<int>(words.size()), const_cast<char**>(words.data())) < 0) std::abort();
    return true;
  }();
  benchmark::DoNotOptimize(started);
}

}  // namespace rblitz::bench
