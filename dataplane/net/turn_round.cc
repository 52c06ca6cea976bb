#include "dataplane/net/turn_round.h"

#include <bit>
#include <cstring>

#include "dataplane/net/frame_kernels.h"

namespace rblitz::net {

namespace {

// Addresses, protocol and length (RFC 768).
uint32_t PseudoHeaderSum(const uint8_t* frame, uint16_t udp_length_be) noexcept {
  return Fold(uint64_t{Sum(frame + kIp4At + ip4::kSource, 8)} + SwapBytes(uint16_t{kProtocolUdp}) + udp_length_be);
}

}  // namespace

uint16_t turn_round_internal::UdpChecksum(const uint8_t* frame, size_t payload_size) noexcept {
  const uint16_t length_be = SwapBytes(static_cast<uint16_t>(kUdpSize + payload_size));
  const uint64_t ports = Sum(frame + kUdpAt, 4);
  return static_cast<uint16_t>(
      ~Fold(ports + length_be + PseudoHeaderSum(frame, length_be) + Sum(frame + kUdpPayloadAt, payload_size)));
}

void TurnUdpFrames(uint8_t* const* frames, const uint32_t* payload_sizes, const uint32_t* sum_changes,
                   size_t count) noexcept {
  static const FrameKernel& kernel = BestFrameKernel();
  const size_t whole_steps = count / kernel.step * kernel.step;
  uint64_t without_checksum = kernel.turn(frames, payload_sizes, sum_changes, whole_steps);
  for (; without_checksum != 0; without_checksum &= without_checksum - 1) {
    const auto f = static_cast<size_t>(std::countr_zero(without_checksum));
    const uint16_t checksum = turn_round_internal::UdpChecksum(frames[f], payload_sizes[f]);
    StoreMemoryOrder(frames[f] + kUdpAt + udp::kChecksum, checksum == 0 ? uint16_t{0xffff} : checksum);
  }
  for (size_t i = whole_steps; i < count; ++i) TurnUdp(frames[i], payload_sizes[i], sum_changes[i]);
}

bool HasPartialUdpChecksum(const uint8_t* frame) noexcept {
  const uint8_t* udp = frame + kUdpAt;
  return LoadMemoryOrder<uint16_t>(udp + udp::kChecksum) ==
         PseudoHeaderSum(frame, LoadMemoryOrder<uint16_t>(udp + udp::kLength));
}

size_t TurnArp(uint8_t* frame, const OwnAddresses& own) noexcept {
  uint8_t* arp = frame + kEthernetSize;
  uint8_t target_ip[4];
  std::memcpy(target_ip, arp + arp::kTargetIp, 4);
  Store16(arp + arp::kOperation, arp::kReply);
  std::memcpy(arp + arp::kTargetMac, arp + arp::kSenderMac, kMacSize + 4);
  std::memcpy(arp + arp::kSenderMac, own.mac.data(), kMacSize);
  std::memcpy(arp + arp::kSenderIp, target_ip, 4);
  std::memcpy(frame + ethernet::kDestination, frame + ethernet::kSource, kMacSize);
  std::memcpy(frame + ethernet::kSource, own.mac.data(), kMacSize);
  return kEthernetSize + kArpSize;
}

size_t TurnEcho(uint8_t* frame, size_t icmp_size) noexcept {
  uint8_t* icmp = frame + kIcmpAt;
  const auto checksum = LoadMemoryOrder<uint16_t>(icmp + icmp::kChecksum);
  icmp[icmp::kType] = icmp::kEchoReply;
  const uint16_t adjusted = Adjust(checksum, Change(icmp::kEcho, icmp::kEchoReply));
  // Where all else is zero only 0xffff verifies (RFC 1624 section 3); where it is not, both do.
  StoreMemoryOrder(icmp + icmp::kChecksum, adjusted == 0 ? uint16_t{0xffff} : adjusted);
  turn_round_internal::SwapMacs(frame);
  // RFC 1349 section 5.1: a reply has the request's type of service.
  turn_round_internal::TurnIp4(frame + kIp4At, frame[kIp4At + ip4::kTypeOfService], kProtocolIcmp,
                               kIp4Size + icmp_size);
  return kIcmpAt + icmp_size;
}

}  // namespace rblitz::net
