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

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tables/hash.h"
#include "tables/huge_array.h"
#include "tables/triplet_row.h"

namespace rblitz {

class NetworkRecords {
 public:
  struct Record {
    uint32_t new_rows = 0;  // in this window of RecentSeconds; windows do not slide
    bool passed = false;    // within the lifetime
  };
  struct Home {
    uint32_t line;
    uint32_t tag;
  };

  // Room for about `networks`.
  NetworkRecords(size_t networks, uint64_t seed);

  [[nodiscard]] Home HomeOf(uint64_t network) const noexcept {
    const uint64_t hash = Hash64(network, 0, seed_);
    return {.line = static_cast<uint32_t>((hash >> 32) * lines_.size() >> 32),
            .tag = std::max(static_cast<uint32_t>(hash & 0xfffff), 1u)};
  }
  // What to prefetch.
  [[nodiscard]] const void* LineOf(Home home) const noexcept { return &lines_[home.line]; }
  [[nodiscard]] Record Look(Home home, const RulesAt& at) const noexcept;
  void NoteNewRow(Home home, const RulesAt& at) noexcept;
  void NotePass(Home home, uint32_t when_minutes, const RulesAt& at) noexcept;

  [[nodiscard]] size_t bytes() const noexcept { return lines_.bytes(); }
  void Back() noexcept { lines_.Back(); }

 private:
  static constexpr size_t kRecordsPerLine = 8;
  struct alignas(64) Line {
    std::atomic<uint64_t> records[kRecordsPerLine];

    // Bit i: record i has this tag; of 0: it is empty.
    [[nodiscard]] uint32_t Matches(uint32_t tag) const noexcept;
  };

  struct Place {
    std::atomic<uint64_t>* record = nullptr;
    uint64_t word = 0;
  };
  [[nodiscard]] static Place PlaceOf(Line* line, uint32_t tag, bool may_push_out_passes, const RulesAt& at) noexcept;
  template <class Change>
  void Update(Home home, bool may_push_out_passes, const RulesAt& at, Change change) noexcept;

  uint64_t seed_;
  HugeArray<Line> lines_;
};

}  // namespace rblitz
