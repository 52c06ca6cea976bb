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

#include <array>
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

// An IPv6 address in network order; an IPv4 one as RFC 4291 section 2.5.5.2 maps it.
using ClientAddress = std::array<uint8_t, 16>;

[[nodiscard]] inline ClientAddress MappedClient(const uint8_t* ip4) noexcept {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ip4[0], ip4[1], ip4[2], ip4[3]};
}

// Tells who asks. Few zones want to know, so that it is read from where it stands (a frame's header, a socket's name)
// and not copied for every message.
class Clients {
 public:
  // Of a message of the burst that was received last, until it is sent.
  [[nodiscard]] virtual ClientAddress ClientOf(const Message& message) const noexcept = 0;

 protected:
  ~Clients() = default;
};

struct Burst {
  size_t count = 0;
  const Clients* clients = nullptr;  // set by whoever receives; null: nobody knows who asks
  bool over_tcp = false;             // set by whoever receives: an answer may fill its capacity
  Message messages[kBurst];
};

class PacketIo : public Clients {
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
