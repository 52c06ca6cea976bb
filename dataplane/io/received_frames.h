// What a port gives a FramePath, and what it hears of each frame.
//
// Thread-safety: one thread, the worker's. Lifetime: frames stay where they are until the burst has been sent.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "dataplane/io/packet_io.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/headers.h"

namespace rblitz::io {

// What a port found out about a frame's UDP checksum. A question that came without one is never bad.
enum class UdpChecksum : uint8_t {
  kUnknown,
  kGood,
  kBad,
  // The data is good, the field holds only the pseudo header's sum: a sender on the same machine left the rest to
  // hardware that there is none of.
  kPartial,
  kMaybePartial,  // the port does not say which of kUnknown and kPartial
};

// What a port received at once.
struct ReceivedFrames {
  size_t count = 0;
  uint8_t* data[kBurst];  // kReadableSize bytes can be read at each, whatever the frame's size
  uint16_t sizes[kBurst];
  uint16_t rooms[kBurst];  // bytes from `data` to the end of the buffer, at least the frame's size
  UdpChecksum checksums[kBurst];
  UdpChecksum worst_checksum = UdpChecksum::kUnknown;

  static constexpr size_t kReadableSize = net::FrameCheck::kReadableSize;
  // Of a frame's room an answer can never have more than what these bytes leave.
  static constexpr uint16_t kTaken = net::kUdpPayloadAt + kSlack;
  static constexpr uint16_t kLeastRoom = net::kMostBeforePayload + kSlack;

  void Clear() noexcept {
    count = 0;
    worst_checksum = UdpChecksum::kUnknown;
  }
  // REQUIRES: room >= kLeastRoom, so that kernels may read behind a message of any size.
  void Add(uint8_t* frame, uint16_t size, uint16_t room, UdpChecksum checksum) noexcept {
    assert(room >= kLeastRoom);
    data[count] = frame;
    sizes[count] = size;
    rooms[count] = room;
    checksums[count++] = checksum;
    worst_checksum = std::max(worst_checksum, checksum);
  }
};

// What is answered here never goes to the kernel as well: it has the same addresses, and would answer a second time.
enum class Fate : uint8_t {
  kMessage,    // one of the burst
  kArpReply,   // it is its own reply when Take returns
  kNdReply,    // so is this
  kEchoReply,  // and this
  kToKernel,   // the host's, where the port has a kernel side
  kDropped,    // and counted
};

[[nodiscard]] constexpr bool IsReply(Fate fate) noexcept {
  return fate == Fate::kArpReply || fate == Fate::kNdReply || fate == Fate::kEchoReply;
}

struct TakenFrame {
  Fate fate;
  uint16_t reply_size = 0;  // bytes to send of a reply
};

}  // namespace rblitz::io
