#include "dataplane/io/frame_path.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/headers.h"
#include "tables/vectors.h"

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
  set(FrameKind::kDoubleVlan, DropReason::kDoubleVlan);
  set(FrameKind::kBadIpHeader, DropReason::kBadIpHeader);
  set(FrameKind::kIpChecksum, DropReason::kIpChecksum);
  set(FrameKind::kIpOptions, DropReason::kIpOptions);
  set(FrameKind::kIp6Extension, DropReason::kIp6Extension);
  set(FrameKind::kIpFragment, DropReason::kIpFragment);
  set(FrameKind::kMartianSource, DropReason::kMartianSource);
  set(FrameKind::kBadUdpLength, DropReason::kBadUdpLength);
  set(FrameKind::kSourcePortZero, DropReason::kSourcePortZero);
  set(FrameKind::kNoUdpChecksum, DropReason::kNoUdpChecksum);
  set(FrameKind::kIcmpChecksum, DropReason::kIcmpChecksum);
  set(FrameKind::kBadNd, DropReason::kBadNd);
  set(FrameKind::kGroupMac, DropReason::kOtherMac);
  set(FrameKind::kArpNotUs, DropReason::kArpNotUs);
  set(FrameKind::kArpConflict, DropReason::kArpNotUs);
  set(FrameKind::kNdNotUs, DropReason::kNdNotUs);
  set(FrameKind::kNdConflict, DropReason::kNdNotUs);
  set(FrameKind::kHostFragment, DropReason::kIpFragment);
  set(FrameKind::kOtherAddress, DropReason::kOtherAddress);
  set(FrameKind::kOtherProtocol, DropReason::kOtherProtocol);
  set(FrameKind::kOtherPort, DropReason::kOtherPort);
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

// Every reply fits what a buffer has at least.
static_assert(net::kEthernetSize + net::kVlanSize + net::kIp6Size + net::nd::kOptionsAt + net::nd::kOptionUnit <=
              ReceivedFrames::kLeastRoom);

bool HasUdpChecksum(const uint8_t* data, const net::Frame& frame) noexcept {
  return net::Load16(data + frame.upper_at + net::udp::kChecksum) != 0;
}

// 0 where nothing is sent; without a branch.
uint32_t FrameSize(size_t payload_at, uint32_t payload_size) noexcept {
  return (payload_size + static_cast<uint32_t>(payload_at)) * uint32_t{payload_size != 0};
}

}  // namespace

TakenFrame FramePath::TakeOther(const ReceivedFrames& received, size_t i, const net::Frame& frame,
                                Burst& burst) noexcept {
  const auto reply_size = static_cast<uint16_t>(net::ReplySize(frame));
  switch (frame.kind) {
    case FrameKind::kDnsQuestion:
      return TakeQuestion(received, i, frame, burst);
    case FrameKind::kArpRequest:
      return {Fate::kArpReply, reply_size};
    case FrameKind::kNeighborSolicitation:
      return {Fate::kNdReply, reply_size};
    case FrameKind::kIcmpEcho:
      return {Fate::kEchoReply, reply_size};
    default:
      return LetGo(received.data[i], frame);
  }
}

TakenFrame FramePath::LetGo(const uint8_t* data, const net::Frame& frame) noexcept {
  if (frame.kind == FrameKind::kArpConflict || frame.kind == FrameKind::kNdConflict) [[unlikely]] {
    const auto [mac, address] = net::ConflictIn(data, frame);
    stats_->address_conflicts.Set({mac, address, std::chrono::steady_clock::now()});
  }
  if (has_kernel_ && net::IsForHost(frame.kind)) return {Fate::kToKernel};
  stats_->Drop(kDropReasonOf[static_cast<size_t>(frame.kind)]);
  return {Fate::kDropped};
}

void FramePath::TurnReply(uint8_t* data, const net::Frame& frame) const noexcept {
  switch (frame.kind) {
    case FrameKind::kArpRequest:
      net::TurnArp(data, frame, *own_);
      break;
    case FrameKind::kNeighborSolicitation:
      net::TurnSolicitation(data, frame, *own_);
      break;
    default:
      net::TurnEcho(data, net::WithoutOptions(data, frame));
  }
}

// One with a tag, options or extension headers, one over IPv6, or one about whose checksum the port has something to
// say.
//
// Over IPv4 a wrong checksum that the port did not look for is carried over, at no cost: the answer is as wrong as the
// question, and the header has a checksum of its own, so that the answer goes where the question came from. Over IPv6
// nothing else guards the addresses: an answer would go to whoever the damage names, so that we look ourselves.
TakenFrame FramePath::TakeQuestion(const ReceivedFrames& received, size_t i, const net::Frame& frame,
                                   Burst& burst) noexcept {
  uint8_t* const data = received.data[i];
  const UdpChecksum checksum = received.checksums[i];
  const bool is_partial = checksum == UdpChecksum::kPartial ||
                          (checksum == UdpChecksum::kMaybePartial && net::HasPartialUdpChecksum(data, frame));
  // Not every port that looks does so behind extension headers, and not every one that does not says so.
  const bool is_told = !frame.is_ip6 || frame.upper_at == frame.net_at + net::kIp6Size;
  // Some ports call a checksum of 0 (none, RFC 768) bad.
  const bool is_bad = is_told && checksum == UdpChecksum::kBad && HasUdpChecksum(data, frame);
  const bool is_unknown = frame.is_ip6 && !(is_told && checksum == UdpChecksum::kGood) && !is_partial;
  if (is_bad || (is_unknown && !net::HasRightUdpChecksum6(data, frame))) {
    stats_->Drop(DropReason::kUdpChecksum);
    return {Fate::kDropped};
  }
  // Nothing to carry over: as if it had come without one, so that the answer gets a computed one.
  if (is_partial) net::Store16(data + frame.upper_at + net::udp::kChecksum, 0);
  const net::Frame plain = net::WithoutOptions(data, frame);
  const size_t payload_at = plain.upper_at + net::kUdpSize;
  are_plain_ = are_plain_ && payload_at == net::kUdpPayloadAt;
  AddMessage(received, i, payload_at, plain.size, burst);
  return {Fate::kMessage};
}

