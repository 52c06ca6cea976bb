// One port and the packet path of one worker over all ports. Private to dpdk_io.
//
// Thread-safety: ports are const once they are open; a DpdkPacketIo belongs to its worker.
#pragma once

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/dpdk_io.h"
#include "dataplane/io/dpdk_io_idle.h"
#include "dataplane/io/frame_path.h"
#include "dataplane/io/packet_io.h"
#include "tables/result.h"

namespace rblitz::io {

struct DpdkPort {
  uint16_t id = 0;
  std::string driver;
  uint16_t queues = 0;        // of each direction
  uint32_t first_worker = 0;  // whose queue 0 is; queue q is that of worker (first_worker + q) % workers
  // The kernel's interface behind a port whose driver does not know its link; 0: there is none.
  unsigned interface = 0;
  rte_mempool* pool = nullptr;
  std::unique_ptr<KernelPort> kernel;  // null: what is not ours is dropped
  net::OwnAddresses own;
  uint16_t mtu = 0;
  // The kernel hands over what a sender on this machine left for hardware to checksum, without saying so.
  bool may_be_partial = false;
  bool has_interrupts = false;  // not asked but under IdleMode::kInterrupt

  // Configures and starts the port. A port that Open started must be closed.
  [[nodiscard]] static Result<std::unique_ptr<DpdkPort>> Open(const DpdkPortConfig& config, uint32_t workers,
                                                              rte_mempool* pool, IdleMode idle);
  ~DpdkPort();

  [[nodiscard]] DpdkPortInfo Info() const;
};

class DpdkPacketIo final : public PacketIo {
 public:
  // Over the queues that are this worker's.
  DpdkPacketIo(const std::vector<std::unique_ptr<DpdkPort>>& ports, uint32_t worker, uint32_t workers, IdleMode idle,
               WorkerStats* stats);

  void Receive(Burst& burst) noexcept override;
  void Send(Burst& burst) noexcept override;
  [[nodiscard]] ClientAddress ClientOf(const Message& message) const noexcept override;
  [[nodiscard]] bool can_wait() const noexcept override { return idle_->is_due(); }
  void Wait(int milliseconds) noexcept override;

 private:
  struct Port {
    uint16_t id;
    uint16_t queue;
    bool may_be_partial;
    FrameRing* to_kernel;  // null: the port has no kernel side
    FramePath path;
  };
  // Whose frames from the kernel this worker sends.
  struct KernelSide {
    uint16_t id;
    uint16_t queue;
    rte_mempool* pool;
    KernelPort* kernel;
  };

  [[nodiscard]] static size_t DropSegmented(Port& port, rte_mbuf** mbufs, size_t n) noexcept;
  void Take(Port& port, rte_mbuf** mbufs, size_t n, Burst& burst) noexcept;
  static void GiveToKernel(Port& port, rte_mbuf* mbuf) noexcept;
  static void SendFromKernel(const KernelSide& side) noexcept;
  static void SendReplies(Port& port, rte_mbuf** mbufs, const Fate* fates, size_t n) noexcept;

  std::vector<Port> ports_;  // one a queue
  std::vector<KernelSide> kernel_sides_;
  std::unique_ptr<DpdkIdle> idle_;
  size_t current_ = 0;                   // the port that the burst came from
  std::array<rte_mbuf*, kBurst> mbufs_;  // by message
};

}  // namespace rblitz::io
