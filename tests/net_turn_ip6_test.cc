// Frames of IPv6, with tags and with options, turned round.
#include <gtest/gtest.h>

#include <random>

#include "dataplane/net/checksum.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/turn_reply.h"
#include "dataplane/net/turn_round.h"
#include "tests/frames_ip6.h"

namespace rblitz::net {
namespace {

using test::FrameBytes;
using test::Ip6Fields;

const OwnAddresses kOwn = test::OwnWithIp6();

FrameBytes Part(const FrameBytes& frame, size_t at, size_t size) {
  return {frame.begin() + static_cast<ptrdiff_t>(at), frame.begin() + static_cast<ptrdiff_t>(at + size)};
}
FrameBytes Behind(const FrameBytes& frame, size_t at) { return Part(frame, at, frame.size() - at); }
Frame Check(const FrameBytes& frame) { return FrameCheck(&kOwn)(frame); }

FrameBytes RandomPayload(std::mt19937& random, size_t size) {
  FrameBytes bytes(size);
  const unsigned shape = static_cast<unsigned>(random() % 4);
  for (uint8_t& byte : bytes) byte = shape == 0 ? 0 : shape == 1 ? 0xff : static_cast<uint8_t>(random());
  return bytes;
}

// What holds of every IPv6 packet that goes back from `ip_at` on.
void ExpectTurnedIp6(const FrameBytes& question, const FrameBytes& answer, size_t ip_at, uint8_t protocol) {
  EXPECT_EQ(Part(answer, 0, 6), Part(question, 6, 6));
  EXPECT_EQ(Part(answer, 6, 6), Part(question, 0, 6));
  EXPECT_EQ(Part(answer, 12, ip_at - 12), Part(question, 12, ip_at - 12)) << "tag and type stay";
  EXPECT_EQ(test::Read16(answer, ip_at + 4), answer.size() - ip_at - 40);
  EXPECT_EQ(answer[ip_at + 6], protocol);
  EXPECT_EQ(answer[ip_at + 7], 64);
  EXPECT_EQ(Part(answer, ip_at + 8, 16), Part(question, ip_at + 24, 16));
  EXPECT_EQ(Part(answer, ip_at + 24, 16), Part(question, ip_at + 8, 16));
  EXPECT_EQ(test::NaiveChecksum6(Part(answer, ip_at + 8, 16), Part(answer, ip_at + 24, 16), protocol,
                                 Behind(answer, ip_at + 40)),
            0u)
      << "the checksum is right";
}

// Puts `payload` over the question's, as a responder does, and turns the frame round.
FrameBytes Answer(FrameBytes data, const FrameBytes& payload) {
  const Frame frame = WithoutOptions(data.data(), Check(data));
  EXPECT_EQ(frame.kind, FrameKind::kDnsQuestion);
  const size_t payload_at = frame.upper_at + kUdpSize;
  const uint32_t before = Sum(data.data() + payload_at, frame.size);
  data.resize(std::max(data.size(), payload_at + payload.size()));
  std::copy(payload.begin(), payload.end(), data.begin() + static_cast<ptrdiff_t>(payload_at));
  const uint32_t change = Change(before, Sum(payload.data(), payload.size()));
  data.resize(TurnUdpAt(data.data(), payload_at, payload.size(), change));
  return data;
}

FrameBytes Extensions(std::mt19937& random, int& first) {
  first = -1;
  if (random() % 2 == 0) return {};
  first = 60;
  FrameBytes bytes = {17, static_cast<uint8_t>(random() % 4), 1, 0};
  bytes.resize((bytes[1] + size_t{1}) * 8, 0);
  bytes[3] = static_cast<uint8_t>(bytes.size() - 4);
  return bytes;
}

TEST(TurnUdpAt, GivesRightHeadersAndChecksumsOverIpv6) {
  std::mt19937 random(16);
  for (int i = 0; i < 30000 && !HasFailure(); ++i) {
    Ip6Fields ip = {.version_and_class = 0x60 | static_cast<uint32_t>(random() % 16)};
    for (size_t at = 8; at < 16; ++at) ip.source[at] = static_cast<uint8_t>(random());
    ip.extensions = Extensions(random, ip.first_header);
    const FrameBytes payload = RandomPayload(random, random() % 200);
    FrameBytes question = test::Udp6Frame(ip, {.source_port = 1 + static_cast<uint32_t>(random() % 65535)},
                                          RandomPayload(random, random() % 100));
    const size_t ip_at = random() % 2 == 0 ? 14 : 18;
    if (ip_at == 18) question = test::Tagged(question, static_cast<uint32_t>(random() % 65536));
    // The port may have found that the checksum is only begun: then it is computed.
    const FrameBytes asked = question;
    if (random() % 4 == 0) {
      // As FramePath leaves it, behind the check that wants one.
      Frame frame = WithoutOptions(question.data(), Check(question));
      const size_t at = frame.upper_at + kUdpSize;
      test::Write16(question, frame.upper_at + 6u, 0);
      question.resize(std::max(question.size(), at + payload.size()));
      std::copy(payload.begin(), payload.end(), question.begin() + static_cast<ptrdiff_t>(at));
      question.resize(TurnUdpAt(question.data(), at, payload.size(), 0));
    } else {
      question = Answer(question, payload);
    }
    ExpectTurnedIp6(asked, question, ip_at, 17);
    const size_t udp_at = ip_at + 40;
    const size_t asked_udp_at = udp_at + ip.extensions.size();
    EXPECT_EQ(Part(question, ip_at, 4), (FrameBytes{0x60, 0, 0, 0}));
    EXPECT_EQ(Part(question, udp_at, 2), Part(asked, asked_udp_at + 2, 2));
    EXPECT_EQ(Part(question, udp_at + 2, 2), Part(asked, asked_udp_at, 2));
    EXPECT_EQ(test::Read16(question, udp_at + 4), 8 + payload.size());
    EXPECT_NE(test::Read16(question, udp_at + 6), 0u);
    EXPECT_EQ(Behind(question, udp_at + 8), payload);
  }
}

TEST(TurnUdpAt, IsTurnUdpForPlainIpv4AndTheSameBehindATag) {
  std::mt19937 random(17);
  for (int i = 0; i < 5000; ++i) {
    const FrameBytes question = test::UdpFrame({}, {.has_checksum = random() % 4 != 0}, RandomPayload(random, 40));
    FrameBytes expected = question;
    const auto change = static_cast<uint32_t>(random());
    expected.resize(TurnUdp(expected.data(), 30, change));
    FrameBytes plain = question;
    plain.resize(TurnUdpAt(plain.data(), 42, 30, change));
    ASSERT_EQ(plain, expected);
    FrameBytes tagged = test::Tagged(question, 0x6007);
    tagged.resize(TurnUdpAt(tagged.data(), 46, 30, change));
    ASSERT_EQ(tagged, test::Tagged(expected, 0x6007));
  }
}

// The plain frame that is left is one that the classifier takes for the same question.
TEST(WithoutOptions, LeavesAPlainFrame) {
  std::mt19937 random(18);
  for (int i = 0; i < 5000; ++i) {
    const FrameBytes payload = RandomPayload(random, random() % 90);
    const size_t words = random() % 11;
    FrameBytes data = test::UdpFrame(
        {.version_and_length = static_cast<uint8_t>(0x45 + words), .options = FrameBytes(4 * words, 1)}, {}, payload);
    if (random() % 2 == 0) {
      Ip6Fields ip;
      ip.extensions = Extensions(random, ip.first_header);
      data = test::Udp6Frame(ip, {}, payload);
    }
    if (random() % 2 == 0) data = test::Tagged(data, 9);
    const Frame before = Check(data);
    ASSERT_EQ(before.kind, FrameKind::kDnsQuestion);
    const Frame after = WithoutOptions(data.data(), before);
    ASSERT_EQ(Check(data), after);
    ASSERT_EQ(after.upper_at, after.net_at + (after.is_ip6 ? 40 : 20));
    ASSERT_EQ(Part(data, after.upper_at + 8u, after.size), payload);
    if (after.is_ip6) {
      ASSERT_TRUE(HasRightUdpChecksum6(data.data(), after));
    }
  }
}

TEST(HasRightUdpChecksum6, SeesEveryChangedBit) {
  const FrameBytes question = test::Udp6Frame({}, {}, FrameBytes(21, 0x5c));
  const Frame frame = Check(question);
  ASSERT_TRUE(HasRightUdpChecksum6(question.data(), frame));
  for (size_t bit = 22 * 8; bit < question.size() * 8; ++bit) {
    if (bit / 8 >= 58 && bit / 8 < 60) continue;  // the length is `frame`'s, too
    FrameBytes changed = question;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(HasRightUdpChecksum6(changed.data(), frame)) << bit;
  }
}

TEST(HasPartialUdpChecksum, KnowsAPseudoHeadersSumOverIpv6) {
  FrameBytes question = test::Udp6Frame({}, {}, FrameBytes(21, 0x5c));
  const Frame frame = Check(question);
  EXPECT_FALSE(HasPartialUdpChecksum(question.data(), frame));
  test::Write16(question, 60, (~test::NaiveChecksum6(test::kClientIp6, test::kOwnIp6, 17, {}) & 0xffff) + 29);
  EXPECT_TRUE(HasPartialUdpChecksum(question.data(), frame));
}

TEST(TurnEcho, RepliesOverIpv6) {
  std::mt19937 random(19);
  for (int i = 0; i < 5000 && !HasFailure(); ++i) {
    const FrameBytes payload = RandomPayload(random, random() % 120);
    FrameBytes request = test::Echo6Frame({.version_and_class = 0x6b}, payload);
    const size_t ip_at = random() % 2 == 0 ? 14 : 18;
    if (ip_at == 18) request = test::Tagged(request, 7);
    const Frame frame = Check(request);
    ASSERT_EQ(frame.kind, FrameKind::kIcmpEcho);
    FrameBytes reply = request;
    ASSERT_EQ(TurnEcho(reply.data(), frame), ReplySize(frame));
    reply.resize(ReplySize(frame));
    ExpectTurnedIp6(request, reply, ip_at, 58);
    EXPECT_EQ(reply[ip_at + 40], 129);
    EXPECT_EQ(Part(reply, ip_at, 2), (FrameBytes{0x6b, 0x00})) << "the traffic class stays, the flow label goes";
    EXPECT_EQ(Behind(reply, ip_at + 44), Behind(request, ip_at + 44));
  }
}

FrameBytes Advertisement(const Ip6Fields& ip, uint32_t flags, const FrameBytes& target) {
  FrameBytes options = {2, 1};
  test::Append(options, test::kOwnMac);
  FrameBytes frame = test::NdFrame(ip, {.type = 136, .flags = flags, .target = target, .options = options});
  test::Write16(frame, 14, 0x6000);  // no traffic class, no flow label
  test::Write16(frame, 16, 0);
  return frame;
}

FrameBytes Solicited(FrameBytes data) {
  const Frame frame = Check(data);
  EXPECT_EQ(frame.kind, FrameKind::kNeighborSolicitation);
  data.resize(std::max(data.size(), ReplySize(frame)));
  const size_t size = TurnSolicitation(data.data(), frame, kOwn);
  EXPECT_EQ(size, ReplySize(frame));
  data.resize(size);
  return data;
}

TEST(TurnSolicitation, TellsTheAskerOurMac) {
  for (const FrameBytes& target : {test::kOwnIp6, test::kOtherOwnIp6, test::kOwnLinkLocal}) {
    const FrameBytes expected = Advertisement({.source = target,
                                               .destination = test::kClientIp6,
                                               .hop_limit = 255,
                                               .destination_mac = test::kClientMac,
                                               .source_mac = test::kOwnMac},
                                              0x60000000, target);
    for (const FrameBytes& options :
         {FrameBytes{}, FrameBytes{1, 1, 2, 0xc1, 0, 0, 0, 2}, FrameBytes{14, 1, 0, 0, 0, 0, 0, 0}}) {
      const FrameBytes request = test::NdFrame(test::ToGroupOf(target), {.target = target, .options = options});
      EXPECT_EQ(Solicited(request), expected);
      EXPECT_EQ(Solicited(test::Tagged(request, 0x2007)), test::Tagged(expected, 0x2007));
    }
    EXPECT_EQ(Solicited(test::NdFrame({.hop_limit = 255}, {.target = target})), expected) << "asked by unicast";
  }
}

TEST(TurnSolicitation, TellsAllNodesThatAProbedAddressIsTaken) {
  const FrameBytes request =
      test::NdFrame(test::ToGroupOf(test::kOwnIp6, {.source = FrameBytes(16, 0)}), {.options = {}});
  EXPECT_EQ(Solicited(request), Advertisement({.source = test::kOwnIp6,
                                               .destination = test::kAllNodesIp6,
                                               .hop_limit = 255,
                                               .destination_mac = test::kAllNodesMac,
                                               .source_mac = test::kOwnMac},
                                              0x20000000, test::kOwnIp6));
}

TEST(ConflictIn, SaysWhoHasWhich) {
  const FrameBytes arp = test::ArpFrame({.sender_ip = test::kOtherOwnIp});
  const AddressConflict over_ip4 = ConflictIn(arp.data(), Check(arp));
  EXPECT_EQ(FrameBytes(over_ip4.mac.begin(), over_ip4.mac.end()), test::kClientMac);
  EXPECT_EQ(over_ip4.address, (net::Ip6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 53}));
  const FrameBytes other = test::Ip6(0xfd53, 0x99);
  for (const FrameBytes& frame :
       {test::Tagged(test::NdFrame({.hop_limit = 255}, {.type = 136}), 7),
        test::NdFrame(test::ToGroupOf(other, {.source = test::kOwnIp6}), {.target = other})}) {
    const AddressConflict over_ip6 = ConflictIn(frame.data(), Check(frame));
    EXPECT_EQ(FrameBytes(over_ip6.mac.begin(), over_ip6.mac.end()), test::kClientMac);
    EXPECT_EQ(FrameBytes(over_ip6.address.begin(), over_ip6.address.end()), test::kOwnIp6);
  }
}

}  // namespace
}  // namespace rblitz::net
