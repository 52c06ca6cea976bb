#include "dataplane/io/frame_path.h"

#include <array>
#include <cstddef>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/headers.h"

namespace rblitz::io {

namespace {

using net::FrameKind;

constexpr std::array<DropReason, static_cast<size_t>(FrameKind::kCount)> DropReasons() {
  std::array<DropReason, static_cast<size_t>(FrameKind::kCount)> table;
  table.fill(DropReason::kCount);
  const auto set = [&table](FrameKind kind, DropReason reason) { table[static_cast<size_t>(kind)] = reason; };
  set(FrameKind::kRunt, DropReason::kRunt);
  set(FrameKind::kOtherMac, DropReason::kOtherMac);
  set(FrameKind::kOtherEthertype, DropReason::kOtherEthertype);
  set(FrameKind::kArpNotUs, DropReason::kArpNotUs);
  set(FrameKind::kBadIpHeader, DropReason::kBadIpHeader);
  set(FrameKind::kIpChecksum, DropReason::kIpChecksum);
  set(FrameKind::kIpOptions, DropReason::kIpOptions);
  set(FrameKind::kIpFragment, DropReason::kIpFragment);
  set(FrameKind::kOtherAddress, DropReason::kOtherAddress);
  set(FrameKind::kMartianSource, DropReason::kMartianSource);
  set(FrameKind::kOtherProtocol, DropReason::kOtherProtocol);
  set(FrameKind::kBadUdpLength, DropReason::kBadUdpLength);
  set(FrameKind::kOtherPort, DropReason::kOtherPort);
  set(FrameKind::kSourcePortZero, DropReason::kSourcePortZero);
  set(FrameKind::kIcmpChecksum, DropReason::kIcmpChecksum);
  return table;
}

constexpr auto kDropReasonOf = DropReasons();

// Every kind that is dropped has a reason, and only those.
static_assert([] {
  for (size_t kind = 0; kind < kDropReasonOf.size(); ++kind) {
    const bool is_dropped = kind >= static_cast<size_t>(FrameKind::kRunt);
    if (is_dropped != (kDropReasonOf[kind] != DropReason::kCount)) return false;
  }
  return true;
}());

bool HasUdpChecksum(const uint8_t* frame) noexcept {
  return net::Load16(frame + net::kUdpAt + net::udp::kChecksum) != 0;
}

}  // namespace

TakenFrame FramePath::TakeRare(const ReceivedFrames& received, size_t i, Burst& burst) noexcept {
  uint8_t* const data = received.data[i];
  const net::Frame frame = net::ClassifyFrame({data, received.sizes[i]}, *own_);
  switch (frame.kind) {
    case FrameKind::kDnsQuestion:
      return TakeDoubtful(received, i, frame.size, burst);
    case FrameKind::kArpRequest:
      return {Fate::kArpReply, static_cast<uint16_t>(net::TurnArp(data, *own_))};
    case FrameKind::kIcmpEcho:
      return {Fate::kEchoReply, static_cast<uint16_t>(net::TurnEcho(data, frame.size))};
    default:
      stats_->Drop(kDropReasonOf[static_cast<size_t>(frame.kind)]);
      return {Fate::kDropped};
  }
}

// A question about whose checksum the port has something to say.
TakenFrame FramePath::TakeDoubtful(const ReceivedFrames& received, size_t i, uint16_t size, Burst& burst) noexcept {
  uint8_t* const data = received.data[i];
  const UdpChecksum checksum = received.checksums[i];
  // Some ports call a checksum of 0 (none, RFC 768) bad.
  if (checksum == UdpChecksum::kBad && HasUdpChecksum(data)) {
    stats_->Drop(DropReason::kUdpChecksum);
    return {Fate::kDropped};
  }
  const bool is_partial =
      checksum == UdpChecksum::kPartial || (checksum == UdpChecksum::kMaybePartial && net::HasPartialUdpChecksum(data));
  // Nothing to carry over: as if it had come without one, so that the answer gets a computed one.
  if (is_partial) net::Store16(data + net::kUdpAt + net::udp::kChecksum, 0);
  AddMessage(received, i, size, burst);
  return {Fate::kMessage};
}

void FramePath::TurnRound(std::span<const Message> messages, uint16_t* sizes) noexcept {
  const auto frame_size = [](const Message& message) {
    return static_cast<uint16_t>(message.size == 0 ? 0 : net::kUdpPayloadAt + message.size);
  };
  size_t i = 0;
  for (; i + 4 <= messages.size(); i += 4) {
    uint8_t* frames[4];
    __m128i columns[4];  // two of the pointer, size and capacity, sum_change
    static_assert(sizeof(Message) == 16 && offsetof(Message, size) == 8 && offsetof(Message, sum_change) == 12);
    for (size_t f = 0; f < 4; ++f) {
      frames[f] = FrameOf(messages[i + f]);
      columns[f] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&messages[i + f]));
      sizes[i + f] = frame_size(messages[i + f]);
    }
    net::Transpose(columns);
    // One that is not sent is turned as well: nobody looks at it.
    const __m128i payload_sizes = _mm_and_si128(columns[2], _mm_set1_epi32(0xffff));
    net::TurnFourUdp(frames, payload_sizes, columns[3]);
  }
  for (; i < messages.size(); ++i) {
    sizes[i] = frame_size(messages[i]);
    if (sizes[i] != 0) net::TurnUdp(FrameOf(messages[i]), messages[i].size, messages[i].sum_change);
  }
}

}  // namespace rblitz::io
