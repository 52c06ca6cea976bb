#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <random>
#include <string>

#include "dataplane/net/frame.h"
#include "tests/frames.h"

namespace rblitz::net {

void PrintTo(const Frame& frame, std::ostream* out) {
  *out << "kind " << static_cast<int>(frame.kind) << " size " << frame.size << " upper_at " << frame.upper_at
       << " net_at " << int{frame.net_at} << " is_ip6 " << frame.is_ip6;
}

namespace {

using test::ArpFields;
using test::FrameBytes;
using test::IcmpFields;
using test::Ip4Fields;
using test::UdpFields;

const FrameBytes kPayload(33, 0xab);
const FrameBytes kBroadcastMac(6, 0xff);

struct Case {
  const char* what;
  FrameBytes frame;
  Frame expected;
};

FrameBytes Udp(const Ip4Fields& ip = {}, const UdpFields& udp = {}) { return test::UdpFrame(ip, udp, kPayload); }
FrameBytes Icmp(const Ip4Fields& ip = {}, const IcmpFields& icmp = {}) { return test::IcmpFrame(ip, icmp, kPayload); }
FrameBytes Padded(FrameBytes frame, size_t size) {
  frame.resize(size, 0x5a);
  return frame;
}
FrameBytes Cut(FrameBytes frame, size_t size) {
  frame.resize(size);
  return frame;
}
FrameBytes With(FrameBytes frame, size_t at, uint8_t byte) {
  frame.at(at) = byte;
  return frame;
}

// Frames in a burst of which the kernel with the longest step takes one step, and leaves some over.
constexpr size_t kStepAndMore = 13;

// GoodQuestions takes of a burst what IsGoodQuestion takes alone, and nothing that is no question.
// Behind each frame stands what a question left there that was in the same buffer before.
void ExpectBurstAgrees(std::vector<FrameBytes> burst, const OwnAddresses& own, const FrameKernel& kernel) {
  static const FrameBytes before = Udp();
  const FrameCheck check(&own, kernel);
  std::vector<uint8_t*> frames;
  std::vector<uint16_t> sizes;
  for (FrameBytes& frame : burst) {
    sizes.push_back(static_cast<uint16_t>(frame.size()));
    const size_t end = frame.size() + FrameCheck::kReadableSize;
    if (frame.size() < before.size()) {
      frame.insert(frame.end(), before.begin() + static_cast<ptrdiff_t>(frame.size()), before.end());
    }
    frame.resize(end, 0xff);
    frames.push_back(frame.data());
  }
  std::vector<uint16_t> payload_sizes(burst.size());
  const uint64_t good = check.GoodQuestions(frames.data(), sizes.data(), burst.size(), payload_sizes.data());
  for (size_t i = 0; i < burst.size(); ++i) {
    const std::span<const uint8_t> frame(frames[i], sizes[i]);
    const bool is_good = (good >> i & 1) != 0;
    ASSERT_TRUE(is_good || !check.IsGoodQuestion(frame)) << testing::PrintToString(burst[i]);
    if (!is_good) continue;
    ASSERT_EQ(ClassifyFrame(frame, own), (Frame{FrameKind::kDnsQuestion, payload_sizes[i]}));
  }
  ASSERT_EQ(burst.size() == 64 ? 0 : good >> burst.size(), 0u);
}

void ExpectBurstAgrees(const std::vector<FrameBytes>& burst, const OwnAddresses& own) {
  for (const FrameKernel* const kernel : FrameKernels()) {
    if (kernel->supported()) ExpectBurstAgrees(burst, own, *kernel);
  }
}

void ExpectAll(const std::vector<Case>& cases) {
  const OwnAddresses own = test::Own();
  for (const Case& c : cases) {
    EXPECT_EQ(ClassifyFrame(c.frame, own), c.expected) << c.what;
    EXPECT_EQ(FrameCheck(&own)(c.frame), c.expected) << c.what;
    ExpectBurstAgrees(std::vector(kStepAndMore, c.frame), own);
  }
}

TEST(Frame, DnsQuestionsAreRecognised) {
  const Frame question = {FrameKind::kDnsQuestion, 33};
  ExpectAll({
      {"plain", Udp(), question},
      {"don't fragment clear", Udp({.fragment = 0}), question},
      {"reserved flag set", Udp({.fragment = 0x8000}), question},
      {"second own address", Udp({.destination = test::kOtherOwnIp}), question},
      {"padded frame", Padded(Udp(), 120), question},
      {"no checksum", Udp({}, {.has_checksum = false}), question},
      {"wrong UDP checksum", With(Udp(), 41, 0x77), question},
      {"bytes behind the datagram", Udp({}, {.length = 8 + 20}), {FrameKind::kDnsQuestion, 20}},
      {"empty", test::UdpFrame({}, {}, {}), {FrameKind::kDnsQuestion, 0}},
      {"far source", Udp({.source = 0x08080808}), question},
      {"network's own number", Udp({.source = 0x0a350000}), question},
      {"broadcast of no network: own /32", Udp({.source = test::kOtherOwnIp | 0xff}), question},
  });
}

TEST(Frame, ShortFramesAreRunts) {
  const Frame runt = {FrameKind::kRunt};
  ExpectAll({
      {"nothing", {}, runt},
      {"13 bytes", Cut(Udp(), 13), runt},
      {"Ethernet only", Cut(Udp(), 14), runt},
      {"IP header cut", Cut(Udp(), 33), runt},
      {"IP header only", Cut(Udp(), 34), runt},
      {"UDP header cut", Cut(Udp(), 41), runt},
      {"last byte missing", Cut(Udp(), Udp().size() - 1), runt},
      {"ARP cut", Cut(test::ArpFrame({}), 41), runt},
      {"ICMP of 7 bytes", test::Ip4Frame({.protocol = 1}, {8, 0, 0xf7, 0xff, 0, 0, 0}), runt},
  });
}

TEST(Frame, OnlyOurMacIsTaken) {
  ExpectAll({
      {"another's", Udp({.destination_mac = test::kClientMac}), {FrameKind::kOtherMac}},
      {"last byte differs", With(Udp(), 5, 0x02), {FrameKind::kOtherMac}},
      {"broadcast", Udp({.destination_mac = kBroadcastMac}), {FrameKind::kGroupMac}},
      {"multicast", Udp({.destination_mac = {0x01, 0, 0x5e, 0, 0, 1}}), {FrameKind::kGroupMac}},
      {"ARP to a group", test::ArpFrame({.destination_mac = {0x01, 0, 0x5e, 0, 0, 1}}), {FrameKind::kGroupMac}},
      {"ARP to another", test::ArpFrame({.destination_mac = test::kClientMac}), {FrameKind::kOtherMac}},
      {"from a group", Udp({.source_mac = {0x01, 0, 0x5e, 0, 0, 1}}), {FrameKind::kMartianSource}},
  });
}

TEST(Frame, OtherEthertypesAreCounted) {
  ExpectAll({
      {"IPv6", Udp({.ethertype = 0x86dd}), {FrameKind::kOtherEthertype}},
      {"VLAN, then no type", Udp({.ethertype = 0x8100}), {FrameKind::kOtherEthertype}},
      {"802.3 length", Udp({.ethertype = 0x0040}), {FrameKind::kOtherEthertype}},
  });
}

TEST(Frame, BrokenIpHeadersAreCounted) {
  ExpectAll({
      {"version 6", Udp({.version_and_length = 0x65}), {FrameKind::kBadIpHeader}},
      {"4 words", Udp({.version_and_length = 0x44}), {FrameKind::kBadIpHeader}},
      {"total length below header", Udp({.total_length = 19}), {FrameKind::kBadIpHeader}},
      {"total length past the frame", Udp({.total_length = 62}), {FrameKind::kRunt}},
      {"15 words, total length below",
       Udp({.version_and_length = 0x4f, .total_length = 59}),
       {FrameKind::kBadIpHeader}},
      {"checksum off by a bit", Udp({.checksum_error = 0x0100}), {FrameKind::kIpChecksum}},
      {"source route", Udp({.version_and_length = 0x46, .options = {131, 3, 4, 0}}), {FrameKind::kIpOptions}},
      {"options, wrong checksum",
       Udp({.version_and_length = 0x46, .checksum_error = 1, .options = {1, 1, 1, 1}}),
       {FrameKind::kIpChecksum}},
  });
}

TEST(Frame, FragmentsAreCounted) {
  ExpectAll({
      {"first", Udp({.fragment = 0x2000}), {FrameKind::kIpFragment}},
      {"offset 8", Udp({.fragment = 0x0001}), {FrameKind::kIpFragment}},
      {"last", Udp({.fragment = 0x1fff}), {FrameKind::kIpFragment}},
      {"high offset", Udp({.fragment = 0x1000}), {FrameKind::kIpFragment}},
      {"of TCP", Udp({.protocol = 6, .fragment = 0x2000}), {FrameKind::kHostFragment}},
  });
}

TEST(Frame, OnlyOwnAddressesAreServed) {
  ExpectAll({
      {"neighbour", Udp({.destination = test::kOwnIp + 1}), {FrameKind::kOtherAddress}},
      {"network broadcast", Udp({.destination = 0x0a3500ff}), {FrameKind::kOtherAddress}},
      {"limited broadcast", Udp({.destination = 0xffffffff}), {FrameKind::kOtherAddress}},
      {"echo to a neighbour", Icmp({.destination = test::kOwnIp + 1}), {FrameKind::kOtherAddress}},
      {"fragment to a neighbour",
       Udp({.destination = test::kOwnIp + 1, .fragment = 0x2000}),
       {FrameKind::kOtherAddress}},
      {"source route to a neighbour",
       Udp({.destination = test::kOwnIp + 1, .version_and_length = 0x46, .options = {131, 3, 4, 0}}),
       {FrameKind::kOtherAddress}},
  });
}

TEST(Frame, MartianSourcesAreDropped) {
  const Frame martian = {FrameKind::kMartianSource};
  ExpectAll({
      {"0.0.0.0", Udp({.source = 0}), martian},
      {"0/8", Udp({.source = 0x00ffffff}), martian},
      {"127.0.0.1", Udp({.source = 0x7f000001}), martian},
      {"127/8", Udp({.source = 0x7fffffff}), martian},
      {"multicast, first", Udp({.source = 0xe0000000}), martian},
      {"multicast, last", Udp({.source = 0xefffffff}), martian},
      {"limited broadcast", Udp({.source = 0xffffffff}), martian},
      {"own address", Udp({.source = test::kOwnIp}), martian},
      {"second own address", Udp({.source = test::kOtherOwnIp}), martian},
      {"network broadcast", Udp({.source = 0x0a3500ff}), martian},
      {"echo from own address", Icmp({.source = test::kOwnIp}), martian},
      {"1/8 is none", Udp({.source = 0x01000000}), {FrameKind::kDnsQuestion, 33}},
      {"126/8 is none", Udp({.source = 0x7effffff}), {FrameKind::kDnsQuestion, 33}},
      {"128/8 is none", Udp({.source = 0x80000000}), {FrameKind::kDnsQuestion, 33}},
      {"223/8 is none", Udp({.source = 0xdfffffff}), {FrameKind::kDnsQuestion, 33}},
  });
}

TEST(Frame, NetworksOfOneOrTwoAddressesHaveNoBroadcast) {
  OwnAddresses own = test::Own();
  for (const auto& [prefix_length, kind] : std::map<uint8_t, FrameKind>{
           {0, FrameKind::kDnsQuestion},
           {24, FrameKind::kDnsQuestion},
           {30, FrameKind::kMartianSource},
           {31, FrameKind::kDnsQuestion},
           {32, FrameKind::kDnsQuestion},
       }) {
    own.ip4 = {{0x0a350001, prefix_length}};
    const FrameBytes frame = Udp({.source = 0x0a350003, .destination = 0x0a350001});
    EXPECT_EQ(FrameCheck(&own)(frame).kind, kind) << int{prefix_length};
    EXPECT_EQ(ClassifyFrame(frame, own).kind, kind) << int{prefix_length};
  }
  own.ip4 = {{0x0a350002, 31}};
  EXPECT_EQ(FrameCheck(&own)(Udp({.source = 0x0a350003, .destination = 0x0a350002})).kind, FrameKind::kDnsQuestion);
}

TEST(Frame, NothingIsServedWithoutOwnAddresses) {
  OwnAddresses own = test::Own();
  own.ip4.clear();
  EXPECT_EQ(FrameCheck(&own)(Udp()).kind, FrameKind::kOtherAddress);
  EXPECT_EQ(FrameCheck(&own)(test::ArpFrame({})).kind, FrameKind::kArpNotUs);
  const FrameBytes to_nobody = Udp({.destination = 0, .version_and_length = 0x00});
  EXPECT_EQ(FrameCheck(&own)(to_nobody).kind, FrameKind::kBadIpHeader);
  ExpectBurstAgrees(std::vector(kStepAndMore, to_nobody), own);
}

TEST(Frame, MoreAddressesThanTheFastCheckKnowsAreServedAllTheSame) {
  OwnAddresses own = test::Own();
  own.ip4.clear();
  for (uint32_t i = 0; i <= FrameCheck::kFastAddresses; ++i) own.ip4.push_back({0x0a350001 + i, 24});
  for (const OwnIp4& ip4 : own.ip4) {
    EXPECT_EQ(FrameCheck(&own)(Udp({.source = 0x08080808, .destination = ip4.address})).kind, FrameKind::kDnsQuestion);
    EXPECT_EQ(FrameCheck(&own)(Udp({.source = ip4.address, .destination = 0x0a350001})).kind,
              FrameKind::kMartianSource);
    ExpectBurstAgrees(std::vector(kStepAndMore, Udp({.source = 0x08080808, .destination = ip4.address})), own);
  }
}

TEST(Frame, UdpIsChecked) {
  ExpectAll({
      {"TCP", Udp({.protocol = 6}), {FrameKind::kOtherProtocol}},
      {"other port", Udp({}, {.destination_port = 5353}), {FrameKind::kOtherPort}},
      {"swapped port", Udp({}, {.destination_port = 53 << 8}), {FrameKind::kOtherPort}},
      {"source port 0", Udp({}, {.source_port = 0}), {FrameKind::kSourcePortZero}},
      {"length 7", Udp({}, {.length = 7}), {FrameKind::kBadUdpLength}},
      {"length one past the packet", Udp({}, {.length = 8 + 34}), {FrameKind::kBadUdpLength}},
      {"length into the padding", Padded(Udp({}, {.length = 8 + 34}), 120), {FrameKind::kBadUdpLength}},
      {"packet ends in the header", Udp({.total_length = 27}), {FrameKind::kBadUdpLength}},
  });
}

TEST(Frame, IcmpEchoIsRecognised) {
  ExpectAll({
      {"echo", Icmp(), {FrameKind::kIcmpEcho, 41}},
      {"padded", Padded(Icmp(), 120), {FrameKind::kIcmpEcho, 41}},
      {"wrong checksum", Icmp({}, {.checksum_error = 0x10}), {FrameKind::kIcmpChecksum}},
      {"reply", Icmp({}, {.type = 0}), {FrameKind::kOtherProtocol}},
      {"code 1", Icmp({}, {.code = 1}), {FrameKind::kOtherProtocol}},
      {"unreachable", Icmp({}, {.type = 3}), {FrameKind::kOtherProtocol}},
      {"to all", Icmp({.destination_mac = kBroadcastMac}), {FrameKind::kGroupMac}},
  });
}

TEST(Frame, ArpRequestsForOwnAddressesAreRecognised) {
  const FrameBytes request = test::ArpFrame({});
  ExpectAll({
      {"broadcast", request, {FrameKind::kArpRequest}},
      {"unicast", test::ArpFrame({.destination_mac = test::kOwnMac}), {FrameKind::kArpRequest}},
      {"probe", test::ArpFrame({.sender_ip = 0}), {FrameKind::kArpRequest}},
      {"second own address", test::ArpFrame({.target_ip = test::kOtherOwnIp}), {FrameKind::kArpRequest}},
      {"padded", Padded(request, 60), {FrameKind::kArpRequest}},
      {"for another", test::ArpFrame({.target_ip = test::kOwnIp + 1}), {FrameKind::kArpNotUs}},
      {"reply", test::ArpFrame({.operation = 2}), {FrameKind::kArpNotUs}},
      {"announcement of ours by another", test::ArpFrame({.sender_ip = test::kOwnIp}), {FrameKind::kArpConflict}},
      {"reply with our address",
       test::ArpFrame({.operation = 2, .sender_ip = test::kOwnIp}),
       {FrameKind::kArpConflict}},
      {"our announcement come back",
       test::ArpFrame({.sender_ip = test::kOwnIp, .sender_mac = test::kOwnMac}),
       {FrameKind::kArpNotUs}},
      {"hardware not Ethernet", With(request, 15, 6), {FrameKind::kArpNotUs}},
      {"protocol not IPv4", With(request, 16, 0x86), {FrameKind::kArpNotUs}},
      {"MAC of 8 bytes", With(request, 18, 8), {FrameKind::kArpNotUs}},
      {"address of 16 bytes", With(request, 19, 16), {FrameKind::kArpNotUs}},
  });
}

// The two functions agree on frames that are nearly right: few bytes changed, cut, and the checksums mended half of the
// time so that later checks are reached too.
TEST(Frame, TheFastCheckAgreesWithTheClassifier) {
  const OwnAddresses own = test::Own();
  const std::vector<FrameBytes> seeds = {
      Udp(),
      Udp({}, {.has_checksum = false}),
      Udp({.destination = test::kOtherOwnIp}),
      Padded(Udp(), 100),
      Icmp(),
      test::ArpFrame({}),
      Udp({.version_and_length = 0x46, .options = {1, 1, 1, 1}}),
      Udp({.version_and_length = 0x46, .options = {131, 3, 4, 0}}),
      test::ArpFrame({.sender_ip = test::kOwnIp}),
      Udp({.protocol = 6, .fragment = 0x2000}),
      test::UdpFrame({}, {}, {}),
  };
  const uint8_t interesting[] = {0, 1, 2, 5, 8, 20, 27, 28, 53, 64, 127, 128, 224, 239, 255};
  std::mt19937 random(5);
  std::map<FrameKind, int> seen;
  std::vector<FrameBytes> burst;
  for (int i = 0; i < 400000; ++i) {
    FrameBytes frame = seeds[random() % seeds.size()];
    for (unsigned changes = static_cast<unsigned>(random() % 4); changes > 0; --changes) {
      uint8_t& byte = frame[random() % std::min<size_t>(frame.size(), 46)];
      byte = random() % 2 == 0 ? interesting[random() % std::size(interesting)] : static_cast<uint8_t>(random());
    }
    if (random() % 2 == 0) {
      test::Write16(frame, 24, 0);
      test::Write16(frame, 24, test::NaiveChecksum(std::span(frame).subspan(14, 20)));
    }
    if (random() % 8 == 0) frame.resize(random() % (frame.size() + 1));
    const Frame expected = ClassifyFrame(frame, own);
    ASSERT_EQ(FrameCheck(&own)(frame), expected) << testing::PrintToString(frame);
    ++seen[expected.kind];
    burst.push_back(std::move(frame));
    if (burst.size() == 1 + static_cast<size_t>(i % 64)) ExpectBurstAgrees(std::exchange(burst, {}), own);
  }
  const auto of_ip6 = {FrameKind::kNeighborSolicitation,
                       FrameKind::kIp6Extension,
                       FrameKind::kNoUdpChecksum,
                       FrameKind::kBadNd,
                       FrameKind::kNdNotUs,
                       FrameKind::kNdConflict,
                       FrameKind::kDoubleVlan};
  for (size_t i = 0; i < static_cast<size_t>(FrameKind::kCount); ++i) {
    const auto kind = static_cast<FrameKind>(i);
    if (std::find(of_ip6.begin(), of_ip6.end(), kind) != of_ip6.end()) continue;  // net_frame_ip6_test
    EXPECT_GT(seen[kind], 0) << "the mutations never gave kind " << i;
  }
}

}  // namespace
}  // namespace rblitz::net
