// Fills the table of a greylist with several threads while one reads the store: most of a load is waiting for memory.
//
// Thread-safety: one thread calls; rows may go into the table in any order, because they join. Lifetime: the table must
// outlive it. Cost: at most kMostWaiting blocks wait, copied.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "tables/triplet_row.h"
#include "tables/triplet_table.h"

namespace rblitz {

class GreyLoader {
 public:
  static constexpr size_t kMostWaiting = 32;  // blocks

  GreyLoader(TripletTable* table, const TripletRules& rules, uint32_t now, size_t threads);
  // Everything is in the table when it returns.
  ~GreyLoader();
  GreyLoader(const GreyLoader&) = delete;
  GreyLoader& operator=(const GreyLoader&) = delete;

  // Waits while too many blocks do.
  void Take(std::span<const TripletRow> rows);

 private:
  void Run();

  TripletTable* table_;
  const TripletRules rules_;
  const uint32_t now_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<TripletRow>> waiting_;  // guarded by mutex_
  bool ended_ = false;                           // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace rblitz
