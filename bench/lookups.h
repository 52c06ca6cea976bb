// What benchmarks of tables of addresses share: one set of data at a time, and how rates are told.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

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

// Which of the first questions are listed, for as long as one asks for the same ones.
inline const std::vector<bool>& ListedOf(const DataSet& set, std::span<const uint32_t> questions, bool with_networks) {
  static std::pair<std::vector<uint32_t>, bool> has;
  static std::vector<bool> listed;
  const auto first = questions.first(kChecked);
  if (listed.empty() || has.second != with_networks || !std::ranges::equal(has.first, first)) {
    listed = ListedAmong(set, first, with_networks);
    has = {{first.begin(), first.end()}, with_networks};
  }
  return listed;
}

// Whether as many of the questions were found as are listed, and of the others as few as are by chance.
inline bool IsRight(size_t found, size_t asked, unsigned hit_percent) {
  const size_t listed = asked * hit_percent / 100;
  return found + asked / 200 >= listed && found <= listed + (asked - listed) / 25 + asked / 200;
}

}  // namespace rblitz::bench
