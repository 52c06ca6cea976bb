#include "dataplane/greylist.h"

#include <algorithm>
#include <bit>

namespace rblitz {

namespace {

// Rows that one worker changes while the journal is written once.
constexpr size_t kMostChanges = size_t{1} << 18;
constexpr size_t kFewestChanges = size_t{1} << 12;

}  // namespace

std::string_view GreyAnswerName(GreyAnswer answer) noexcept {
  static constexpr std::string_view kNames[kGreyAnswers] = {
      "", "", "matured", "known", "defer", "", "whitelisted", "pass_list", "opted_out", "unrecorded", "block"};
  return kNames[static_cast<size_t>(answer)];
}

std::string_view GreyStateName(GreyAnswer answer) noexcept {
  if (answer == GreyAnswer::kDefer) return "defer";
  return answer == GreyAnswer::kBlockList ? "block" : "pass";
}

std::string_view GreyReasonName(GreyReason reason) noexcept {
  static constexpr std::string_view kNames[] = {"new",     "early",     "late",      "matured",   "known",
                                                "client",  "domain",    "full",      "capped",    "behind",
                                                "loading", "pass_list", "opted_out", "block_list"};
  static_assert(std::size(kNames) == static_cast<size_t>(GreyReason::kCount));
  return kNames[static_cast<size_t>(reason)];
}

Greylist::Greylist(const Setup& setup)
    : masks_(setup.masks),
      workers_count_(setup.workers),
      workers_(std::make_unique<PerWorker[]>(setup.workers)),
      table_(setup.max_triplets, setup.seed) {
  const size_t slots = std::clamp(std::bit_ceil(setup.max_triplets / 4), kFewestChanges, kMostChanges);
  for (size_t i = 0; i < setup.workers && setup.keeps_journal; ++i) {
    workers_[i].changes = std::make_unique<TripletRing>(slots);
  }
}

}  // namespace rblitz
