// The loop of one worker: receive a burst, answer it, send it, announce the quiescent state.
//
// Thread-safety: Run is called once, on the thread that shall do the work; everything else of the object belongs to it.
#pragma once

#include <atomic>
#include <cstddef>

#include "dataplane/io/packet_io.h"
#include "dataplane/stats.h"
#include "dataplane/zone.h"
#include "tables/rcu.h"

namespace rblitz {

class Worker {
 public:
  // All must outlive Run. `serving` must have been published once. `index`: among all workers.
  Worker(io::PacketIo* io, const Published<Serving>* serving, WorkerStats* stats, size_t index = 0) noexcept
      : io_(io), serving_(serving), stats_(stats), index_(index) {}

  // Returns soon after `stop` becomes true: within kWaitMs where the io can wait, else within a burst.
  void Run(const std::atomic<bool>& stop);

  static constexpr int kWaitMs = 100;

 private:
  io::PacketIo* io_;
  const Published<Serving>* serving_;
  WorkerStats* stats_;
  size_t index_;
};

}  // namespace rblitz
