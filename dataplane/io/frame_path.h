// The way of Ethernet frames to DNS messages and back: what every port that carries frames does with them, whoever
// brought them. Received frames become messages of a burst, are answered below DNS (ARP, neighbour discovery, ICMP
// echo) in place, are for the kernel where the port has a way to it, or are dropped and counted; answered messages
// become frames again.
//
// Frames start where they were received: what stands in front of a payload is as long when it comes as when it goes.
// Most payloads stand at kUdpPayloadAt; where the others stand is remembered by message until the next Take.
//
// Thread-safety: one thread, the worker's. Lifetime: `own` and `stats` must outlive it; `own` does not change.
// Cost: inline, no call for a good question; see net/frame.h and net/turn_round.h.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/io/packet_io.h"
#include "dataplane/io/received_frames.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/own_addresses.h"
#include "dataplane/net/turn_reply.h"
#include "dataplane/net/turn_round.h"
#include "dataplane/stats.h"

namespace rblitz::io {

class FramePath {
 public:
  // Bytes of an answer over IPv4 that a port whose packets may have `mtu` bytes can send.
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

  // Calls visit(i, taken) for each frame in order, which is also the order of the burst's messages; a reply is turned
  // when visit has returned. REQUIRES: the burst is empty. Counts drops only: bursts, frames and bytes are the caller's
  // (CountReceived), and so is what becomes of replies and of frames for the kernel.
  template <class Visit>
  void Take(const ReceivedFrames& received, Burst& burst, Visit&& visit) noexcept {
    assert(burst.count == 0);
    uint16_t sizes[kBurst];
    const uint64_t good = check_.GoodQuestions(received.data, received.sizes, received.count, sizes);
    are_plain_ = true;
    if (std::popcount(good) == static_cast<int>(received.count) && received.worst_checksum < UdpChecksum::kBad)
        [[likely]] {
      AddMessages(received, sizes, burst);
      for (size_t i = 0; i < received.count; ++i) visit(i, TakenFrame{Fate::kMessage});
      return;
    }
    for (size_t i = 0; i < received.count; ++i) {
      const bool is_good = (good >> i & 1) != 0;
      if (is_good && received.checksums[i] < UdpChecksum::kBad) {
        AddMessage(received, i, net::kUdpPayloadAt, sizes[i], burst);
        visit(i, TakenFrame{Fate::kMessage});
        continue;
      }
      const net::Frame frame = is_good ? net::Frame{net::FrameKind::kDnsQuestion, sizes[i]}
                                       : check_.ClassifyOther({received.data[i], received.sizes[i]});
      const TakenFrame taken = TakeOther(received, i, frame, burst);
      visit(i, taken);
      if (IsReply(taken.fate)) TurnReply(received.data[i], frame);
    }
    payloads_size_ = burst.count;
    found_ = 0;
  }

  // Turns the frames of the messages that the last Take added, but of those whose size is 0; sizes[i] becomes the
  // frame's, or 0.
  struct Turned {
    size_t frames = 0;
    size_t bytes = 0;
  };
  Turned TurnRound(std::span<const Message> messages, uint16_t* sizes) const noexcept;
  // Of a message that the last Take added, or of a copy of it; the bytes in front of its payload stand as they came.
  [[nodiscard]] uint8_t* FrameOf(const Message& message) const noexcept {
    return message.payload - PayloadAt(message.payload);
  }
  // REQUIRES: it has not been turned yet.
  [[nodiscard]] ClientAddress ClientOf(const Message& message) const noexcept;

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
  void CountReply(Fate fate) noexcept;
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
  TakenFrame TakeOther(const ReceivedFrames& received, size_t i, const net::Frame& frame, Burst& burst) noexcept;
  TakenFrame TakeQuestion(const ReceivedFrames& received, size_t i, const net::Frame& frame, Burst& burst) noexcept;
  TakenFrame LetGo(const uint8_t* data, const net::Frame& frame) noexcept;
  void TurnReply(uint8_t* data, const net::Frame& frame) const noexcept;
  Turned TurnOneByOne(std::span<const Message> messages, uint16_t* sizes) const noexcept;

  // Where a payload of the last Take stands in its frame.
  [[nodiscard]] size_t PayloadAt(const uint8_t* payload) const noexcept {
    return are_plain_ ? net::kUdpPayloadAt : FindPayloadAt(payload);
  }
  [[nodiscard]] size_t FindPayloadAt(const uint8_t* payload) const noexcept;

  static constexpr uint16_t kTaken = ReceivedFrames::kTaken;

  void AddMessage(const ReceivedFrames& received, size_t i, size_t payload_at, uint16_t size, Burst& burst) noexcept {
    const auto taken = static_cast<uint16_t>(payload_at + kSlack);
    const auto room = static_cast<uint16_t>(std::max(received.rooms[i], taken) - taken);
    const size_t more = net::IsIp6PayloadAt(payload_at) ? net::kIp6Size - net::kIp4Size : 0;
    const auto most = static_cast<uint16_t>(std::max<size_t>(max_answer_, more) - more);
    payloads_[burst.count] = {received.data[i] + payload_at, payload_at};
    burst.messages[burst.count++] = {
        .payload = received.data[i] + payload_at, .size = size, .capacity = std::min(room, most), .sum_change = 0};
  }
  // All of them, eight at a time.
  void AddMessages(const ReceivedFrames& received, const uint16_t* sizes, Burst& burst) noexcept;

  net::FrameCheck check_;
  const net::OwnAddresses* own_;
  bool has_kernel_;
  uint16_t max_answer_;
  WorkerStats* stats_;
  struct Payload {
    const uint8_t* data;
    size_t at;
  };
  // Of the last Take: whether all payloads stand at kUdpPayloadAt; if not, how many there are and where they stand.
  // Whoever asks goes through the burst in its order, perhaps over copies of some of its messages: the next one is
  // looked for where the last one was found.
  bool are_plain_ = true;
  size_t payloads_size_ = 0;
  mutable size_t found_ = 0;
  Payload payloads_[kBurst];
};

}  // namespace rblitz::io
