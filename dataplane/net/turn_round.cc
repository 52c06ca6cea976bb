#include "dataplane/net/turn_round.h"

#include <bit>

#include "dataplane/net/frame_kernels.h"

namespace rblitz::net {

uint16_t turn_round_internal::UdpChecksum(const uint8_t* ip, size_t payload_size) noexcept {
  // Of the header the ports and the length: the checksum itself counts as 0, the length stands in the sum twice.
  const uint64_t length_be = SwapBytes(static_cast<uint16_t>(kUdpSize + payload_size));
  const uint64_t pseudo = uint64_t{Sum(ip + ip4::kSource, 8)} + SwapBytes(uint16_t{kProtocolUdp}) + length_be;
  const uint8_t* udp = ip + kIp4Size;
  return static_cast<uint16_t>(~Fold(pseudo + length_be + Sum(udp, 4) + Sum(udp + kUdpSize, payload_size)));
}

uint16_t turn_round_internal::UdpChecksum6(const uint8_t* ip, size_t payload_size) noexcept {
  const size_t size = kUdpSize + payload_size;
  const uint64_t length_be = SwapBytes(static_cast<uint16_t>(size));
  const uint8_t* udp = ip + kIp6Size;
  return static_cast<uint16_t>(~Fold(uint64_t{PseudoSum6(ip, kProtocolUdp, size)} + length_be + Sum(udp, 4) +
                                     Sum(udp + kUdpSize, payload_size)));
}

void TurnUdpFrames(uint8_t* const* frames, const uint32_t* payload_sizes, const uint32_t* sum_changes,
                   size_t count) noexcept {
  static const FrameKernel& kernel = BestFrameKernel();
  const size_t whole_steps = count / kernel.step * kernel.step;
  uint64_t without_checksum = kernel.turn(frames, payload_sizes, sum_changes, whole_steps);
  for (; without_checksum != 0; without_checksum &= without_checksum - 1) {
    const auto f = static_cast<size_t>(std::countr_zero(without_checksum));
    const uint16_t checksum = turn_round_internal::UdpChecksum(frames[f] + kIp4At, payload_sizes[f]);
    StoreMemoryOrder(frames[f] + kUdpAt + udp::kChecksum, checksum == 0 ? uint16_t{0xffff} : checksum);
  }
  for (size_t i = whole_steps; i < count; ++i) TurnUdp(frames[i], payload_sizes[i], sum_changes[i]);
}

}  // namespace rblitz::net
