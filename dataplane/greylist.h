// The state of a greylist: its table, and what each worker changes and counts. Made at the start and shared by all that
// is served since, so that a reload loses nothing.
//
// Thread-safety: the table is everybody's (tables/triplet_table.h); a PerWorker belongs to its worker, which pushes and
// counts, and to the one thread that takes its rows; anybody may read its counters.
// Ordering: SetReady releases what was loaded to those who see is_ready.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "dataplane/grey_question.h"
#include "dataplane/stats.h"
#include "tables/triplet_ring.h"
#include "tables/triplet_table.h"

namespace rblitz {

[[nodiscard]] std::string_view GreyAnswerName(GreyAnswer answer) noexcept;
// As TXT says it: s=pass, defer or block.
[[nodiscard]] std::string_view GreyStateName(GreyAnswer answer) noexcept;
// As TXT says it: why=...
[[nodiscard]] std::string_view GreyReasonName(GreyReason reason) noexcept;

class Greylist {
 public:
  struct Setup {
    uint64_t max_triplets = 0;
    uint64_t seed = 0;
    GreyMasks masks;
    size_t workers = 0;
    bool keeps_journal = false;
  };

  struct alignas(64) PerWorker {
    std::unique_ptr<TripletRing> changes;  // null: nobody wants them
    std::array<Counter, kGreyAnswers> answers;
    std::array<Counter, static_cast<size_t>(GreyReason::kCount)> reasons;  // of the same
    std::array<Counter, kPushedOuts> pushed_out;  // what rows of new triplets took the place of
    Counter looks;                                // which change nothing, and are no answers

    void Count(const GreyDecision& decision) noexcept {
      answers[static_cast<size_t>(decision.answer)].Add(1);
      reasons[static_cast<size_t>(decision.reason)].Add(1);
      if (decision.pushed_out != PushedOut::kNothing) pushed_out[static_cast<size_t>(decision.pushed_out)].Add(1);
    }
  };

  explicit Greylist(const Setup& setup);

  [[nodiscard]] TripletTable& table() noexcept { return table_; }
  [[nodiscard]] const TripletTable& table() const noexcept { return table_; }
  [[nodiscard]] GreyMasks masks() const noexcept { return masks_; }
  [[nodiscard]] size_t workers() const noexcept { return workers_count_; }
  [[nodiscard]] PerWorker& worker(size_t i) noexcept { return workers_[i]; }
  [[nodiscard]] const PerWorker& worker(size_t i) const noexcept { return workers_[i]; }

  // Until what is on disk has been read nothing is deferred.
  void SetReady() noexcept { is_ready_.store(true, std::memory_order_release); }
  [[nodiscard]] bool is_ready() const noexcept { return is_ready_.load(std::memory_order_acquire); }

 private:
  const GreyMasks masks_;
  const size_t workers_count_;
  std::unique_ptr<PerWorker[]> workers_;
  std::atomic<bool> is_ready_{false};
  TripletTable table_;
};

}  // namespace rblitz
