// The way of Ethernet frames to DNS messages and back: what every port that carries frames does with them, whoever
// brought them. Received frames become messages of a burst, are answered below DNS (ARP, ICMP echo) in place, or are
// dropped and counted; answered messages become frames again.
//
// Thread-safety: one thread, the worker's. Lifetime: `own` and `stats` must outlive it.
// Cost: inline, no call for a good question; see net/frame.h and net/turn_round.h.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/io/packet_io.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/own_addresses.h"
#include "dataplane/net/turn_round.h"
#include "dataplane/stats.h"

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
  // Of a frame's room an answer cannot have these bytes.
  static constexpr uint16_t kTaken = net::kUdpPayloadAt + kSlack;

  void Clear() noexcept {
    count = 0;
    worst_checksum = UdpChecksum::kUnknown;
  }
  // REQUIRES: room >= kTaken, so that kernels may read behind a message of any size.
  void Add(uint8_t* frame, uint16_t size, uint16_t room, UdpChecksum checksum) noexcept {
    assert(room >= kTaken);
    data[count] = frame;
    sizes[count] = size;
    rooms[count] = room;
    checksums[count++] = checksum;
    worst_checksum = std::max(worst_checksum, checksum);
  }
};

enum class Fate : uint8_t {
  kMessage,    // one of the burst
  kArpReply,   // it is its own reply now
  kEchoReply,  // so is this
  kToKernel,   // the host's, where the port has a kernel side
  kDropped,    // and counted
};

struct TakenFrame {
  Fate fate;
  uint16_t reply_size = 0;  // bytes to send of a reply
};

class FramePath {
 public:
  // Bytes of an answer that a port whose IPv4 packets may have `mtu` bytes can send.
  static constexpr size_t MaxAnswer(size_t mtu) noexcept {
    return std::max(mtu, net::kIp4Size + net::kUdpSize) - net::kIp4Size - net::kUdpSize;
  }

  // With `has_kernel` the frames that are the host's are told (Fate::kToKernel) instead of dropped.
  FramePath(const net::OwnAddresses* own, size_t max_answer, WorkerStats* stats, bool has_kernel = false) noexcept
      : check_(own),
        own_(own),
        has_kernel_(has_kernel),
        max_answer_(static_cast<uint16_t>(std::min<size_t>(max_answer, UINT16_MAX))),
        stats_(stats) {}

  // Calls visit(i, taken) for each frame in order, which is also the order of the burst's messages. REQUIRES: the burst
  // has room for all. Counts drops only: bursts, frames and bytes are the caller's (CountReceived).
  template <class Visit>
  void Take(const ReceivedFrames& received, Burst& burst, Visit&& visit) noexcept {
    uint16_t sizes[kBurst];
    const uint64_t good = check_.GoodQuestions(received.data, received.sizes, received.count, sizes);
    if (std::popcount(good) == static_cast<int>(received.count) && received.worst_checksum < UdpChecksum::kBad)
        [[likely]] {
      AddMessages(received, sizes, burst);
      for (size_t i = 0; i < received.count; ++i) visit(i, TakenFrame{Fate::kMessage});
      return;
    }
    for (size_t i = 0; i < received.count; ++i) {
      TakenFrame taken = {Fate::kMessage};
      if ((good >> i & 1) == 0) [[unlikely]] {
        taken = TakeRare(received, i, burst);
      } else if (received.checksums[i] < UdpChecksum::kBad) {
        AddMessage(received, i, sizes[i], burst);
      } else {
        taken = TakeDoubtful(received, i, sizes[i], burst);
      }
      visit(i, taken);
    }
  }

  // Turns the frames of messages that Take added, but of those whose size is 0; sizes[i] becomes the frame's, or 0.
  struct Turned {
    size_t frames = 0;
    size_t bytes = 0;
  };
  static Turned TurnRound(std::span<const Message> messages, uint16_t* sizes) noexcept;
  static uint8_t* FrameOf(const Message& message) noexcept { return message.payload - net::kUdpPayloadAt; }
  // REQUIRES: the message has not been turned.
  static ClientAddress ClientOf(const Message& message) noexcept {
    return MappedClient(FrameOf(message) + net::kIp4At + net::ip4::kSource);
  }

  void CountReceived(size_t frames, size_t bytes) noexcept {
    stats_->received.Add(frames);
    stats_->bytes_received.Add(bytes);
    stats_->bursts.Add(1);
  }
  void CountAnswered(size_t frames, size_t bytes) noexcept {
    stats_->answered.Add(frames);
    stats_->bytes_answered.Add(bytes);
  }
  // A reply below DNS that the port took.
  void CountReply(Fate fate) noexcept { (fate == Fate::kArpReply ? stats_->arp_replies : stats_->icmp_replies).Add(1); }
  void CountToKernel(bool taken) noexcept {
    if (taken) {
      stats_->to_kernel.Add(1);
    } else {
      stats_->Drop(DropReason::kKernelFull);
    }
  }
  void CountTxFull(size_t frames) noexcept { stats_->Drop(DropReason::kTxFull, frames); }
  void CountOversize() noexcept { stats_->Drop(DropReason::kOversize); }

 private:
  TakenFrame TakeRare(const ReceivedFrames& received, size_t i, Burst& burst) noexcept;
  TakenFrame TakeDoubtful(const ReceivedFrames& received, size_t i, uint16_t size, Burst& burst) noexcept;

  static constexpr uint16_t kTaken = ReceivedFrames::kTaken;

  void AddMessage(const ReceivedFrames& received, size_t i, uint16_t size, Burst& burst) noexcept {
    const auto room = static_cast<uint16_t>(std::max(received.rooms[i], kTaken) - kTaken);
    burst.messages[burst.count++] = {.payload = received.data[i] + net::kUdpPayloadAt,
                                     .size = size,
                                     .capacity = std::min(room, max_answer_),
                                     .sum_change = 0};
  }
  // All of them, eight at a time.
  void AddMessages(const ReceivedFrames& received, const uint16_t* sizes, Burst& burst) noexcept;

  net::FrameCheck check_;
  const net::OwnAddresses* own_;
  bool has_kernel_;
  uint16_t max_answer_;
  WorkerStats* stats_;
};

}  // namespace rblitz::io
