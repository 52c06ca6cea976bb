// Sources of heat that somebody reads page by page over the control socket: as they were when the first page was asked
// for, however long the reading takes and whatever is loaded meanwhile.
//
// Thread-safety: one thread. Lifetime: a reading shares what it is of. Cost: at most kMost readings, each of at most
// what one source has; who does not come back in kPatience has given up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "tables/cell_blocks.h"
#include "tables/heat6_table.h"
#include "tables/heat_table.h"

namespace rblitz {

// What is read: of IPv4 one of the first two.
struct HeatReading {
  std::shared_ptr<const HeatCells> cells;          // of a feed or the traffic
  std::shared_ptr<const HeatTable> table;          // of a zone
  std::shared_ptr<const Heat6Networks> networks6;  // of a feed; null: it has none
  std::shared_ptr<const Heat6Table> table6;        // of a zone
  uint64_t id = 0;                                 // not 0, once it has begun
};

class HeatReadings {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kMost = 4;
  static constexpr std::chrono::seconds kPatience{60};

  HeatReadings();

  // The one that nobody has come back to for longest ends where there are too many. Good until the next call.
  [[nodiscard]] const HeatReading& Begin(HeatReading reading, Clock::time_point now);
  // Null: there is no such reading, or it has ended. Good until the next call.
  [[nodiscard]] const HeatReading* Find(uint64_t id, Clock::time_point now);
  void End(uint64_t id);
  // Ends those that nobody comes back to.
  void Expire(Clock::time_point now);

  [[nodiscard]] size_t count() const noexcept { return readings_.size(); }

 private:
  struct One {
    HeatReading reading;
    Clock::time_point asked_at;
  };

  std::vector<One> readings_;
  uint64_t next_id_;
};

}  // namespace rblitz
