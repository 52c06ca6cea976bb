// Tells the log when somebody else was seen with an address of ours on a port, which a worker has counted: a line at
// once, then at most one a minute for each worker.
//
// Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
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

  void Look(std::span<const std::unique_ptr<WorkerStats>> workers, Clock::time_point now);

 private:
  struct Told {
    uint64_t count = 0;
    Clock::time_point at;
  };
  std::vector<Told> told_;  // by worker
};

// "10.53.0.53" or "fd53::53", and "02:...".
[[nodiscard]] std::string AddressText(const LastConflict::Seen& seen);
[[nodiscard]] std::string MacText(const LastConflict::Seen& seen);

}  // namespace rblitz