size_t FramePath::FindPayloadAt(const uint8_t* payload) const noexcept {
  for (size_t tried = 0; tried < payloads_size_; ++tried) {
    if (payloads_[found_].data == payload) return payloads_[found_].at;
    if (++found_ == payloads_size_) found_ = 0;
  }
  assert(false);  // no payload of the last Take
  return net::kUdpPayloadAt;
}

ClientAddress FramePath::ClientOf(const Message& message) const noexcept {
  if (!net::IsIp6PayloadAt(PayloadAt(message.payload))) {
    return MappedClient(message.payload - net::kUdpSize - net::kIp4Size + net::ip4::kSource);
  }
  ClientAddress client;
  std::memcpy(client.data(), message.payload - net::kUdpSize - net::kIp6Size + net::ip6::kSource, client.size());
  return client;
}

void FramePath::CountReply(Fate fate) noexcept {
  Counter& counter = fate == Fate::kArpReply  ? stats_->arp_replies
                     : fate == Fate::kNdReply ? stats_->nd_replies
                                              : stats_->icmp_replies;
  counter.Add(1);
}

void FramePath::AddMessages(const ReceivedFrames& received, const uint16_t* sizes, Burst& burst) noexcept {
  static_assert(sizeof(Message) == 16 && offsetof(Message, payload) == 0 && offsetof(Message, size) == 8 &&
                offsetof(Message, capacity) == 10 && offsetof(Message, sum_change) == 12);
  constexpr size_t kStep = 8;
  const auto taken = All<U16x8>(kTaken);
  const auto most = All<U16x8>(max_answer_);
  size_t i = 0;
  for (; i + kStep <= received.count; i += kStep) {
    const U16x8 capacities = Lesser(DifferenceOrZero(LoadVector<U16x8>(received.rooms + i), taken), most);
    const auto size8 = LoadVector<U16x8>(sizes + i);
    // Sizes and capacities of four messages each, a dword a message.
    const auto low = reinterpret_cast<U32x4>(__builtin_shufflevector(size8, capacities, 0, 8, 1, 9, 2, 10, 3, 11));
    const auto high = reinterpret_cast<U32x4>(__builtin_shufflevector(size8, capacities, 4, 12, 5, 13, 6, 14, 7, 15));
    Message* to = burst.messages + burst.count + i;
    const auto add_two = [&](const uint8_t* const* data, U32x4 rest) {
      const U64x2 payloads = LoadVector<U64x2>(data) + net::kUdpPayloadAt;
      StoreVector(to++, __builtin_shufflevector(payloads, reinterpret_cast<U64x2>(rest), 0, 2));
      StoreVector(to++, __builtin_shufflevector(payloads, reinterpret_cast<U64x2>(rest), 1, 3));
    };
    add_two(received.data + i, __builtin_shufflevector(low, U32x4{}, 0, 4, 1, 5));
    add_two(received.data + i + 2, __builtin_shufflevector(low, U32x4{}, 2, 6, 3, 7));
    add_two(received.data + i + 4, __builtin_shufflevector(high, U32x4{}, 0, 4, 1, 5));
    add_two(received.data + i + 6, __builtin_shufflevector(high, U32x4{}, 2, 6, 3, 7));
  }
  burst.count += i;
  for (; i < received.count; ++i) AddMessage(received, i, net::kUdpPayloadAt, sizes[i], burst);
}

FramePath::Turned FramePath::TurnRound(std::span<const Message> messages, uint16_t* sizes) const noexcept {
  uint8_t* frames[kBurst];
  uint32_t payload_sizes[kBurst];
  uint32_t sum_changes[kBurst];
  if (messages.empty()) return {};
  if (!are_plain_) return TurnOneByOne(messages, sizes);
  for (size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    frames[i] = message.payload - net::kUdpPayloadAt;
    payload_sizes[i] = message.size;
    sum_changes[i] = message.sum_change;
  }
  // One that is not sent is turned as well: nobody looks at it.
  net::TurnUdpFrames(frames, payload_sizes, sum_changes, messages.size());
  uint32_t sent = 0;
  uint32_t bytes = 0;
  for (size_t i = 0; i < messages.size(); ++i) {
    const uint32_t size = FrameSize(net::kUdpPayloadAt, payload_sizes[i]);
    sizes[i] = static_cast<uint16_t>(size);
    sent += size != 0;
    bytes += size;
  }
  return {.frames = sent, .bytes = bytes};
}

FramePath::Turned FramePath::TurnOneByOne(std::span<const Message> messages, uint16_t* sizes) const noexcept {
  Turned turned;
  for (size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    sizes[i] = 0;
    if (message.size == 0) continue;
    const size_t at = PayloadAt(message.payload);
    const size_t size = net::TurnUdpAt(message.payload - at, at, message.size, message.sum_change);
    sizes[i] = static_cast<uint16_t>(size);
    ++turned.frames;
    turned.bytes += size;
  }
  return turned;
}

}  // namespace rblitz::io
