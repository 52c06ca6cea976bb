// What frames of IPv6, with VLAN tags, and with options are to a port.
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <random>

#include "dataplane/net/frame.h"
#include "tests/frames_ip6.h"

namespace rblitz::net {

void PrintTo(const Frame& frame, std::ostream* out);

namespace {

using test::FrameBytes;
using test::Ip6Fields;
using test::UdpFields;

const FrameBytes kPayload(33, 0xab);

FrameBytes Udp6(const Ip6Fields& ip = {}, const UdpFields& udp = {}) { return test::Udp6Frame(ip, udp, kPayload); }
FrameBytes Cut(FrameBytes frame, size_t size) {
  frame.resize(size);
  return frame;
}
Frame Question(size_t upper_at = 54, size_t net_at = 14, uint16_t size = 33, bool is_ip6 = true) {
  return {FrameKind::kDnsQuestion, size, static_cast<uint16_t>(upper_at), static_cast<uint8_t>(net_at), is_ip6};
}
Frame Echo(size_t upper_at = 54, size_t net_at = 14) {
  return {FrameKind::kIcmpEcho, 41, static_cast<uint16_t>(upper_at), static_cast<uint8_t>(net_at), true};
}
Frame Solicitation(size_t upper_at = 54, size_t net_at = 14) {
  return {FrameKind::kNeighborSolicitation, 0, static_cast<uint16_t>(upper_at), static_cast<uint8_t>(net_at), true};
}

struct Case {
  const char* what;
  FrameBytes frame;
  Frame expected;
};

void ExpectAll(const std::vector<Case>& cases) {
  const OwnAddresses own = test::OwnWithIp6();
  for (const Case& c : cases) {
    EXPECT_EQ(ClassifyFrame(c.frame, own), c.expected) << c.what;
    EXPECT_EQ(FrameCheck(&own)(c.frame), c.expected) << c.what;
  }
}
void ExpectKind(FrameKind kind, const std::vector<std::pair<const char*, FrameBytes>>& frames) {
  const OwnAddresses own = test::OwnWithIp6();
  for (const auto& [what, frame] : frames) {
    EXPECT_EQ(ClassifyFrame(frame, own).kind, kind) << what;
    EXPECT_EQ(FrameCheck(&own)(frame).kind, kind) << what;
  }
}

TEST(FrameIp6, DnsQuestionsAreRecognised) {
  FrameBytes padded = Udp6();
  padded.resize(200, 0x5a);
  ExpectAll({
      {"plain", Udp6(), Question()},
      {"second own address", Udp6({.destination = test::kOtherOwnIp6}), Question()},
      {"link-local address", Udp6({.destination = test::kOwnLinkLocal}), Question()},
      {"traffic class", Udp6({.version_and_class = 0x6f}), Question()},
      {"hop limit 0", Udp6({.hop_limit = 0}), Question()},
      {"padded frame", padded, Question()},
      {"bytes behind the datagram", Udp6({}, {.length = 8 + 20}), Question(54, 14, 20)},
      {"empty", test::Udp6Frame({}, {}, {}), Question(54, 14, 0)},
  });
}

TEST(FrameIp6, IsNothingToAPortWithoutIpv6Addresses) {
  const OwnAddresses own = test::Own();
  EXPECT_EQ(FrameCheck(&own)(Udp6()).kind, FrameKind::kOtherEthertype);
  EXPECT_EQ(FrameCheck(&own)(test::NdFrame(test::ToGroupOf(test::kOwnIp6), {})).kind, FrameKind::kGroupMac);
}

TEST(FrameIp6, UdpAndHeadersAreChecked) {
  ExpectKind(FrameKind::kRunt, {{"header cut", Cut(Udp6(), 53)},
                                {"last byte missing", Cut(Udp6(), Udp6().size() - 1)},
                                {"length past the frame", Udp6({.payload_length = 42})}});
  ExpectKind(FrameKind::kBadIpHeader, {{"version 4", Udp6({.version_and_class = 0x40})}});
  ExpectKind(FrameKind::kBadUdpLength, {{"length 7", Udp6({}, {.length = 7})},
                                        {"past the packet", Udp6({}, {.length = 42})},
                                        {"packet ends in the header", Udp6({.payload_length = 7})},
                                        {"a jumbogram's length (RFC 2675)", Udp6({.payload_length = 0})}});
  ExpectKind(FrameKind::kNoUdpChecksum, {{"none", Udp6({}, {.has_checksum = false})}});
  ExpectKind(FrameKind::kSourcePortZero, {{"port 0", Udp6({}, {.source_port = 0})}});
  ExpectKind(FrameKind::kOtherPort, {{"54", Udp6({}, {.destination_port = 54})}});
  ExpectKind(FrameKind::kOtherProtocol, {{"TCP", Udp6({.next_header = 6})},
                                         {"ICMP of IPv4", Udp6({.next_header = 1})},
                                         {"no next header", Udp6({.next_header = 59})},
                                         {"authentication", Udp6({.next_header = 51})}});
  ExpectKind(FrameKind::kOtherAddress, {{"neighbour", Udp6({.destination = test::Ip6(0xfd53, 0x54)})}});
  ExpectKind(FrameKind::kOtherMac, {{"another's", Udp6({.destination_mac = test::kClientMac})}});
  ExpectKind(FrameKind::kGroupMac, {{"to all", Udp6({.destination_mac = FrameBytes(6, 0xff)})},
                                    {"ours in a group's frame", Udp6({.destination_mac = test::kAllNodesMac})}});
}

TEST(FrameIp6, WhatGoesToManyIsNotAnswered) {
  const Ip6Fields to_all = {.destination = test::kAllNodesIp6, .destination_mac = test::kAllNodesMac};
  ExpectKind(FrameKind::kOtherAddress,
             {{"question", Udp6(to_all)},
              {"question to our group", Udp6(test::ToGroupOf(test::kOwnIp6))},
              {"echo", test::Echo6Frame(to_all, kPayload)},
              {"echo to our group", test::Echo6Frame(test::ToGroupOf(test::kOwnIp6), kPayload)},
              {"to a group, in a frame to us", Udp6({.destination = test::kAllNodesIp6})}});
}

TEST(FrameIp6, MartianSourcesAreDropped) {
  FrameBytes mapped(16, 0);
  mapped[10] = mapped[11] = 0xff;
  mapped[12] = 10;
  FrameBytes near_mapped = mapped;
  near_mapped[10] = 0xfe;
  std::vector<std::pair<const char*, FrameBytes>> martians;
  for (const auto& [what, source] :
       std::vector<std::pair<const char*, FrameBytes>>{{"::", FrameBytes(16, 0)},
                                                       {"::1", test::Ip6(0, 1)},
                                                       {"IPv4-compatible", test::Ip6(0, 0x1234)},
                                                       {"IPv4-mapped", mapped},
                                                       {"multicast", test::Ip6(0xff02, 1)},
                                                       {"multicast, last", test::Ip6(0xffff, 1)},
                                                       {"own", test::kOwnIp6},
                                                       {"another own", test::kOtherOwnIp6}}) {
    martians.emplace_back(what, Udp6({.source = source}));
    martians.emplace_back(what, test::Echo6Frame({.source = source}, kPayload));
  }
  martians.emplace_back("from a group's MAC", Udp6({.source_mac = test::kAllNodesMac}));
  ExpectKind(FrameKind::kMartianSource, martians);
  ExpectAll({{"near IPv4-mapped is none", Udp6({.source = near_mapped}), Question()},
             {"feff::1 is none", Udp6({.source = test::Ip6(0xfeff, 1)}), Question()},
             {"link-local is none", Udp6({.source = test::Ip6(0xfe80, 7)}), Question()},
             {"a neighbour of ours is none", Udp6({.source = test::Ip6(0xfd53, 0x54)}), Question()}});
}

TEST(FrameIp6, ExtensionHeadersThatMayBeSkippedAre) {
  const FrameBytes padded = {17, 0, 1, 4, 0, 0, 0, 0};
  const FrameBytes router_alert = {17, 0, 5, 2, 0, 0, 1, 0};
  const FrameBytes pads = {17, 0, 0, 0, 0, 0, 0, 0};
  const FrameBytes chain = {
      60, 0, 1, 4, 0,  0, 0, 0, 43, 1, 1, 12, 0,  0, 0, 0, 0, 0, 0, 0,
      0,  0, 0, 0, 44, 0, 4, 0, 0,  0, 0, 0,  17, 0, 0, 6, 1, 2, 3, 4};  // the two bits behind the offset are 3
  ExpectAll({
      {"destination options", Udp6({.extensions = padded, .first_header = 60}), Question(62)},
      {"hop by hop", Udp6({.extensions = padded, .first_header = 0}), Question(62)},
      {"router alert", Udp6({.extensions = router_alert, .first_header = 0}), Question(62)},
      {"Pad1 only", Udp6({.extensions = pads, .first_header = 60}), Question(62)},
      {"atomic fragment", Udp6({.extensions = {17, 0, 0, 0, 9, 9, 9, 9}, .first_header = 44}), Question(62)},
      {"reserved bits of a fragment header", Udp6({.extensions = {17, 0xff, 0, 6, 9, 9, 9, 9}, .first_header = 44}),
       Question(62)},
      {"route that has come to its end", Udp6({.extensions = {17, 0, 4, 0, 0, 0, 0, 0}, .first_header = 43}),
       Question(62)},
      {"four of them", Udp6({.extensions = chain, .first_header = 0}), Question(94)},
      {"before an echo", test::Echo6Frame({.extensions = {58, 0, 1, 4, 0, 0, 0, 0}, .first_header = 60}, kPayload),
       Echo(62)},
  });
}

TEST(FrameIp6, ExtensionHeadersThatMayNotBeSkippedDrop) {
  const auto with = [](int first, FrameBytes extensions) {
    return Udp6({.extensions = std::move(extensions), .first_header = first});
  };
  FrameBytes five;
  for (const uint8_t next : FrameBytes{60, 60, 60, 60, 17}) test::Append(five, {next, 0, 1, 4, 0, 0, 0, 0});
  FrameBytes nine_options = {17, 2, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 1, 2, 0, 0};
  ExpectKind(FrameKind::kIp6Extension,
             {{"route of type 0 (RFC 5095)", with(43, {17, 0, 0, 0, 0, 0, 0, 0})},
              {"route with a way to go", with(43, {17, 0, 4, 1, 0, 0, 0, 0})},
              {"option to drop for", with(60, {17, 0, 0x41, 4, 0, 0, 0, 0})},
              {"option to report", with(0, {17, 0, 0x81, 4, 0, 0, 0, 0})},
              {"jumbo payload", with(0, {17, 0, 0xc2, 4, 0, 1, 0, 0})},
              {"option past its header", with(60, {17, 0, 5, 5, 0, 0, 0, 0})},
              {"option without a length", with(60, {17, 0, 1, 3, 0, 0, 0, 5})},
              {"header past the packet", with(60, {17, 9, 1, 4, 0, 0, 0, 0})},
              {"hop by hop behind another", with(60, {0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0})},
              {"five headers", with(60, five)},
              {"nine options", with(60, nine_options)},
              {"packet ends in a header", Udp6({.first_header = 60, .payload_length = 7})}});
}

TEST(FrameIp6, FragmentsAreCounted) {
  const auto fragment = [](uint8_t protocol, uint32_t offset) {
    FrameBytes header = {protocol, 0, 0, 0, 1, 2, 3, 4};
    test::Write16(header, 2, offset);
    return Udp6({.extensions = header, .first_header = 44});
  };
  ExpectKind(FrameKind::kIpFragment,
             {{"first", fragment(17, 1)}, {"second", fragment(17, 8)}, {"last", fragment(17, 0xfff8)}});
  ExpectKind(FrameKind::kHostFragment, {{"of TCP", fragment(6, 1)}, {"of an echo", fragment(58, 9)}});
}

TEST(FrameIp6, EchoIsRecognised) {
  ExpectAll({{"echo", test::Echo6Frame({}, kPayload), Echo()},
             {"to the link-local address", test::Echo6Frame({.destination = test::kOwnLinkLocal}, kPayload), Echo()}});
  ExpectKind(FrameKind::kIcmpChecksum, {{"bit off", test::Echo6Frame({}, kPayload, 0x10)}});
  ExpectKind(FrameKind::kOtherProtocol, {{"reply", test::Icmp6Frame({}, {129, 0, 0, 0, 1, 1, 1, 1})},
                                         {"unreachable", test::Icmp6Frame({}, {1, 0, 0, 0, 1, 1, 1, 1})},
                                         {"code 1", test::Icmp6Frame({}, {128, 1, 0, 0, 1, 1, 1, 1})}});
  ExpectKind(FrameKind::kRunt, {{"7 bytes", test::Icmp6Frame({}, {128, 0, 0, 0, 1, 1, 1})}});
}

TEST(FrameVlan, OneTagIsTaken) {
  for (const uint32_t tag : {0u, 7u, 0x0fffu, 0xe00au}) {
    ExpectAll({
        {"IPv4", test::Tagged(test::UdpFrame({}, {}, kPayload), tag), Question(38, 18, 33, false)},
        {"IPv6", test::Tagged(Udp6(), tag), Question(58, 18)},
        {"ARP", test::Tagged(test::ArpFrame({}), tag), {.kind = FrameKind::kArpRequest, .net_at = 18}},
        {"ND", test::Tagged(test::NdFrame(test::ToGroupOf(test::kOwnIp6), {}), tag), Solicitation(58, 18)},
        {"echo", test::Tagged(test::Echo6Frame({}, kPayload), tag), Echo(58, 18)},
    });
  }
  ExpectKind(FrameKind::kRunt, {{"cut in the tag", Cut(test::Tagged(Udp6(), 7), 17)},
                                {"cut behind it", Cut(test::Tagged(Udp6(), 7), 18)},
                                {"ARP cut", Cut(test::Tagged(test::ArpFrame({}), 7), 45)}});
}

TEST(FrameVlan, TwoTagsAreNot) {
  const FrameBytes tagged = test::Tagged(Udp6(), 7);
  ExpectKind(FrameKind::kDoubleVlan, {{"802.1Q twice", test::Tagged(tagged, 8)},
                                      {"802.1ad", test::Tagged(tagged, 8, 0x88a8)},
                                      {"802.1ad alone", test::Tagged(Udp6(), 8, 0x88a8)},
                                      {"802.1ad inside", test::Tagged(test::Tagged(Udp6(), 8, 0x88a8), 7)}});
}

TEST(FrameIp4, OptionsAreSkippedUnlessTheyRoute) {
  const auto with = [](const FrameBytes& options) {
    const auto version = static_cast<uint8_t>(0x45 + options.size() / 4);
    return test::UdpFrame({.version_and_length = version, .options = options}, {}, kPayload);
  };
  ExpectAll({
      {"no operation", with({1, 1, 1, 1}), Question(38, 14, 33, false)},
      {"end, then anything", with({0, 131, 99, 99}), Question(38, 14, 33, false)},
      {"router alert", with({148, 4, 0, 0}), Question(38, 14, 33, false)},
      {"record route", with({7, 7, 4, 0, 0, 0, 0, 0}), Question(42, 14, 33, false)},
      {"40 bytes", with(FrameBytes(40, 1)), Question(74, 14, 33, false)},
  });
  ExpectKind(FrameKind::kIpOptions, {{"loose source route", with({131, 3, 4, 0})},
                                     {"strict source route", with({1, 137, 3, 4})},
                                     {"source route cut", with({1, 1, 1, 131})},
                                     {"length 1", with({7, 1, 0, 0})},
                                     {"length 0", with({7, 0, 0, 0})},
                                     {"past the header", with({7, 5, 4, 0})},
                                     {"no length", with({1, 1, 1, 7})}});
}

TEST(Frame, OnlyWhatNothingIsWrongWithIsForAHost) {
  for (const FrameKind kind : {FrameKind::kDnsQuestion, FrameKind::kArpRequest, FrameKind::kIcmpEcho, FrameKind::kRunt,
                               FrameKind::kOtherMac, FrameKind::kIpChecksum, FrameKind::kMartianSource,
                               FrameKind::kIpFragment, FrameKind::kBadNd, FrameKind::kCount}) {
    EXPECT_FALSE(IsForHost(kind)) << static_cast<int>(kind);
  }
  for (const FrameKind kind :
       {FrameKind::kGroupMac, FrameKind::kOtherEthertype, FrameKind::kArpNotUs, FrameKind::kNdNotUs,
        FrameKind::kNdConflict, FrameKind::kOtherProtocol, FrameKind::kOtherPort, FrameKind::kHostFragment}) {
    EXPECT_TRUE(IsForHost(kind)) << static_cast<int>(kind);
  }
}

// As net_frame_test's comparison, from frames of IPv6: the fast check and the definition say the same.
TEST(FrameIp6, TheFastCheckAgreesWithTheClassifier) {
  const OwnAddresses own = test::OwnWithIp6();
  const FrameCheck check(&own);
  const FrameBytes skipped = {17, 0, 1, 4, 0, 0, 0, 0};
  const std::vector<FrameBytes> seeds = {
      Udp6(),
      Udp6({.destination = test::kOtherOwnIp6}),
      Udp6({.extensions = skipped, .first_header = 60}),
      Udp6({.extensions = {17, 0, 0, 0, 1, 2, 3, 4}, .first_header = 44}),
      test::Echo6Frame({}, kPayload),
      test::NdFrame(test::ToGroupOf(test::kOwnIp6), {}),
      test::NdFrame({.destination = test::kAllNodesIp6, .hop_limit = 255, .destination_mac = test::kAllNodesMac},
                    {.type = 136}),
      test::Tagged(Udp6(), 7),
      test::Tagged(test::Tagged(Udp6(), 7), 8),
      Udp6({}, {.source_port = 0}),
      Udp6({}, {.has_checksum = false}),
      test::UdpFrame({}, {}, kPayload),
      test::Tagged(test::UdpFrame({.version_and_length = 0x46, .options = {1, 1, 1, 1}}, {}, kPayload), 7),
  };
  const uint8_t interesting[] = {0, 1, 2, 6, 8, 17, 43, 44, 53, 58, 60, 127, 128, 135, 136, 254, 255};
  std::mt19937 random(6);
  std::map<FrameKind, int> seen;
  int fast = 0;
  for (int i = 0; i < 300000; ++i) {
    FrameBytes frame = seeds[random() % seeds.size()];
    for (unsigned changes = static_cast<unsigned>(random() % 4); changes > 0; --changes) {
      uint8_t& byte = frame[random() % std::min<size_t>(frame.size(), 82)];
      byte = random() % 2 == 0 ? interesting[random() % std::size(interesting)] : static_cast<uint8_t>(random());
    }
    if (random() % 8 == 0) frame.resize(random() % (frame.size() + 1));
    const Frame expected = ClassifyFrame(frame, own);
    ASSERT_EQ(check(frame), expected) << testing::PrintToString(frame);
    if (check.IsGoodQuestion6(frame)) {
      ASSERT_EQ(expected.kind, FrameKind::kDnsQuestion);
      ++fast;
    }
    // All that is promised of a frame to be answered stands within it.
    if (!IsForHost(expected.kind) && expected.kind <= FrameKind::kIcmpEcho) {
      ASSERT_LE(size_t{expected.upper_at} + expected.size, frame.size());
    }
    ++seen[expected.kind];
  }
  EXPECT_GT(fast, 10000);
  for (const FrameKind kind : {FrameKind::kDnsQuestion,    FrameKind::kNeighborSolicitation,
                               FrameKind::kIcmpEcho,       FrameKind::kRunt,
                               FrameKind::kOtherMac,       FrameKind::kGroupMac,
                               FrameKind::kOtherEthertype, FrameKind::kDoubleVlan,
                               FrameKind::kBadIpHeader,    FrameKind::kIp6Extension,
                               FrameKind::kIpFragment,     FrameKind::kHostFragment,
                               FrameKind::kOtherAddress,   FrameKind::kMartianSource,
                               FrameKind::kOtherProtocol,  FrameKind::kBadUdpLength,
                               FrameKind::kOtherPort,      FrameKind::kSourcePortZero,
                               FrameKind::kNoUdpChecksum,  FrameKind::kIcmpChecksum,
                               FrameKind::kNdNotUs,        FrameKind::kNdConflict}) {
    EXPECT_GT(seen[kind], 0) << "the mutations never gave kind " << static_cast<int>(kind);
  }
}

}  // namespace
}  // namespace rblitz::net
