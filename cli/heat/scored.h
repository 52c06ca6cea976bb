// A source of heat as reports ask it: scores of networks of both families by their text, and how they compare.
//
// Thread-safety: const once made. Lifetime: as long as what it was made of. Units: scores 1 to 255, 0 where nothing is
// known.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tables/cell_blocks.h"
#include "tables/heat6_table.h"

namespace rblitz {

struct ScoredNetwork {
  std::string network;
  unsigned score = 0;

  bool operator==(const ScoredNetwork&) const = default;
};

// Takes the hottest of many networks, the first ones of equal scores.
class Hottest {
 public:
  explicit Hottest(size_t most) : most_(most) {}

  // Whether one of this score would be kept.
  [[nodiscard]] bool Wants(unsigned score) const noexcept {
    return most_ > 0 && (networks_.size() < most_ || score > networks_.back().score);
  }
  void Add(std::string network, unsigned score);
  [[nodiscard]] const std::vector<ScoredNetwork>& networks() const noexcept { return networks_; }

 private:
  size_t most_;
  std::vector<ScoredNetwork> networks_;  // the hottest first
};

// How many networks have each score.
class ScoreCounts {
 public:
  void Add(unsigned score) { ++counts_[score]; }
  // Above this one.
  [[nodiscard]] uint64_t Hotter(unsigned score) const noexcept;
  [[nodiscard]] uint64_t known() const noexcept { return Hotter(0); }

 private:
  std::array<uint64_t, 256> counts_{};
};

// Of all /24s.
[[nodiscard]] ScoreCounts CountScores(const HeatCells& cells);

}  // namespace rblitz
