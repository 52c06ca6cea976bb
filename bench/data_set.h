// The data set of the benchmarks (docs/performance.md): N distinct random addresses and 20,000 random networks in one
// feed, fixed seed; questions half of which are listed, in random order; and which of them are, found without any
// table.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tables/ip4_builder.h"
#include "tables/snapshot.h"

namespace rblitz::bench {

inline constexpr uint64_t kSeed = 20261122;
inline constexpr size_t kNetworks = 20000;
// As many questions are compared one by one with what is listed, before a benchmark is timed.
inline constexpr size_t kChecked = size_t{1} << 14;

struct DataSet {
  std::vector<std::shared_ptr<const FeedData>> feeds;
  std::vector<uint32_t> listed;                         // the single addresses, in random order
  std::vector<std::pair<uint32_t, uint32_t>> networks;  // first and last address
};

inline std::shared_ptr<const FeedData> MakeFeed(const std::vector<uint32_t>& addresses, size_t first, size_t step,
                                                uint32_t values, std::mt19937_64& random,
                                                std::vector<std::pair<uint32_t, uint32_t>>* networks = nullptr) {
  auto feed = std::make_shared<FeedData>();
  feed->name = "bench" + std::to_string(first);
  Ip4Builder builder(Precedence::kPieces, &feed->verdicts);
  std::vector<ValueId> ids;
  for (uint32_t i = 0; i < values; ++i) {
    ids.push_back(feed->verdicts.Intern({.a_be = 0x0200007f + (i << 24), .text = kNoText}));
  }
  for (size_t i = first; i < addresses.size(); i += step) builder.Add(addresses[i], ids[addresses[i] % values]);
  for (size_t i = first; i < kNetworks; i += step) {
    const uint32_t host = UINT32_MAX >> (20 + random() % 11);
    const auto network = static_cast<uint32_t>(random()) & ~host;
    builder.AddRange(network, network | host, ids[0]);
    if (networks != nullptr) networks->emplace_back(network, network | host);
  }
  Ip4BuildReport report;
  feed->ip4 = std::make_shared<const Ip4Table>(builder.Build(nullptr, &report));
  return feed;
}

// The addresses have `values` A values and are dealt out to `feeds` feeds.
inline DataSet MakeDataSet(size_t addresses, uint32_t values = 1, size_t feeds = 1) {
  std::mt19937_64 random(kSeed);
  DataSet set;
  set.listed.resize(addresses);
  for (uint32_t& address : set.listed) address = static_cast<uint32_t>(random());
  for (size_t i = 0; i < feeds; ++i) {
    set.feeds.push_back(MakeFeed(set.listed, i, feeds, values, random, &set.networks));
  }
  return set;
}

// `hit_percent` of the questions are listed addresses, each once where there are as many; the others are random. Others
// for another `asker`.
inline std::vector<uint32_t> MakeQuestions(const DataSet& set, size_t count, unsigned hit_percent = 50,
                                           uint64_t asker = 0) {
  constexpr size_t kStride = 7368787;  // a prime: no two steps come to the same address
  std::mt19937_64 random(kSeed + 1 + asker);
  size_t at = random() % set.listed.size();
  std::vector<uint32_t> questions(count);
  for (uint32_t& question : questions) {
    const bool hit = random() % 100 < hit_percent;
    at = (at + (hit ? kStride : 0)) % set.listed.size();
    question = hit ? set.listed[at] : static_cast<uint32_t>(random());
  }
  return questions;
}

// Whether each is listed: of all that is, what is asked for is looked for, not the other way round.
inline std::vector<bool> ListedAmong(const DataSet& set, std::span<const uint32_t> questions,
                                     bool with_networks = true) {
  std::vector<uint32_t> sorted(questions.begin(), questions.end());
  std::ranges::sort(sorted);
  std::vector<bool> found(sorted.size());
  const auto mark = [&](uint32_t first, uint32_t last) {
    for (auto at = std::ranges::lower_bound(sorted, first); at != sorted.end() && *at <= last; ++at) {
      found[static_cast<size_t>(at - sorted.begin())] = true;
    }
  };
  for (const uint32_t address : set.listed) mark(address, address);
  for (const auto& [first, last] : set.networks) {
    if (with_networks) mark(first, last);
  }
  std::vector<bool> listed;
  listed.reserve(questions.size());
  for (const uint32_t question : questions) {
    listed.push_back(found[static_cast<size_t>(std::ranges::lower_bound(sorted, question) - sorted.begin())]);
  }
  return listed;
}

}  // namespace rblitz::bench
