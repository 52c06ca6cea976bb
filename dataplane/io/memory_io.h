// Frames in memory: the same path as a DPDK port (Ethernet, ARP, IPv4, UDP, DNS), without a port. For tests, replay,
// fuzzing and benchmarks.
//
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/io/packet_io.h"
#include "dataplane/net/own_addresses.h"
#include "dataplane/stats.h"

namespace rblitz::io {

class MemoryIo : public PacketIo {
 public:
  MemoryIo(net::OwnAddresses own, WorkerStats* stats);
  ~MemoryIo() override;

  // Frames that the next Receive calls take, in order; copied in.
  void Push(std::span<const uint8_t> frame);
  // Frames that Send and the replies below DNS (ARP, ICMP) gave since the last call.
  [[nodiscard]] std::vector<std::vector<uint8_t>> TakeSent();

  void Receive(Burst& burst) noexcept override;
  void Send(Burst& burst) noexcept override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz::io
