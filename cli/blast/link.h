// Where questions go and answers come from, and whose clock counts: sockets, a DPDK port, or a test's own server with
// a time of its own.
//
// Thread-safety: one thread. Lifetime: what Receive gives is valid until the next Receive. Units: ns.
// Errors: what is not taken is asked again; what the kernel says of a destination is counted as refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cli/blast/question_set.h"

namespace rblitz::blast {

inline constexpr size_t kBatch = 64;

struct Outgoing {
  uint32_t flow;
  uint16_t size;
  std::array<uint8_t, kMaxQuestion> bytes;
};

struct Arrived {
  uint32_t flow;
  std::span<const uint8_t> message;
};

class Link {
 public:
  virtual ~Link() = default;

  [[nodiscard]] virtual size_t flows() const noexcept = 0;
  // How many questions in a row should go out on one flow.
  [[nodiscard]] virtual size_t run() const noexcept = 0;
  [[nodiscard]] virtual uint64_t Now() noexcept = 0;
  // At most kBatch. Returns how many were taken, from the first on.
  [[nodiscard]] virtual size_t Send(std::span<const Outgoing> questions) noexcept = 0;
  // What has arrived, at most kBatch, without waiting.
  [[nodiscard]] virtual size_t Receive(std::span<Arrived, kBatch> arrived) noexcept = 0;
  // Returns when something may have arrived, and at this time at the latest.
  virtual void Wait(uint64_t until) noexcept = 0;
  // How often the network said that a datagram came to nobody.
  [[nodiscard]] virtual uint64_t refused() const noexcept { return 0; }
};

}  // namespace rblitz::blast
