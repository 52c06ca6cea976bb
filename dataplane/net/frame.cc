#include "dataplane/net/frame.h"

#include <algorithm>
#include <cstring>

#include "dataplane/net/classify.h"

namespace rblitz::net {

namespace {

Frame ClassifyArp(Bytes frame, size_t net_at, const OwnAddresses& own) noexcept {
  if (frame.size() - net_at < kArpSize) return {FrameKind::kRunt};
  const uint8_t* p = frame.data() + net_at;
  const bool is_ours_to_read = Load16(p + arp::kHardwareType) == 1 && Load16(p + arp::kProtocolType) == kEthertypeIp4 &&
                               Load16(p + arp::kAddressSizes) == 0x0604;
  if (!is_ours_to_read) return {FrameKind::kArpNotUs};
  // An own address as the sender is an announcement, ours come back or another's (RFC 5227 section 2.4): answering it
  // would only feed a quarrel.
  if (IsOwn(Load32(p + arp::kSenderIp), own)) {
    const bool is_from_us = std::equal(own.mac.begin(), own.mac.end(), p + arp::kSenderMac);
    return {.kind = is_from_us ? FrameKind::kArpNotUs : FrameKind::kArpConflict,
            .net_at = static_cast<uint8_t>(net_at)};
  }
  // A sender of 0.0.0.0 is a probe (RFC 5227 section 2.1.1) and is answered, so that nobody takes an address that we
  // use.
  const bool is_request = Load16(p + arp::kOperation) == arp::kRequest && IsOwn(Load32(p + arp::kTargetIp), own);
  if (!is_request) return {FrameKind::kArpNotUs};
  return {.kind = FrameKind::kArpRequest, .net_at = static_cast<uint8_t>(net_at)};
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
  link6_wanted_ = pattern_.wanted[0];
  link6_compared_ = pattern_.compared[0];
  const auto want6 = [this](size_t at, uint8_t bits, uint8_t among) {
    reinterpret_cast<uint8_t*>(&link6_wanted_)[at] = bits;
    reinterpret_cast<uint8_t*>(&link6_compared_)[at] = among;
  };
  want6(ethernet::kType, kEthertypeIp6 >> 8, 0xff);
  want6(ethernet::kType + 1, kEthertypeIp6 & 0xff, 0xff);
  want6(kIp6At + ip6::kVersion, ip6::kVersion6 >> 24, 0xf0);
  want6(kIp6At + 1, 0, 0);  // the rest of the traffic class, the flow label
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

std::span<const FrameKernel* const> FrameKernels() noexcept {
  static constexpr const FrameKernel* kKernels[] = {
      &kFrameKernelFour,
#ifdef __x86_64__
      &kFrameKernelAvx2,
#endif
  };
  return kKernels;
}

const FrameKernel& BestFrameKernel() noexcept {
  const FrameKernel* best = FrameKernels().front();
  for (const FrameKernel* const kernel : FrameKernels()) {
    if (kernel->supported()) best = kernel;
  }
  return *best;
}

Frame ClassifyFrame(Bytes frame, const OwnAddresses& own) noexcept {
  if (frame.size() < kEthernetSize) return {FrameKind::kRunt};
  const uint8_t* p = frame.data();
  const bool to_us = std::equal(own.mac.begin(), own.mac.end(), p + ethernet::kDestination);
  const bool to_all = std::all_of(p, p + kMacSize, [](uint8_t byte) { return byte == 0xff; });
  if (!to_us && (p[ethernet::kDestination] & 1) == 0) return {FrameKind::kOtherMac};
  // A group address is never a source (IEEE 802.3 section 3.2.3), and an answer to it would go to many.
  if ((p[ethernet::kSource] & 1) != 0) return {FrameKind::kMartianSource};
  size_t net_at = kEthernetSize;
  uint16_t type = Load16(p + ethernet::kType);
  // One tag, which also stands there for a priority alone (VLAN 0). It stays where it is, and so the answer has it too.
  if (type == kEthertypeVlan) {
    net_at += kVlanSize;
    if (frame.size() < net_at) return {FrameKind::kRunt};
    type = Load16(p + net_at - 2);
  }
  if (type == kEthertypeVlan || type == kEthertypeServiceVlan) return {FrameKind::kDoubleVlan};
  if (type == kEthertypeArp && (to_us || to_all)) return ClassifyArp(frame, net_at, own);
  if (type == kEthertypeIp4 && to_us) return ClassifyIp4(frame, net_at, own);
  if (type == kEthertypeIp6 && !own.ip6.empty()) return ClassifyIp6(frame, net_at, own);
  return {to_us ? FrameKind::kOtherEthertype : FrameKind::kGroupMac};
}

}  // namespace rblitz::net
