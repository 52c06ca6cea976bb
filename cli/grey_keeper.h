// The thread that keeps a greylist on disk: it reads the store at the start, then writes what workers change to the
// journal once an interval, and snapshots when the journal has grown.
//
// While the disk takes nothing, answers go on from memory: what could not be written is kept, up to kMostWaiting rows,
// and tried again; beyond that a snapshot makes up for it as soon as the disk is there again.
//
// Until all that is on disk has been read nothing is deferred; what cannot be read is tried again and again, and is
// left as it is.
//
// Thread-safety: Start and Stop on one thread; all else on any. A Done is called once, on the keeper's thread, or at
// once where nothing is kept.
// Errors: in figures() and in the log, once each time they begin and end. Cost: an interval's rows twice in memory.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/greylist.h"
#include "loaders/grey_store.h"
#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

struct GreyFigures {
  std::string error;               // why the disk does not have all; empty: it has
  std::vector<std::string> notes;  // what was wrong with files at the start
  uint64_t loaded_rows = 0;
  double load_seconds = 0;
  uint64_t cut_bytes = 0;
  uint64_t written_rows = 0;
  uint64_t waiting_rows = 0;
  uint64_t failed_writes = 0;
  uint64_t journal_bytes = 0;
  uint64_t snapshots = 0;
  int64_t snapshot_at = 0;  // seconds since 1970; 0: none since the start
};

class GreyKeeper {
 public:
  using Done = std::function<void(const Status&)>;

  static constexpr size_t kMostWaiting = size_t{1} << 18;  // of workers

  // Without a store everything is in memory alone.
  GreyKeeper(std::string zone, std::shared_ptr<Greylist> greylist, std::unique_ptr<GreyStore> store,
             const TripletRules& rules, uint32_t interval_ms);
  ~GreyKeeper();
  GreyKeeper(const GreyKeeper&) = delete;
  GreyKeeper& operator=(const GreyKeeper&) = delete;

  void Start();
  // REQUIRES: no worker changes rows any more. Writes what is left.
  void Stop();

  void SetInterval(uint32_t interval_ms) { interval_ms_ = interval_ms; }

  // Rows that somebody else than a worker has changed; `done` is told when they are on the disk, or why they are not
  // yet.
  void Submit(std::vector<TripletRow> rows, Done done);

  [[nodiscard]] GreyFigures figures() const;
  [[nodiscard]] bool keeps_store() const { return store_ != nullptr; }

 private:
  using Clock = std::chrono::steady_clock;

  void Run();
  [[nodiscard]] bool Wait(std::chrono::milliseconds pause);
  [[nodiscard]] bool Load();
  [[nodiscard]] std::chrono::milliseconds interval() const { return std::chrono::milliseconds(interval_ms_); }
  [[nodiscard]] bool Collect();
  void GiveUpChanges();
  void Flush();
  void MaySnapshot();
  void Snapshot();
  void SetError(const Status& status);

  const std::string zone_;
  const std::shared_ptr<Greylist> greylist_;
  const std::unique_ptr<GreyStore> store_;
  const TripletRules rules_;  // of the start: what is expired then is left out

  std::atomic<uint32_t> interval_ms_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_, as are:
  std::vector<TripletRow> submitted_;
  std::vector<Done> waiting_;
  GreyFigures figures_;

  // Of the thread:
  std::vector<TripletRow> rows_;  // not on the disk yet
  std::vector<Done> dones_;       // of those among them
  bool has_all_ = true;           // the files need no snapshot to have what the table has, but for rows_
  uint64_t snapshot_rows_ = 0;
  Clock::duration snapshot_pause_{};
  Clock::time_point next_snapshot_{};
  std::thread thread_;
};

}  // namespace rblitz
