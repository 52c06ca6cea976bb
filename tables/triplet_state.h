// The two words of a slot of TripletSlots that say what a row is, as bits.
//
//   state  first 32 | last_minutes 24 | passed 1 | forgotten 1 | kind 2 | generation 3 | busy 1
//   extra  epoch 14 | generation's low bits 2 | payload 48
//
// A slot is free where `first` is 0 and it is not busy; its generation stays.
//
// Thread-safety: pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tables/triplet_row.h"

namespace rblitz::triplet_state {

inline constexpr uint64_t kBusy = 1;
inline constexpr uint64_t kGeneration = 7 << 1;
inline constexpr uint64_t kPayload = (uint64_t{1} << 48) - 1;

[[nodiscard]] constexpr bool IsBusy(uint64_t state) { return (state & kBusy) != 0; }
[[nodiscard]] constexpr bool IsFree(uint64_t state) { return state >> 32 == 0 && !IsBusy(state); }
[[nodiscard]] constexpr TripletKind KindOf(uint64_t state) { return static_cast<TripletKind>(state >> 4 & 3); }
[[nodiscard]] constexpr uint32_t FirstOf(uint64_t state) { return static_cast<uint32_t>(state >> 32); }
[[nodiscard]] constexpr uint32_t LastMinutesOf(uint64_t state) {
  return static_cast<uint32_t>(state >> 8 & kMaxLastMinutes);
}
[[nodiscard]] constexpr bool IsForgotten(uint64_t state) { return (state >> 6 & 1) != 0; }
// A triplet that has not passed, as IsPending of its row says. REQUIRES: neither free nor busy.
[[nodiscard]] constexpr bool IsPending(uint64_t state) {
  constexpr uint64_t kPassed = 1 << 7;
  constexpr uint64_t kForgotten = 1 << 6;
  constexpr uint64_t kIsWhitelist = 2 << 4;
  static_assert(static_cast<unsigned>(TripletKind::kDomain) < 2 && static_cast<unsigned>(TripletKind::kClient) == 2);
  return (state & (kPassed | kForgotten | kIsWhitelist)) == 0;
}
[[nodiscard]] constexpr bool IsSameRow(uint64_t a, uint64_t b) { return ((a ^ b) & (kGeneration | kBusy)) == 0; }

[[nodiscard]] constexpr bool IsSameExtra(uint64_t extra, uint64_t state) {
  return (extra >> 48 & 3) == ((state & kGeneration) >> 1 & 3);
}

[[nodiscard]] constexpr uint64_t Freed(uint64_t state) { return state & kGeneration; }
[[nodiscard]] constexpr uint64_t Claimed(uint64_t state) { return ((state + 2) & kGeneration) | kBusy; }

// With the generation of `of`.
[[nodiscard]] constexpr uint64_t Pack(const TripletRow& row, uint64_t of) {
  return uint64_t{std::max(row.first, 1u)} << 32 | uint64_t{std::min(row.last_minutes, kMaxLastMinutes)} << 8 |
         uint64_t{row.passed} << 7 | uint64_t{row.forgotten} << 6 | static_cast<uint64_t>(row.key.kind) << 4 |
         (of & kGeneration);
}
[[nodiscard]] constexpr uint64_t PackExtra(const TripletRow& row, uint64_t of_state) {
  return uint64_t{std::min(row.epoch, kMaxEpoch)} << 50 | ((of_state & kGeneration) >> 1 & 3) << 48 |
         (row.payload & kPayload);
}

// All but network and fingerprint.
[[nodiscard]] constexpr TripletRow Unpack(uint64_t state, uint64_t extra) {
  return {.key = {.network = 0, .fingerprint = 0, .kind = KindOf(state)},
          .first = static_cast<uint32_t>(state >> 32),
          .last_minutes = static_cast<uint32_t>(state >> 8 & kMaxLastMinutes),
          .epoch = static_cast<uint16_t>(extra >> 50),
          .passed = (state >> 7 & 1) != 0,
          .forgotten = (state >> 6 & 1) != 0,
          .payload = extra & kPayload};
}

}  // namespace rblitz::triplet_state
