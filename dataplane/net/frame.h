// What a received Ethernet frame is to us: a DNS question, an ARP request, a neighbour solicitation or an ICMP echo for
// an own address, or something to drop and why. Nothing in the frame is believed before it has been compared with the
// bytes that are there.
//
// Two functions say the same: ClassifyFrame reads header by header and is the definition; FrameCheck decides the cases
// that matter, good DNS questions without tag, options and extension headers, by a few loads and one predicate, and
// leaves the rest to ClassifyFrame.
//
// Thread-safety: pure, const. Lifetime: a FrameCheck points to its OwnAddresses. Units: bytes.
// Cost: bench/frame_bench, BM_FrameCheck and BM_ClassifyFrame.
// Source: RFC 894, IEEE 802.1Q, RFC 826, RFC 5227, RFC 791, RFC 8200, RFC 792, RFC 4443, RFC 4861, RFC 768, RFC 1122
// section 3.2.1.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/frame_kernels.h"
#include "dataplane/net/frame_kind.h"
#include "dataplane/net/headers.h"
#include "dataplane/net/own_addresses.h"
#include "tables/vectors.h"

namespace rblitz::net {

class FrameCheck {
 public:
  // A port with more addresses than these leaves every frame to ClassifyFrame.
  static constexpr size_t kFastAddresses = QuestionPattern::kMaxAddresses;

  explicit FrameCheck(const OwnAddresses* own, const FrameKernel& kernel = BestFrameKernel()) noexcept;

  [[nodiscard]] Frame operator()(std::span<const uint8_t> frame) const noexcept {
    if (IsGoodQuestion(frame)) return {FrameKind::kDnsQuestion, QuestionSize(frame.data())};
    return ClassifyOther(frame);
  }
  // Of a frame that is not IsGoodQuestion.
  [[nodiscard]] Frame ClassifyOther(std::span<const uint8_t> frame) const noexcept {
    if (!IsGoodQuestion6(frame)) return ClassifyFrame(frame, *own_);
    return {.kind = FrameKind::kDnsQuestion,
            .size = static_cast<uint16_t>(Load16(frame.data() + kUdp6At + udp::kLength) - kUdpSize),
            .upper_at = kUdp6At,
            .is_ip6 = true};
  }

  // True: certainly a DNS question over IPv4. False: ClassifyFrame says what it is, perhaps a question all the same.
  // Every test leaves its finding in a word; one branch asks for all.
  [[nodiscard]] bool IsGoodQuestion(std::span<const uint8_t> frame) const noexcept {
    static_assert(sizeof(pattern_.wanted) == kReadableSize);
    return frame.size() >= kReadableSize && Passes(frame.data(), frame.size());
  }

  // The same over IPv6.
  [[nodiscard]] bool IsGoodQuestion6(std::span<const uint8_t> frame) const noexcept {
    return frame.size() >= kUdp6PayloadAt && Passes6(frame.data(), frame.size());
  }

  // IsGoodQuestion for a burst of at most 64 frames, several at a time: bit i of the result is set when frame i is a
  // good question, and payload_sizes[i] is QuestionSize then. REQUIRES: kReadableSize bytes at each frame, whatever its
  // size.
  [[nodiscard]] uint64_t GoodQuestions(const uint8_t* const* frames, const uint16_t* sizes, size_t count,
                                       uint16_t* payload_sizes) const noexcept;
  static constexpr size_t kReadableSize = 48;

  // Of the UDP payload of a frame that IsGoodQuestion.
  [[nodiscard]] static uint16_t QuestionSize(const uint8_t* frame) noexcept {
    return static_cast<uint16_t>(Load16(frame + kUdpAt + udp::kLength) - kUdpSize);
  }

 private:
  [[nodiscard]] bool Passes(const uint8_t* p, size_t size) const noexcept {
    U32x4 differs{};
    for (size_t v = 0; v < std::size(pattern_.wanted); ++v) {
      differs |= (LoadVector<U32x4>(p + v * kVectorSize) ^ pattern_.wanted[v]) & pattern_.compared[v];
    }
    // UDP fills the packet, and the packet fits the frame. Each difference is negative where it does not.
    const size_t total_length = Load16(p + kIp4At + ip4::kTotalLength);
    const size_t udp_length = Load16(p + kUdpAt + udp::kLength);
    const size_t lacks = (size - kEthernetSize - total_length) | (udp_length - kUdpSize);
    const size_t lengths = (total_length - kIp4Size - udp_length) | lacks >> 63;
    const bool no_port = LoadMemoryOrder<uint16_t>(p + kUdpAt + udp::kSourcePort) == 0;
    const auto addresses = LoadMemoryOrder<uint64_t>(p + kIp4At + ip4::kSource);
    const bool elsewhere =
        IsFromOrToElsewhere(static_cast<uint32_t>(addresses), static_cast<uint32_t>(addresses >> 32));
    return IsAllZero(differs) & (lengths == 0) & !no_port & !elsewhere & IsSumAllOnes(p + kIp4At, addresses);
  }

