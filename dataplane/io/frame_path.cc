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
  const __m128i low_word = _mm_set1_epi32(0xffff);
  __m128i bytes4 = _mm_setzero_si128();
  __m128i unsent4 = _mm_setzero_si128();  // negative
  size_t i = 0;
  for (; i + 4 <= messages.size(); i += 4) {
    uint8_t* frames[4];
    __m128i columns[4];  // two of the pointer, size and capacity, sum_change
    static_assert(sizeof(Message) == 16 && offsetof(Message, size) == 8 && offsetof(Message, sum_change) == 12);
    for (size_t f = 0; f < 4; ++f) {
      frames[f] = FrameOf(messages[i + f]);
      columns[f] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&messages[i + f]));
    }
    net::Transpose(columns);
    const __m128i payload_sizes = _mm_and_si128(columns[2], low_word);
    const __m128i unsent = _mm_cmpeq_epi32(payload_sizes, _mm_setzero_si128());
    const __m128i sizes4 = _mm_andnot_si128(unsent, _mm_add_epi32(payload_sizes, _mm_set1_epi32(net::kUdpPayloadAt)));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(sizes + i), _mm_packus_epi32(sizes4, sizes4));
    bytes4 = _mm_add_epi32(bytes4, sizes4);
    unsent4 = _mm_add_epi32(unsent4, unsent);
    // One that is not sent is turned as well: nobody looks at it.
    net::TurnFourUdp(frames, payload_sizes, columns[3]);
  }
  const auto sum_of = [](__m128i four) {
    alignas(16) int32_t parts[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(parts), four);
    return static_cast<int64_t>(parts[0]) + parts[1] + parts[2] + parts[3];
  };
  Turned turned{.frames = i + static_cast<size_t>(sum_of(unsent4)), .bytes = static_cast<size_t>(sum_of(bytes4))};
  for (; i < messages.size(); ++i) {
    const Message& message = messages[i];
    sizes[i] = static_cast<uint16_t>(message.size == 0 ? 0 : net::kUdpPayloadAt + message.size);
    if (sizes[i] == 0) continue;
    net::TurnUdp(FrameOf(message), message.size, message.sum_change);
    turned.frames += 1;
    turned.bytes += sizes[i];
  }
  return turned;
}

}  // namespace rblitz::io
