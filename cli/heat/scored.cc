#include "cli/heat/scored.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace rblitz {

void Hottest::Add(std::string network, unsigned score) {
  if (!Wants(score)) return;
  const auto behind = std::ranges::upper_bound(networks_, score, std::greater<>(), &ScoredNetwork::score);
  networks_.insert(behind, {.network = std::move(network), .score = score});
  if (networks_.size() > most_) networks_.pop_back();
}

uint64_t ScoreCounts::Hotter(unsigned score) const noexcept {
  uint64_t count = 0;
  for (size_t above = score + 1; above < counts_.size(); ++above) count += counts_[above];
  return count;
}

ScoreCounts CountScores(const HeatCells& cells) {
  ScoreCounts counts;
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    const HeatCells::Block* const scores = cells.block(block);
    if (scores == nullptr) continue;
    for (const uint8_t score : *scores) counts.Add(score);
  }
  return counts;
}

}  // namespace rblitz
