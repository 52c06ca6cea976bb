// Whole Ethernet frames of one port, as they come and go: for whoever speaks first, and does not answer in place as
// workers do (packet_io.h).
//
// Thread-safety: an object belongs to one thread. Lifetime: what Receive gives is valid until the next Receive, what
// Allocate gives until the next Send. Units: bytes. Errors: none; what a port does not take is the caller's to count.
// Cost: one virtual call a burst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/io/packet_io.h"
#include "dataplane/net/own_addresses.h"

namespace rblitz::io {

class FrameIo {
 public:
  // Bytes that a frame to be sent may have.
  static constexpr size_t kMostBytes = 1518;

  virtual ~FrameIo() = default;

  [[nodiscard]] virtual net::Mac mac() const noexcept = 0;
  // Whether the port brings frames whose UDP checksum a sender on this machine left to hardware.
  [[nodiscard]] virtual bool may_be_partial() const noexcept = 0;

  // What has arrived, without waiting; frames in more than one buffer are left out.
  [[nodiscard]] virtual size_t Receive(std::span<std::span<const uint8_t>, kBurst> frames) noexcept = 0;

  // Room for as many frames, or for fewer where no more buffers are free. REQUIRES: nothing is allocated yet.
  [[nodiscard]] virtual size_t Allocate(std::span<uint8_t*> frames) noexcept = 0;
  // Sends the first ones of those that were allocated; the others are given back. Returns how many the port took.
  [[nodiscard]] virtual size_t Send(std::span<const uint16_t> sizes) noexcept = 0;
};

}  // namespace rblitz::io
