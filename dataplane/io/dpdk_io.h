// DNS on DPDK ports: the EAL, the ports and their packet buffers. This file shows no rte_ type; dpdk_io*.cc are the
// only files that include them.
//
// One port has one receive and one send queue a worker, or as many as it has, among which its hardware spreads the
// questions by their addresses and UDP ports; all share one pool of buffers. One whose queues are fixed when it is made
// (net_pcap, net_ring, net_af_packet, net_af_xdp) has all of them served. Queues are dealt out to the workers port
// after port: the first of a port goes to the worker behind that of the last one before it. A worker takes its bursts
// from its queues in turn. ARP and ICMP echo for a port's own addresses are answered below PacketIo; a worker sees DNS
// messages only. Ports are not promiscuous: what a port that cannot filter brings for others is counted as other_mac. A
// port's verdict on the UDP checksum is used where it has one; senders on the same machine leave checksums to hardware
// that net_af_packet does not have, so its answers get computed ones in that case.
//
// While nothing comes a worker polls on, or sleeps (IdleMode, dpdk_io_idle.h).
//
// Without huge pages (--no-huge) the EAL is given memory for the buffers, unless the configuration says -m, and
// --in-memory, which DPDK 22.11 refuses beside it, becomes --no-shconf.
//
// Thread-safety: Open, Launch, Join and ports on the main thread; each PacketIo belongs to its worker.
// Lifetime: one Dpdk in the life of a process: the EAL cannot be started twice, not even after a failed Open. Signal
// handlers are left alone. Units: bytes counted are those of frames. Errors: Open says which EAL argument, port or step
// failed; drivers say more on stderr. Afterwards everything is counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/frame_io.h"
#include "dataplane/io/kernel_port.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/stats.h"
#include "tables/result.h"

namespace rblitz::io {

struct DpdkPortConfig {
  uint16_t port = 0;
  std::vector<std::string> addresses;  // "10.53.0.53/24": own address and the length of its network
  std::string kernel_port;             // name of the TAP that gets what is not for UDP port 53; empty: it is dropped
};

enum class IdleMode : uint8_t { kPoll, kAdaptive, kInterrupt };

struct DpdkConfig {
  std::vector<std::string> eal;  // as given; --lcores is written here from workers and cores
  std::vector<DpdkPortConfig> ports;
  uint32_t mbufs = 65536;
  uint32_t workers = 1;
  std::vector<int> cores;  // empty: chosen among those this process may run on
  IdleMode idle = IdleMode::kPoll;
};

struct DpdkPortInfo {
  uint16_t port;
  std::string driver;  // net_tap
  std::string mac;     // 02:...
  uint32_t queues;
  bool has_interrupts;  // asked only where the configuration wants them
  bool link_up;
  uint32_t speed_mbps;   // 0: not known
  uint64_t received;     // packets (ipackets)
  uint64_t sent;         // packets (opackets)
  uint64_t missed;       // packets that came faster than they were taken (imissed)
  uint64_t no_buffer;    // packets that no buffer was free for (rx_nombuf)
  uint64_t errors;       // packets that came broken (ierrors)
  uint64_t send_errors;  // packets that the port took and could not send (oerrors)
  KernelPortInfo kernel;
};

class Dpdk {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Dpdk>> Open(const DpdkConfig& config);
  ~Dpdk();  // REQUIRES: Join was called after Launch. Stops and closes the ports.

  // The io of one worker over all ports. `stats` must outlive it; it must not outlive this object.
  [[nodiscard]] std::unique_ptr<PacketIo> io(uint32_t worker, WorkerStats* stats);

  // Whole frames of the first port, for who asks instead of answering: nothing is answered below it, and no worker's io
  // may be used beside it. It must not outlive this object.
  [[nodiscard]] std::unique_ptr<FrameIo> frames();

  // Runs `work` on the pinned core of `worker`, which must not run any; Join waits until all have returned, asleep.
  void Launch(uint32_t worker, std::function<void()> work);
  void Join();

  [[nodiscard]] std::vector<DpdkPortInfo> ports() const;

 private:
  struct Rep;
  explicit Dpdk(std::unique_ptr<Rep> rep) noexcept;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz::io
