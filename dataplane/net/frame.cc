#include "dataplane/net/frame.h"

#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/net/vectors.h"

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

FrameCheck::FrameCheck(const OwnAddresses* own) noexcept : own_(own) {
  auto* const wanted = reinterpret_cast<uint8_t*>(&wanted_);
  auto* const compared = reinterpret_cast<uint8_t*>(&compared_);
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
  if (own->ip4.size() > kFastAddresses) return;
  for (const OwnIp4& ip4 : own->ip4) keys_[keys_size_++] = {SwapBytes(ip4.address), SwapBytes(Broadcast(ip4))};
}

uint64_t FrameCheck::GoodQuestions(const uint8_t* const* frames, const uint16_t* sizes, size_t count,
                                   uint16_t* payload_sizes) const noexcept {
  uint64_t good = 0;
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const __m128i four_sizes = _mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(sizes + i)));
    __m128i udp_lengths;
    const __m128i differs = Differences(frames + i, four_sizes, udp_lengths);
    const __m128i equal = _mm_cmpeq_epi32(differs, _mm_setzero_si128());
    good |= static_cast<uint64_t>(_mm_movemask_ps(_mm_castsi128_ps(equal))) << i;
    const __m128i payloads = _mm_sub_epi32(udp_lengths, _mm_set1_epi32(kUdpSize));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(payload_sizes + i), _mm_packus_epi32(payloads, payloads));
  }
  for (; i < count; ++i) {
    good |= uint64_t{IsGoodQuestion({frames[i], sizes[i]})} << i;
    payload_sizes[i] = QuestionSize(frames[i]);
  }
  return good;
}

// What Passes asks, of four frames: 0 where one passes.
inline __m128i FrameCheck::Differences(const uint8_t* const* frames, __m128i sizes,
                                       __m128i& udp_lengths) const noexcept {
  // Ethernet, version and header length: packing keeps what is not zero.
  __m128i links[4];
  __m128i first[4];   // type of service and total length; fragment; TTL, protocol, checksum; source
  __m128i second[4];  // destination; ports; UDP length and checksum; DNS
  for (size_t f = 0; f < 4; ++f) {
    links[f] = _mm_and_si128(_mm_xor_si128(LoadVector(frames[f]), wanted_.vectors[0]), compared_.vectors[0]);
    first[f] = LoadVector(frames[f] + kIp4At);
    second[f] = LoadVector(frames[f] + kIp4At + ip4::kDestination);
  }
  Transpose(first);
  Transpose(second);
  __m128i differs = _mm_packs_epi16(_mm_packs_epi32(links[0], links[1]), _mm_packs_epi32(links[2], links[3]));

  const auto differ_in = [](__m128i dwords, uint32_t wanted, uint32_t compared) {
    return _mm_and_si128(_mm_xor_si128(dwords, _mm_set1_epi32(static_cast<int>(wanted))),
                         _mm_set1_epi32(static_cast<int>(compared)));
  };
  differs = _mm_or_si128(differs, differ_in(first[1], 0, uint32_t{SwapBytes(ip4::kMoreFragmentsOrOffset)} << 16));
  differs = _mm_or_si128(differs, differ_in(first[2], kProtocolUdp << 8, 0xff00));
  differs = _mm_or_si128(differs, differ_in(second[1], uint32_t{SwapBytes(kDnsPort)} << 16, 0xffff0000));
  const __m128i source_ports = _mm_and_si128(second[1], _mm_set1_epi32(0xffff));
  differs = _mm_or_si128(differs, _mm_cmpeq_epi32(source_ports, _mm_setzero_si128()));

  // UDP fills the packet, and the packet fits the frame: each difference is negative where it does not.
  const __m128i total_lengths =
      _mm_shuffle_epi8(first[0], _mm_setr_epi8(3, 2, -1, -1, 7, 6, -1, -1, 11, 10, -1, -1, 15, 14, -1, -1));
  udp_lengths = _mm_shuffle_epi8(second[2], _mm_setr_epi8(1, 0, -1, -1, 5, 4, -1, -1, 9, 8, -1, -1, 13, 12, -1, -1));
  const __m128i room = _mm_sub_epi32(_mm_sub_epi32(sizes, _mm_set1_epi32(kEthernetSize)), total_lengths);
  const __m128i payload = _mm_sub_epi32(udp_lengths, _mm_set1_epi32(kUdpSize));
  const __m128i padding = _mm_sub_epi32(_mm_sub_epi32(total_lengths, _mm_set1_epi32(kIp4Size)), udp_lengths);
  differs = _mm_or_si128(differs, _mm_or_si128(_mm_srai_epi32(_mm_or_si128(room, payload), 31), padding));

  __m128i sums = _mm_set1_epi32(5 * kSumOfWordsBias);
  for (const __m128i& dwords : first) sums = _mm_add_epi32(sums, SumOfWords(dwords));
  sums = _mm_add_epi32(sums, SumOfWords(second[0]));
  differs = _mm_or_si128(differs, _mm_xor_si128(FoldOnce(sums), _mm_set1_epi32(0xffff)));
  return _mm_or_si128(differs, FromOrToElsewhere(first[3], second[0]));
}

// Not 0 where IsFromOrToElsewhere.
inline __m128i FrameCheck::FromOrToElsewhere(__m128i sources, __m128i destinations) const noexcept {
  const __m128i nets = _mm_and_si128(sources, _mm_set1_epi32(0xff));
  __m128i suspicious = _mm_or_si128(
      _mm_cmpeq_epi32(nets, _mm_setzero_si128()),
      _mm_or_si128(_mm_cmpeq_epi32(nets, _mm_set1_epi32(127)), _mm_cmpgt_epi32(nets, _mm_set1_epi32(223))));
  __m128i to_us = _mm_setzero_si128();
  for (const Key& key : std::span(keys_.data(), keys_size_)) {
    const __m128i own = _mm_set1_epi32(static_cast<int>(key.address));
    const __m128i broadcast = _mm_set1_epi32(static_cast<int>(key.broadcast));
    to_us = _mm_or_si128(to_us, _mm_cmpeq_epi32(destinations, own));
    suspicious =
        _mm_or_si128(suspicious, _mm_or_si128(_mm_cmpeq_epi32(sources, own), _mm_cmpeq_epi32(sources, broadcast)));
  }
  return _mm_or_si128(suspicious, _mm_xor_si128(to_us, _mm_set1_epi32(-1)));
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
