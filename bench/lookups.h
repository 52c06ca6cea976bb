// What benchmarks of tables of addresses share: one set of data at a time, and how rates are told.
#pragma once

#include <benchmark/benchmark.h>

#include <utility>

#include "bench/data_set.h"

namespace rblitz::bench {

inline constexpr size_t kQuestions = size_t{1} << 20;

// Kept until others are asked for: of 100 million addresses a set takes 700 MB.
inline const DataSet& DataSetOf(size_t addresses, uint32_t values) {
  static std::pair<size_t, uint32_t> has;
  static DataSet set;
  if (has != std::pair(addresses, values)) {
    set = {};
    set = MakeDataSet(addresses, values);
    has = {addresses, values};
  }
  return set;
}

inline void SetRate(benchmark::State& state, int64_t lookups) {
  state.SetItemsProcessed(lookups);
  state.counters["ns/lookup"] = benchmark::Counter(static_cast<double>(lookups) * 1e-9,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace rblitz::bench
