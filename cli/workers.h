// Everything that serves: the DPDK ports and kernel sockets of a configuration, one worker each, and their counters.
//
// Thread-safety: Open, Launch and Stop on the main thread; counters may be read by any thread.
// Lifetime: what is served must outlive Stop. Errors: Open says which port or socket failed and why.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "cli/config.h"
#include "dataplane/io/dpdk_io.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/io/socket_io.h"
#include "dataplane/stats.h"
#include "dataplane/worker.h"
#include "tables/rcu.h"

namespace rblitz {

class Workers {
 public:
  // Opens the ports and sockets; nothing is received yet.
  [[nodiscard]] static Result<std::unique_ptr<Workers>> Open(const Config& config);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void Launch(const Published<Serving>* serving);

  // Answers what is still coming in, for at most a second, and returns when all workers have stopped.
  void Stop();

  [[nodiscard]] std::span<const std::unique_ptr<WorkerStats>> stats() const { return stats_; }
  [[nodiscard]] uint64_t Sum(Counter WorkerStats::*counter) const;
  [[nodiscard]] std::vector<io::DpdkPortInfo> ports() const;
  // The first of stats() are theirs.
  [[nodiscard]] size_t dpdk_workers() const { return dpdk_workers_; }
  // Datagrams that the kernel dropped because a socket's buffer was full.
  [[nodiscard]] uint64_t socket_losses() const;
  // Whether there are as many as CPUs, so that whoever loads takes time from one of them.
  [[nodiscard]] bool occupy_every_cpu() const { return cpus_ != 0 && ios_.size() >= cpus_; }

 private:
  Workers() = default;
  WorkerStats* AddStats() { return stats_.emplace_back(std::make_unique<WorkerStats>()).get(); }
  void Drain() const;

  size_t cpus_ = 0;  // that this process may run on; 0: not known
  std::vector<std::unique_ptr<WorkerStats>> stats_;
  std::unique_ptr<io::Dpdk> dpdk_;                  // after stats_, in which its ports count
  std::vector<std::unique_ptr<io::PacketIo>> ios_;  // of the stats_ at the same index; those of DPDK first
  std::vector<const io::SocketIo*> sockets_;        // those of ios_ that are sockets
  size_t dpdk_workers_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;  // of ios_
  std::vector<std::thread> threads_;              // of the sockets
  std::atomic<bool> stop_{false};
};

}  // namespace rblitz
