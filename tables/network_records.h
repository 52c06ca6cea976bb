// What is remembered of client networks beside their rows: how many new rows each made lately, and when it last passed.
// Derived from rows, never stored; heuristics of greylisting read it, so a record that was pushed out costs protection,
// not correctness.
//
// A record is one atomic word, eight a cache line, a line a bucket; 20 bits of the network's hash tell the records of a
// bucket apart (two networks share one with odds of 7 in a million). A new record takes an empty place, else one whose
// network made no row in this window and has no pass, else the least busy one without a pass; the oldest pass makes
// room for another pass alone.
//
// Thread-safety: all from any thread, lock-free: a change is one compare-and-swap of one word. Ordering: relaxed; no
// other memory is published by a record. Units: seconds since 1970; passes are kept by the day. Cost: one cache line.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tables/huge_array.h"
#include "tables/triplet_row.h"

namespace rblitz {

class NetworkRecords {
 public:
  struct Record {
    uint32_t new_rows = 0;  // in this window of RecentSeconds; windows do not slide
    bool passed = false;    // within the lifetime
  };

  // Room for about `networks`.
  NetworkRecords(size_t networks, uint64_t seed);

  void Prefetch(uint64_t network) const noexcept { __builtin_prefetch(&lines_[LineOf(HashOf(network))]); }
  [[nodiscard]] Record Look(uint64_t network, const TripletRules& rules, uint32_t now) const noexcept;
  void NoteNewRow(uint64_t network, const TripletRules& rules, uint32_t now) noexcept;
  void NotePass(uint64_t network, const TripletRules& rules, uint32_t when, uint32_t now) noexcept;

  [[nodiscard]] size_t bytes() const noexcept { return lines_.bytes(); }

 private:
  static constexpr size_t kRecordsPerLine = 8;
  struct alignas(64) Line {
    std::atomic<uint64_t> records[kRecordsPerLine];
  };

  static uint64_t FindPlace(Line* line, const TripletRules& rules, uint32_t now, std::atomic<uint64_t>** place,
                            uint64_t* old) noexcept;
  template <class Change>
  void Update(uint64_t network, bool may_push_out_passes, const TripletRules& rules, uint32_t now,
              Change change) noexcept;
  [[nodiscard]] uint64_t HashOf(uint64_t network) const noexcept;
  [[nodiscard]] size_t LineOf(uint64_t hash) const noexcept {
    return static_cast<size_t>((hash >> 32) * lines_.size() >> 32);
  }

  uint64_t seed_;
  HugeArray<Line> lines_;
};

}  // namespace rblitz
