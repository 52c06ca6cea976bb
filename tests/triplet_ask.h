// Asking the table of a greylist one question at a time.
#pragma once

#include <cstdint>
#include <random>

#include "tables/triplet_table.h"

namespace rblitz {

using Random = std::mt19937_64;

inline constexpr uint32_t kNow = 1800000000;

inline TripletQuestion Question(uint64_t network, uint64_t triplet) {
  return {.network = network, .client = network + 9, .triplet = triplet, .sender = triplet + 1};
}

inline GreyDecision Ask(TripletTable* table, const TripletQuestion& question, const TripletRules& rules, uint32_t now,
                        TripletRing* ring = nullptr) {
  GreyDecision decision{};
  table->Decide({&question, 1}, rules, now, ring, &decision);
  return decision;
}

}  // namespace rblitz
