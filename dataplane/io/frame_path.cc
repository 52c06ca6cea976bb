#include "dataplane/io/frame_path.h"

#include <smmintrin.h>

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

// To an own address and nothing that is answered here; of ARP what neighbours reply to the kernel's own questions.
bool IsForKernel(FrameKind kind, const uint8_t* frame) noexcept {
  switch (kind) {
    case FrameKind::kOtherProtocol:
    case FrameKind::kOtherPort:
      return true;
    case FrameKind::kArpNotUs:
      return net::Load16(frame + net::kEthernetSize + net::arp::kOperation) == net::arp::kReply;
    default:
      return false;
  }
}

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
      if (has_kernel_ && IsForKernel(frame.kind, data)) return {Fate::kToKernel};
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

void FramePath::AddMessages(const ReceivedFrames& received, const uint16_t* sizes, Burst& burst) noexcept {
  static_assert(sizeof(Message) == 16 && offsetof(Message, payload) == 0 && offsetof(Message, size) == 8 &&
                offsetof(Message, capacity) == 10 && offsetof(Message, sum_change) == 12);
  constexpr size_t kStep = 8;
  const __m128i taken = _mm_set1_epi16(static_cast<short>(kTaken));
  const __m128i most = _mm_set1_epi16(static_cast<short>(max_answer_));
  const __m128i to_payload = _mm_set1_epi64x(net::kUdpPayloadAt);
  size_t i = 0;
  for (; i + kStep <= received.count; i += kStep) {
    const auto load = [&](const auto* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); };
    const __m128i capacities = _mm_min_epu16(_mm_subs_epu16(load(received.rooms + i), taken), most);
    const __m128i size8 = load(sizes + i);
    __m128i rest[2] = {_mm_unpacklo_epi16(size8, capacities), _mm_unpackhi_epi16(size8, capacities)};
    auto* to = reinterpret_cast<__m128i*>(burst.messages + burst.count + i);
    for (size_t pair = 0; pair < kStep / 2; ++pair) {
      const __m128i payloads = _mm_add_epi64(load(received.data + i + 2 * pair), to_payload);
      const __m128i rest2 = pair % 2 == 0 ? _mm_unpacklo_epi32(rest[pair / 2], _mm_setzero_si128())
                                          : _mm_unpackhi_epi32(rest[pair / 2], _mm_setzero_si128());
      _mm_storeu_si128(to++, _mm_unpacklo_epi64(payloads, rest2));
      _mm_storeu_si128(to++, _mm_unpackhi_epi64(payloads, rest2));
    }
  }
  burst.count += i;
  for (; i < received.count; ++i) AddMessage(received, i, sizes[i], burst);
}

FramePath::Turned FramePath::TurnRound(std::span<const Message> messages, uint16_t* sizes) noexcept {
  uint8_t* frames[kBurst];
  uint32_t payload_sizes[kBurst];
  uint32_t sum_changes[kBurst];
  if (messages.empty()) return {};
  for (size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    frames[i] = FrameOf(message);
    payload_sizes[i] = message.size;
    sum_changes[i] = message.sum_change;
  }
  // One that is not sent is turned as well: nobody looks at it.
  net::TurnUdpFrames(frames, payload_sizes, sum_changes, messages.size());
  uint32_t sent = 0;
  uint32_t bytes = 0;
  for (size_t i = 0; i < messages.size(); ++i) {
    const uint32_t is_sent = payload_sizes[i] != 0;
    const uint32_t size = (payload_sizes[i] + uint32_t{net::kUdpPayloadAt}) * is_sent;
    sizes[i] = static_cast<uint16_t>(size);
    sent += is_sent;
    bytes += size;
  }
  return {.frames = sent, .bytes = bytes};
}

}  // namespace rblitz::io
