// Where DNS messages come from and go to: the whole interface between a worker and the outside. What stands below it (a
// DPDK port with Ethernet, ARP and checksums; a UDP socket; memory) is nobody's business above it.
//
// A worker receives a burst, the responder writes each answer over its question in the same buffer, and the worker
// sends the burst. A message whose size is 0 is dropped by Send; whoever set it to 0 has counted why.
//
// Thread-safety: an object belongs to one worker. Lifetime: messages are valid until the next Send or Receive.
// Errors: none; whatever goes wrong below is counted in the WorkerStats that the implementation was made with.
// Cost: one virtual call a burst.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rblitz::io {

inline constexpr size_t kBurst = 64;

// Implementations guarantee that this many bytes behind `payload + capacity` can be read and written without harm, so
// that kernels may load and store whole vectors. What stands there means nothing.
inline constexpr size_t kSlack = 128;

struct Message {
  uint8_t* payload;   // the DNS message, in the buffer it came in
  uint16_t size;      // bytes: of the question, then of the answer; 0 = send nothing
  uint16_t capacity;  // bytes that an answer may take here, never more than the client's path is good for
  // Set by the responder: ones' complement difference (memory order, folded or not; dataplane/net/checksum.h) between
  // the sums of the answer's payload and the question's. Lets a UDP checksum be carried over (RFC 1624).
  uint32_t sum_change;
};

struct Burst {
  size_t count = 0;
  Message messages[kBurst];
};

class PacketIo {
 public:
  virtual ~PacketIo() = default;

  // Takes what has arrived, at most kBurst messages, without waiting. burst.count may be 0.
  virtual void Receive(Burst& burst) noexcept = 0;

  // Sends every message of the burst that Receive filled and whose size is not 0. Called after each Receive with count
  // > 0.
  virtual void Send(Burst& burst) noexcept = 0;

  // Whether a worker may sleep in Wait when nothing has arrived; a polling port says no.
  [[nodiscard]] virtual bool can_wait() const noexcept { return false; }
  virtual void Wait(int /*milliseconds*/) noexcept {}
};

}  // namespace rblitz::io
