// Stands in for the responder where the network layer is tested: answers that differ from their questions in bytes and
// in size, by a rule that a test in another language can repeat.
//
// The answer is the question with every bit inverted; then, with f its question's first byte, f more bytes of value f
// where f is odd, f / 2 bytes fewer (one stays) where it is even; cut to the capacity. An empty question gets no
// answer.
//
// Thread-safety: pure.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>

#include "dataplane/io/packet_io.h"
#include "dataplane/net/checksum.h"
#include "dataplane/stats.h"

namespace rblitz::test {

inline void EchoMessage(io::Message& message, WorkerStats& stats) {
  if (message.size == 0 || message.capacity == 0) {
    message.size = 0;
    stats.Drop(message.capacity == 0 ? DropReason::kNoAnswerRoom : DropReason::kShortDns);
    return;
  }
  const uint32_t before = net::Sum(message.payload, message.size);
  const uint8_t first = message.payload[0];
  size_t size = message.size;
  for (uint8_t& byte : std::span(message.payload, size)) byte = static_cast<uint8_t>(~byte);
  const size_t wanted = first % 2 == 1 ? size + first : std::max<size_t>(1, size - std::min<size_t>(size, first / 2));
  const size_t answer = std::min<size_t>(wanted, message.capacity);
  if (answer > size) std::memset(message.payload + size, first, answer - size);
  message.size = static_cast<uint16_t>(answer);
  message.sum_change = net::Change(before, net::Sum(message.payload, answer));
}

inline void Echo(io::Burst& burst, WorkerStats& stats) {
  for (io::Message& message : std::span(burst.messages, burst.count)) EchoMessage(message, stats);
}

inline uint64_t DroppedInAll(const WorkerStats& stats) {
  uint64_t dropped = 0;
  for (const Counter& counter : stats.dropped) dropped += counter.value();
  return dropped;
}

// The invariant of dataplane/stats.h.
inline bool AddsUp(const WorkerStats& stats) {
  return stats.received.value() == stats.answered.value() + stats.arp_replies.value() + stats.nd_replies.value() +
                                       stats.icmp_replies.value() + stats.to_kernel.value() + DroppedInAll(stats);
}

}  // namespace rblitz::test
