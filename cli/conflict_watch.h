// Tells the log when somebody else was seen with an address of ours on a port, which a worker has counted: a line at
// once, then for each worker at most one a minute while it is the same address, and at most one a second when it is
// another. Of what a worker saw between two looks the last is told.
//
// Thread-safety: one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/last_conflict.h"
#include "dataplane/stats.h"

namespace rblitz {

class ConflictWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPause{60};
  static constexpr std::chrono::seconds kPauseToAnother{1};

  void Look(std::span<const std::unique_ptr<WorkerStats>> workers, Clock::time_point now);

 private:
  struct Told {
    uint64_t count = 0;
    Clock::time_point at;
    std::array<uint8_t, 16> address{};
  };
  std::vector<Told> told_;  // by worker
};

// Of what all have seen last.
[[nodiscard]] std::optional<LastConflict::Seen> LatestConflict(std::span<const std::unique_ptr<WorkerStats>> workers);

// "10.53.0.53" or "fd53::53", and "02:...".
[[nodiscard]] std::string AddressText(const LastConflict::Seen& seen);
[[nodiscard]] std::string MacText(const LastConflict::Seen& seen);

}  // namespace rblitz
