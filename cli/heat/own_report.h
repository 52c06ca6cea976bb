// How hot an operator's own networks are, and what is around them: "are my own ranges hot?"
//
// What counts is a /24 of IPv4, and of IPv6 a network of the next smaller length that heat is known of
// (tables/heat6_table.h); of a network that is smaller than that, the one that it is in. It is warm from a score on.
// Around a network is the next larger /20, /16 or /8, of IPv6 the /48 or /32, without any of the own networks.
//
// Thread-safety: pure. Cost: for each own network a look at all that is around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/heat/marks.h"
#include "cli/heat/scored.h"
#include "cli/heat/source.h"

namespace rblitz {

// What is around an own network.
struct OwnSurroundings {
  std::string network;
  unsigned highest = 0;
  uint64_t warm = 0;
  std::vector<ScoredNetwork> hottest;  // of those that are warm
};

// Addresses that are listed.
struct OwnListing {
  std::string zone;
  std::string feed;  // the first that lists some
  std::string text;  // of the first address
  double addresses = 0;
  std::vector<std::string> first;  // networks and ranges, some of them
};

struct OwnHeat {
  OwnNetwork own;
  unsigned unit = 24;                  // the length of what counts
  unsigned score = 0;                  // the highest in it
  uint64_t sum = 0;                    // of all scores in it
  uint64_t parts = 0;                  // of that length in it; 0: too many to tell
  uint64_t known = 0;                  // of these something is known of
  uint64_t warm = 0;                   // of these
  uint64_t hotter = 0;                 // networks of that length, anywhere, with a higher score
  uint64_t compared = 0;               // networks of that length, anywhere, that something is known of
  std::vector<ScoredNetwork> hottest;  // of those that are warm
  std::optional<OwnSurroundings> around;
  std::optional<int> change;                      // of the score; absent: not known
  std::optional<std::vector<OwnListing>> listed;  // by zone; absent: nobody was asked
};

struct OwnQuestion {
  unsigned min_score = 64;
  size_t most = 5;  // networks to name, of each kind
};

// In the order in which they were given.
[[nodiscard]] std::vector<OwnHeat> ReportOwn(const std::vector<OwnNetwork>& own, const HeatSource& source,
                                             const OwnQuestion& question);

// The worst first: listed ones, then by score and by how much is warm.
void SortWorstFirst(std::vector<OwnHeat>* report);

[[nodiscard]] bool IsListed(const OwnHeat& own);

}  // namespace rblitz
