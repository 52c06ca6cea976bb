// The heat of a feed's IPv6 networks while it is read, and how it is added up: what is known of a network counts for
// all larger ones around it, counts with counts, and scores with scores, 255 at most.
//
// A network of another length than those of tables/heat6_table.h counts for the next larger one that it is in; one that
// is larger than all of them for each that it has, 128 at most.
//
// Thread-safety: none. Units: values as the feed's. Cost: 16 bytes an entry.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "tables/heat6_table.h"
#include "tables/ip6.h"

namespace rblitz {

class Heat6Draft {
 public:
  // What is larger has more /32s than a line may cost.
  static constexpr unsigned kLeastLength = 25;

  // `adds`: values of one network are added up; else the highest counts.
  explicit Heat6Draft(bool adds) : adds_(adds) {}

  // REQUIRES: network.length >= kLeastLength; value > 0.
  void Add(const Ip6Prefix& network, float value);

  [[nodiscard]] uint64_t bytes() const noexcept;

  // Of all networks that were given, whatever their length, each with what lines say of it itself. REQUIRES: called
  // before Sum.
  [[nodiscard]] std::vector<float> Values();
  // Adds up. REQUIRES: called once, before Finish.
  void Sum();
  // Scores of 0 are left out. REQUIRES: called last.
  [[nodiscard]] Heat6Networks Finish(const std::function<uint8_t(float)>& score_of) const;

 private:
  struct Entry {
    uint64_t prefix;
    float value;
  };
  using Entries = std::vector<Entry>;

  void Join(Entries* entries) const;

  const bool adds_;
  std::array<Entries, kHeat6Lengths.size()> entries_;
  std::array<size_t, kHeat6Lengths.size()> join_at_{};  // entries of which many may be of one network
};

}  // namespace rblitz
