// DNS on DPDK ports: the EAL, the ports and their packet buffers. This file shows no rte_ type; dpdk_io.cc is the only
// file that includes them.
//
// One port has one receive and one send queue a worker. ARP and ICMP echo for the port's own addresses are answered
// below PacketIo; a worker sees DNS messages only.
//
// Thread-safety: Open, Launch, Join on the main thread; each PacketIo belongs to its worker.
// Errors: Open says which EAL argument, port or step failed. Afterwards everything is counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/packet_io.h"
#include "dataplane/stats.h"
#include "tables/result.h"

namespace rblitz::io {

struct DpdkPortConfig {
  uint16_t port = 0;
  std::vector<std::string> addresses;  // "10.53.0.53/24": own address and the length of its network
};

struct DpdkConfig {
  std::vector<std::string> eal;  // as given; --lcores is written here from workers and cores
  std::vector<DpdkPortConfig> ports;
  uint32_t mbufs = 65536;
  uint32_t workers = 1;
  std::vector<int> cores;  // empty: chosen among those this process may run on
};

struct DpdkPortInfo {
  uint16_t port;
  std::string driver;  // net_tap
  std::string mac;     // 02:...
  bool link_up;
  uint64_t missed;  // packets the port had no room for (imissed + rx_nombuf)
  uint64_t errors;
};

class Dpdk {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Dpdk>> Open(const DpdkConfig& config);
  ~Dpdk();  // REQUIRES: Join was called after Launch. Stops and closes the ports.

  // The io of one worker over all ports. `stats` must outlive it; it must not outlive this object.
  [[nodiscard]] std::unique_ptr<PacketIo> io(uint32_t worker, WorkerStats* stats);

  // Runs `work` on the pinned core of `worker`; Join waits until all have returned.
  void Launch(uint32_t worker, std::function<void()> work);
  void Join();

  [[nodiscard]] std::vector<DpdkPortInfo> ports() const;

 private:
  struct Rep;
  explicit Dpdk(std::unique_ptr<Rep> rep) noexcept;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz::io