  // Whether the header's words sum to 0xffff. 2^16 is 1 modulo 0xffff, so that this is to ask whether the header as one
  // number (never 0, it has a version) is a multiple of 0xffff: exact division is multiplication by the inverse modulo
  // 2^64.
  [[nodiscard]] static bool IsSumAllOnes(const uint8_t* ip, uint64_t addresses) noexcept {
    constexpr uint64_t kInverse = 0xfffe'fffe'fffe'ffff;
    constexpr uint64_t kLargestQuotient = ~uint64_t{0} / 0xffff;
    static_assert(kInverse * 0xffff == 1);
    const auto first = LoadMemoryOrder<uint64_t>(ip);
    const uint64_t middle = LoadMemoryOrder<uint32_t>(ip + ip4::kTtl);
    uint64_t sum = first + addresses;
    sum += uint64_t{sum < addresses};
    sum += middle;
    sum += uint64_t{sum < middle};
    return sum * kInverse <= kLargestQuotient;
  }

  // Takes all of 224/3 for suspicious: 240/4 is rare and ClassifyFrame lets it pass.
  [[nodiscard]] bool IsFromOrToElsewhere(uint32_t source, uint32_t destination) const noexcept {
    const auto net = static_cast<uint8_t>(source);
    bool suspicious = (static_cast<uint8_t>(net - 1) >= 0xdf) | (net == 127);
    bool to_us = false;
    const auto compare = [&](const QuestionPattern::Key& key) {
      to_us |= destination == key.address;
      suspicious |= (source == key.address) | (source == key.broadcast);
    };
    compare(pattern_.keys[0]);
    for (size_t k = 1; k < pattern_.keys_size; ++k) [[unlikely]] compare(pattern_.keys[k]);
    return suspicious | !to_us | (pattern_.keys_size == 0);
  }

  [[nodiscard]] bool Passes6(const uint8_t* p, size_t size) const noexcept {
    const auto* const udp = p + kUdp6At;
    const bool link = ShareNoBit(LoadVector<U32x4>(p) ^ link6_wanted_, link6_compared_);
    const size_t payload_length = Load16(p + kIp6At + ip6::kPayloadLength);
    const size_t udp_length = Load16(udp + udp::kLength);
    const bool lengths = (payload_length == udp_length) & (udp_length >= kUdpSize) & (payload_length <= size - kUdp6At);
    const bool ports = (LoadMemoryOrder<uint16_t>(udp + udp::kSourcePort) != 0) &
                       (LoadMemoryOrder<uint16_t>(udp + udp::kDestinationPort) == SwapBytes(kDnsPort)) &
                       (LoadMemoryOrder<uint16_t>(udp + udp::kChecksum) != 0);
    return link & lengths & ports & (p[kIp6At + ip6::kNextHeader] == kProtocolUdp) && IsFromElsewhereToUs6(p + kIp6At);
  }

  // Takes all of ::/64 for suspicious and leaves it to ClassifyFrame.
  [[nodiscard]] bool IsFromElsewhereToUs6(const uint8_t* ip) const noexcept {
    const auto source = LoadVector<U64x2>(ip + ip6::kSource);
    const auto destination = LoadVector<U64x2>(ip + ip6::kDestination);
    bool suspicious = (ip[ip6::kSource] == 0xff) | (LoadMemoryOrder<uint64_t>(ip + ip6::kSource) == 0);
    bool to_us = false;
    for (const OwnIp6& ip6 : own_->ip6) {
      const auto own = LoadVector<U64x2>(ip6.address.data());
      to_us |= IsAllZero(destination ^ own);
      suspicious |= IsAllZero(source ^ own);
    }
    return to_us & !suspicious;
  }

  QuestionPattern pattern_;
  // Of the first 16 bytes of a question over IPv6, as in QuestionPattern.
  U32x4 link6_wanted_;
  U32x4 link6_compared_;
  const OwnAddresses* own_;
  const FrameKernel* kernel_;
};

}  // namespace rblitz::net
