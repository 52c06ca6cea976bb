// Everything that serves: the DPDK ports and kernel sockets of a configuration, their workers and counters.
//
// Under io = "kernel" each of the configured workers serves UDP sockets of its own for every listen address, under io =
// "dpdk" each serves the ports and one more thread the UDP sockets. All TCP connections have one thread.
//
// Thread-safety: Open, Launch and Stop on the main thread; counters may be read by any thread.
// Lifetime: what is served must outlive Stop. Errors: Open says which port or socket failed and why.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "cli/config.h"
#include "dataplane/io/dpdk_io.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/io/socket_io.h"
#include "dataplane/io/tcp_io.h"
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
  // Of packets; the thread of TCP is none.
  [[nodiscard]] size_t count() const { return packet_workers_; }

  // A socket that is served, and the datagrams that the kernel dropped because its buffer was full.
  struct Socket {
    std::string address;
    bool is_tcp = false;
    size_t worker = 0;  // of UDP
    uint64_t lost = 0;
  };
  [[nodiscard]] std::vector<Socket> sockets() const;
  [[nodiscard]] const TcpStats* tcp() const { return has_tcp_ ? &tcp_ : nullptr; }
  // The first of stats() are theirs.
  [[nodiscard]] size_t dpdk_workers() const { return dpdk_workers_; }

  // Whether there are as many as CPUs, so that whoever loads takes time from one of them.
  [[nodiscard]] bool occupy_every_cpu() const { return cpus_ != 0 && packet_workers_ >= cpus_; }

 private:
  Workers() = default;
  WorkerStats* AddStats() { return stats_.emplace_back(std::make_unique<WorkerStats>()).get(); }
  [[nodiscard]] Status OpenPorts(const io::DpdkConfig& config);
  [[nodiscard]] Status OpenUdp(std::vector<io::SocketConfig>* configs, size_t workers);
  [[nodiscard]] Status OpenTcp(io::TcpConfig config);
  void Drain() const;

  // A UDP socket that is served.
  struct UdpSocket {
    const io::SocketIo* io;
    std::string address;
    size_t worker;
    bool is_shared;  // with another worker's, whose count of losses is this one's, too
  };

  size_t cpus_ = 0;         // that this process may run on; 0: not known
  std::vector<int> cores_;  // of the workers of UDP; empty: wherever there is time
  std::vector<std::unique_ptr<WorkerStats>> stats_;
  TcpStats tcp_;
  bool has_tcp_ = false;
  std::unique_ptr<io::Dpdk> dpdk_;  // after stats_, in which its ports count
  // Of the stats_ at the same index: those of DPDK, of UDP, of TCP.
  std::vector<std::unique_ptr<io::PacketIo>> ios_;
  std::vector<UdpSocket> udp_sockets_;
  std::vector<std::string> tcp_addresses_;
  size_t dpdk_workers_ = 0;
  size_t packet_workers_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;  // of ios_
  std::vector<std::thread> threads_;              // of the sockets
  std::atomic<bool> stop_{false};
};

}  // namespace rblitz
