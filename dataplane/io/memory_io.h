// Frames in memory: the same path as a DPDK port (Ethernet, ARP, IPv4, IPv6, UDP, DNS), without a port. For tests,
// replay, fuzzing and benchmarks.
//
// Thread-safety: one thread. Lifetime: `stats` must outlive it.
// Cost: a frame is copied once, into one of kBurst buffers that stay in the cache: about 3 ns for 100 bytes, in rounds
// too. Frames wait one after another in memory, so that reading them in order is what a prefetcher expects.
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
  // Larger frames are dropped as oversize, as a port drops what fills more than one buffer.
  static constexpr size_t kMaxFrame = 2048;

  // With `has_kernel` the frames that are the host's are kept for TakeToKernel instead of dropped.
  MemoryIo(net::OwnAddresses own, WorkerStats* stats, bool has_kernel = false);
  ~MemoryIo() override;

  // Frames that the next Receive calls take, in order; copied in.
  void Push(std::span<const uint8_t> frame);
  // Frames that Send and the replies below DNS (ARP, neighbour discovery, ICMP) gave since the last call.
  [[nodiscard]] std::vector<std::vector<uint8_t>> TakeSent();
  // Frames that a kernel would have got, or a copy of, since the last call.
  [[nodiscard]] std::vector<std::vector<uint8_t>> TakeToKernel();

  // From now on the pushed frames come in rounds without end, and what is sent is counted but not kept. REQUIRES:
  // nothing has been received yet.
  void Replay();

  // Brings the next frames into the buffers, as a port's DMA does; Receive does it itself when nobody has. For
  // benchmarks, which do not time what a port does for free.
  void Arrive() noexcept;

  void Receive(Burst& burst) noexcept override;
  void Send(Burst& burst) noexcept override;
  [[nodiscard]] ClientAddress ClientOf(const Message& message) const noexcept override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz::io
