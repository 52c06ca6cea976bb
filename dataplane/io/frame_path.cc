#include "dataplane/io/frame_path.h"

#include <array>

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

TakenFrame FramePath::TakeRare(ReceivedFrame received, Burst& burst) noexcept {
  const net::Frame frame = net::ClassifyFrame({received.data, received.size}, *own_);
  switch (frame.kind) {
    case FrameKind::kDnsQuestion:
      return TakeDoubtful(received, frame.size, burst);
    case FrameKind::kArpRequest:
      return {Fate::kArpReply, static_cast<uint16_t>(net::TurnArp(received.data, *own_))};
    case FrameKind::kIcmpEcho:
      return {Fate::kEchoReply, static_cast<uint16_t>(net::TurnEcho(received.data, frame.size))};
    default:
      stats_->Drop(kDropReasonOf[static_cast<size_t>(frame.kind)]);
      return {Fate::kDropped};
  }
}

// A question about whose checksum the port has something to say.
TakenFrame FramePath::TakeDoubtful(const ReceivedFrame& received, uint16_t size, Burst& burst) noexcept {
  // Some ports call a checksum of 0 (none, RFC 768) bad.
  if (received.checksum == UdpChecksum::kBad && HasUdpChecksum(received.data)) {
    stats_->Drop(DropReason::kUdpChecksum);
    return {Fate::kDropped};
  }
  const bool is_partial =
      received.checksum == UdpChecksum::kPartial ||
      (received.checksum == UdpChecksum::kMaybePartial && net::HasPartialUdpChecksum(received.data));
  // Nothing to carry over: as if it had come without one, so that the answer gets a computed one.
  if (is_partial) net::Store16(received.data + net::kUdpAt + net::udp::kChecksum, 0);
  AddMessage(received, size, burst);
  return {Fate::kMessage};
}

}  // namespace rblitz::io
