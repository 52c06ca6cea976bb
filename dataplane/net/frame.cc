#include "dataplane/net/frame.h"

#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"

namespace rblitz::net {

namespace {

using Bytes = std::span<const uint8_t>;

bool IsOwn(uint32_t address, const OwnAddresses& own) noexcept {
  return std::any_of(own.ip4.begin(), own.ip4.end(), [=](const OwnIp4& ip4) { return ip4.address == address; });
}

// The broadcast address of an own address's network; a /31 or /32 has none (RFC 3021), and the address itself stands
// for it.
uint32_t Broadcast(const OwnIp4& ip4) noexcept {
  return ip4.prefix_length <= 30 ? ip4.address | 0xffffffff >> ip4.prefix_length : ip4.address;
}

// Whether an address cannot be the source of a packet that came over a wire to us: "this network", loopback, multicast,
// limited broadcast (RFC 1122 section 3.2.1.3), a broadcast address of ours, an own address.
bool IsMartian(uint32_t source, const OwnAddresses& own) noexcept {
  const uint32_t net = source >> 24;
  if (net == 0 || net == 127 || (net & 0xf0) == 0xe0 || source == 0xffffffff) return true;
  return std::any_of(own.ip4.begin(), own.ip4.end(),
                     [=](const OwnIp4& ip4) { return source == ip4.address || source == Broadcast(ip4); });
}

FrameKind ClassifyArp(Bytes arp, const OwnAddresses& own) noexcept {
  if (arp.size() < kArpSize) return FrameKind::kRunt;
  const uint8_t* p = arp.data();
  const bool is_request = Load16(p + arp::kHardwareType) == 1 && Load16(p + arp::kProtocolType) == kEthertypeIp4 &&
                          Load16(p + arp::kAddressSizes) == 0x0604 && Load16(p + arp::kOperation) == arp::kRequest;
  // A sender of 0.0.0.0 is a probe (RFC 5227 section 2.1.1) and is answered, so that nobody takes an address that we
  // use. An own address as the sender is an announcement, ours come back or another's: answering it would only feed a
  // quarrel.
  const bool for_us = IsOwn(Load32(p + arp::kTargetIp), own) && !IsOwn(Load32(p + arp::kSenderIp), own);
  return is_request && for_us ? FrameKind::kArpRequest : FrameKind::kArpNotUs;
}

Frame ClassifyUdp(Bytes udp) noexcept {
  if (udp.size() < kUdpSize) return {FrameKind::kBadUdpLength};
  const size_t length = Load16(udp.data() + udp::kLength);
  if (length < kUdpSize || length > udp.size()) return {FrameKind::kBadUdpLength};
  if (Load16(udp.data() + udp::kDestinationPort) != kDnsPort) return {FrameKind::kOtherPort};
  // Port 0 is not a place that an answer could be sent to (RFC 768: "no port is used").
  if (Load16(udp.data() + udp::kSourcePort) == 0) return {FrameKind::kSourcePortZero};
  return {FrameKind::kDnsQuestion, static_cast<uint16_t>(length - kUdpSize)};
}

Frame ClassifyIcmp(Bytes icmp) noexcept {
  if (icmp.size() < kIcmpSize) return {FrameKind::kRunt};
  if (icmp[icmp::kType] != icmp::kEcho || icmp[icmp::kCode] != 0) return {FrameKind::kOtherProtocol};
  if (Sum(icmp.data(), icmp.size()) != 0xffff) return {FrameKind::kIcmpChecksum};
  return {FrameKind::kIcmpEcho, static_cast<uint16_t>(icmp.size())};
}

Frame ClassifyIp4(Bytes ip, const OwnAddresses& own) noexcept {
  if (ip.size() < kIp4Size) return {FrameKind::kRunt};
  const uint8_t* p = ip.data();
  const size_t header_size = (p[ip4::kVersionAndLength] & 0x0f) * size_t{4};
  const size_t total_length = Load16(p + ip4::kTotalLength);
  if (p[ip4::kVersionAndLength] >> 4 != 4 || header_size < kIp4Size || total_length < header_size) {
    return {FrameKind::kBadIpHeader};
  }
  // Behind total_length there may be padding up to Ethernet's minimum (RFC 894).
  if (total_length > ip.size()) return {FrameKind::kRunt};
  if (Sum(p, header_size) != 0xffff) return {FrameKind::kIpChecksum};
  if (header_size > kIp4Size) return {FrameKind::kIpOptions};
  if ((Load16(p + ip4::kFragment) & ip4::kMoreFragmentsOrOffset) != 0) return {FrameKind::kIpFragment};
  if (!IsOwn(Load32(p + ip4::kDestination), own)) return {FrameKind::kOtherAddress};
  if (IsMartian(Load32(p + ip4::kSource), own)) return {FrameKind::kMartianSource};
  const Bytes payload = ip.first(total_length).subspan(kIp4Size);
  switch (p[ip4::kProtocol]) {
    case kProtocolUdp:
      return ClassifyUdp(payload);
    case kProtocolIcmp:
      return ClassifyIcmp(payload);
    default:
      return {FrameKind::kOtherProtocol};
  }
}

}  // namespace

FrameCheck::FrameCheck(const OwnAddresses* own, const FrameKernel& kernel) noexcept : own_(own), kernel_(&kernel) {
  auto* const wanted = reinterpret_cast<uint8_t*>(pattern_.wanted);
  auto* const compared = reinterpret_cast<uint8_t*>(pattern_.compared);
  const auto want = [=](size_t at, uint8_t bits, uint8_t among) {
    wanted[at] = bits;
    compared[at] = among;
  };
  for (size_t i = 0; i < kMacSize; ++i) want(ethernet::kDestination + i, own->mac[i], 0xff);
  want(ethernet::kSource, 0, 1);  // no group
  want(ethernet::kType, kEthertypeIp4 >> 8, 0xff);
  want(ethernet::kType + 1, kEthertypeIp4 & 0xff, 0xff);
  want(kIp4At + ip4::kVersionAndLength, ip4::kVersion4Length5, 0xff);
  want(kIp4At + ip4::kFragment, 0, ip4::kMoreFragmentsOrOffset >> 8);
  want(kIp4At + ip4::kFragment + 1, 0, ip4::kMoreFragmentsOrOffset & 0xff);
  want(kIp4At + ip4::kProtocol, kProtocolUdp, 0xff);
  want(kUdpAt + udp::kDestinationPort, kDnsPort >> 8, 0xff);
  want(kUdpAt + udp::kDestinationPort + 1, kDnsPort & 0xff, 0xff);
  if (own->ip4.size() > pattern_.keys.size()) return;
  for (const OwnIp4& ip4 : own->ip4)
    pattern_.keys[pattern_.keys_size++] = {SwapBytes(ip4.address), SwapBytes(Broadcast(ip4))};
}

uint64_t FrameCheck::GoodQuestions(const uint8_t* const* frames, const uint16_t* sizes, size_t count,
                                   uint16_t* payload_sizes) const noexcept {
  const size_t whole_steps = count / kernel_->step * kernel_->step;
  uint64_t good = kernel_->good(pattern_, frames, sizes, whole_steps, payload_sizes);
  for (size_t i = whole_steps; i < count; ++i) {
    good |= uint64_t{IsGoodQuestion({frames[i], sizes[i]})} << i;
    payload_sizes[i] = QuestionSize(frames[i]);
  }
  return good;
}

const FrameKernel& BestFrameKernel() noexcept {
  return kFrameKernelAvx2.supported() ? kFrameKernelAvx2 : kFrameKernelSse4;
}

Frame ClassifyFrame(Bytes frame, const OwnAddresses& own) noexcept {
  if (frame.size() < kEthernetSize) return {FrameKind::kRunt};
  const uint8_t* p = frame.data();
  const bool to_our_mac = std::equal(own.mac.begin(), own.mac.end(), p + ethernet::kDestination);
  const bool to_all = std::all_of(p, p + kMacSize, [](uint8_t byte) { return byte == 0xff; });
  const uint16_t type = Load16(p + ethernet::kType);
  if (!to_our_mac && !(to_all && type == kEthertypeArp)) return {FrameKind::kOtherMac};
  // A group address is never a source (IEEE 802.3 section 3.2.3), and an answer to it would go to many.
  if ((p[ethernet::kSource] & 1) != 0) return {FrameKind::kMartianSource};
  switch (type) {
    case kEthertypeArp:
      return {ClassifyArp(frame.subspan(kEthernetSize), own)};
    case kEthertypeIp4:
      return ClassifyIp4(frame.subspan(kEthernetSize), own);
    default:
      return {FrameKind::kOtherEthertype};
  }
}

}  // namespace rblitz::net
