#include <gtest/gtest.h>

#include <random>

#include "dataplane/net/byte_order.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/turn_reply.h"
#include "dataplane/net/turn_round.h"
#include "tests/frames.h"

namespace rblitz::net {
namespace {

using test::FrameBytes;

FrameBytes Part(const FrameBytes& frame, size_t at, size_t size) {
  return {frame.begin() + static_cast<ptrdiff_t>(at), frame.begin() + static_cast<ptrdiff_t>(at + size)};
}

Frame Check(const FrameBytes& frame) {
  static const OwnAddresses kOwn = test::Own();
  return FrameCheck(&kOwn)(frame);
}

// What holds of every IPv4 frame that goes back.
void ExpectTurnedIp(const FrameBytes& question, const FrameBytes& answer, size_t total_length) {
  EXPECT_EQ(Part(answer, 0, 6), Part(question, 6, 6));
  EXPECT_EQ(Part(answer, 6, 6), Part(question, 0, 6));
  EXPECT_EQ(Part(answer, 12, 2), (FrameBytes{0x08, 0x00}));
  EXPECT_EQ(answer[14], 0x45);
  EXPECT_EQ(test::Read16(answer, 16), total_length);
  EXPECT_EQ(test::Read16(answer, 18), 0u);
  EXPECT_EQ(test::Read16(answer, 20), 0x4000u);
  EXPECT_EQ(answer[22], 64);
  EXPECT_EQ(answer[23], question[23]);
  EXPECT_EQ(test::NaiveSum(std::span(answer).subspan(14, 20)), 0xffffu);
  EXPECT_EQ(Part(answer, 26, 4), Part(question, 30, 4));
  EXPECT_EQ(Part(answer, 30, 4), Part(question, 26, 4));
  EXPECT_EQ(answer.size(), 14 + total_length);
}

// Puts `payload` over the question's, as a responder does, and turns the frame round.
FrameBytes Answer(FrameBytes frame, const FrameBytes& payload) {
  const size_t old_size = Check(frame).size;
  const uint32_t before = Sum(frame.data() + kUdpPayloadAt, old_size);
  frame.resize(std::max(frame.size(), kUdpPayloadAt + payload.size()));
  std::copy(payload.begin(), payload.end(), frame.begin() + kUdpPayloadAt);
  const uint32_t change = Change(before, Sum(payload.data(), payload.size()));
  frame.resize(TurnUdp(frame.data(), payload.size(), change));
  return frame;
}

uint32_t ExpectedUdpChecksum(const FrameBytes& frame) {
  return test::NaiveUdpChecksum(Load32(frame.data() + 26), Load32(frame.data() + 30),
                                Part(frame, 34, frame.size() - 34));
}

uint32_t Below(std::mt19937& random, uint32_t limit) { return static_cast<uint32_t>(random() % limit); }

FrameBytes RandomPayload(std::mt19937& random, size_t size) {
  FrameBytes bytes(size);
  // Long runs of 0 and ff make the sums reach both of their zeros.
  const unsigned shape = static_cast<unsigned>(random() % 4);
  for (uint8_t& byte : bytes) byte = shape == 0 ? 0 : shape == 1 ? 0xff : static_cast<uint8_t>(random());
  return bytes;
}

TEST(TurnUdp, GivesRightHeadersAndChecksumsForAnyChangeOfPayload) {
  std::mt19937 random(6);
  for (int i = 0; i < 50000; ++i) {
    const test::UdpFields udp = {.source_port = 1 + Below(random, 65535), .has_checksum = random() % 4 != 0};
    const FrameBytes question =
        test::UdpFrame({.source = 0x0b000000 + Below(random, 0x1000000)}, udp, RandomPayload(random, random() % 100));
    const FrameBytes payload = RandomPayload(random, random() % 200);
    const FrameBytes answer = Answer(question, payload);
    ExpectTurnedIp(question, answer, 28 + payload.size());
    ASSERT_EQ(Part(answer, 34, 2), Part(question, 36, 2));
    ASSERT_EQ(Part(answer, 36, 2), Part(question, 34, 2));
    ASSERT_EQ(test::Read16(answer, 38), 8 + payload.size());
    ASSERT_EQ(Part(answer, 42, payload.size()), payload);
    ASSERT_EQ(test::Read16(answer, 40), ExpectedUdpChecksum(answer)) << "had one: " << udp.has_checksum;
    if (HasFailure()) break;
  }
}

struct TurnBurst {
  std::vector<FrameBytes> frames;
  std::vector<uint32_t> sizes;
  std::vector<uint32_t> changes;
  std::vector<uint8_t*> data;
  std::vector<FrameBytes> expected;  // turned one by one
};

TurnBurst RandomTurnBurst(std::mt19937& random, size_t count) {
  TurnBurst burst;
  for (size_t f = 0; f < count; ++f) {
    const test::UdpFields udp = {.source_port = 1 + Below(random, 65535), .has_checksum = random() % 4 != 0};
    burst.frames.push_back(
        test::UdpFrame({.source = 0x0b000000 + Below(random, 0x1000000)}, udp, RandomPayload(random, 200)));
    burst.sizes.push_back(Below(random, 200));
    burst.changes.push_back(random() % 8 == 0 ? 0xffffu * Below(random, 0x10000) : static_cast<uint32_t>(random()));
  }
  burst.expected = burst.frames;
  for (size_t f = 0; f < count; ++f) {
    burst.data.push_back(burst.frames[f].data());
    TurnUdp(burst.expected[f].data(), burst.sizes[f], burst.changes[f]);
  }
  return burst;
}

TEST(TurnUdp, ABurstIsTurnedAsOneByOne) {
  std::mt19937 random(8);
  for (size_t i = 0; i < 2000; ++i) {
    TurnBurst burst = RandomTurnBurst(random, i % 65);
    TurnUdpFrames(burst.data.data(), burst.sizes.data(), burst.changes.data(), burst.data.size());
    ASSERT_EQ(burst.frames, burst.expected);
  }
}

// Their names are in the names of the tests, so that a run says which ones were compared.
class EveryFrameKernel : public testing::TestWithParam<const FrameKernel*> {};

TEST_P(EveryFrameKernel, TurnsAsOneByOneAndSaysWhichHadNoChecksum) {
  const FrameKernel& kernel = *GetParam();
  if (!kernel.supported()) GTEST_SKIP() << "this processor has no " << kernel.name;
  std::mt19937 random(9);
  for (size_t i = 0; i < 500; ++i) {
    TurnBurst burst = RandomTurnBurst(random, i % (64 / kernel.step + 1) * kernel.step);
    const std::vector<FrameBytes> questions = burst.frames;
    const size_t count = burst.data.size();
    const uint64_t none = kernel.turn(burst.data.data(), burst.sizes.data(), burst.changes.data(), count);
    for (size_t f = 0; f < count; ++f) {
      const bool had_none = test::Read16(questions[f], 40) == 0;
      ASSERT_EQ((none >> f & 1) != 0, had_none);
      if (had_none) continue;
      ASSERT_EQ(burst.frames[f], burst.expected[f]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(TurnUdp, EveryFrameKernel, testing::ValuesIn(FrameKernels().begin(), FrameKernels().end()),
                         [](const auto& kernel) { return std::string(kernel.param->name); });

TEST(TurnUdp, NeverSendsAChecksumOfZero) {
  // The last word of the payload runs through all values, so one of them makes the sum 0xffff.
  for (const bool has_checksum : {true, false}) {
    int all_ones = 0;
    for (uint32_t word = 0; word <= 0xffff; ++word) {
      FrameBytes payload = {0x12, 0x34, 0, 0};
      test::Write16(payload, 2, word);
      const FrameBytes answer =
          Answer(test::UdpFrame({}, {.has_checksum = has_checksum}, FrameBytes(12, 0x11)), payload);
      ASSERT_NE(test::Read16(answer, 40), 0u);
      ASSERT_EQ(test::Read16(answer, 40), ExpectedUdpChecksum(answer));
      if (test::Read16(answer, 40) == 0xffff) ++all_ones;
    }
    EXPECT_GE(all_ones, 1);
  }
}

TEST(TurnUdp, AWrongChecksumStaysWrong) {
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    FrameBytes question = test::UdpFrame({}, {}, RandomPayload(random, 40));
    const uint32_t right = test::Read16(question, 40);
    const uint32_t wrong = 1 + Below(random, 0xfffe);  // neither of the two zeros, one of which means none
    if (wrong == right) continue;
    test::Write16(question, 40, wrong);
    const FrameBytes answer = Answer(question, RandomPayload(random, 1 + random() % 100));
    ASSERT_NE(test::Read16(answer, 40), ExpectedUdpChecksum(answer));
  }
}

TEST(TurnUdp, AcceptsAnUnfoldedChange) {
  const FrameBytes question = test::UdpFrame({}, {}, FrameBytes(12, 0x11));
  FrameBytes folded = question;
  FrameBytes unfolded = question;
  TurnUdp(folded.data(), 12, 0x0003);
  TurnUdp(unfolded.data(), 12, 0x0003 + 5 * 0xffff);
  EXPECT_EQ(folded, unfolded);
}

TEST(TurnEcho, RepliesWithTheSameDataAndARightChecksum) {
  std::mt19937 random(8);
  for (int i = 0; i < 5000; ++i) {
    const test::IcmpFields icmp = {.identifier = random() % 3 == 0 ? 0 : Below(random, 65536),
                                   .sequence = random() % 3 == 0 ? 0 : Below(random, 65536)};
    const FrameBytes data = RandomPayload(random, random() % 120);
    const FrameBytes request = test::IcmpFrame({}, icmp, data);
    const Frame frame = Check(request);
    ASSERT_EQ(frame.kind, FrameKind::kIcmpEcho);
    FrameBytes reply = request;
    reply.resize(TurnEcho(reply.data(), frame));
    ExpectTurnedIp(request, reply, 28 + data.size());
    ASSERT_EQ(reply[34], 0);
    ASSERT_EQ(Part(reply, 38, 4 + data.size()), Part(request, 38, 4 + data.size()));
    ASSERT_EQ(test::NaiveSum(std::span(reply).subspan(34)), 0xffffu);
    if (HasFailure()) break;
  }
}

TEST(TurnEcho, KeepsTheTypeOfServiceAndCutsThePadding) {
  FrameBytes request = test::IcmpFrame({}, {}, {1, 2, 3});
  request[15] = 0x28;
  test::Write16(request, 24, 0);
  test::Write16(request, 24, test::NaiveChecksum(std::span(request).subspan(14, 20)));
  request.resize(60, 0x5a);
  const Frame frame = Check(request);
  ASSERT_EQ(frame.size, 11);
  FrameBytes reply = request;
  reply.resize(TurnEcho(reply.data(), frame));
  EXPECT_EQ(reply[15], 0x28);
  ExpectTurnedIp(request, reply, 31);
}

TEST(TurnArp, TellsTheAskerOurMac) {
  for (const uint32_t sender_ip : {test::kClientIp, 0u}) {
    FrameBytes frame = test::ArpFrame({.sender_ip = sender_ip, .target_ip = test::kOtherOwnIp});
    frame.resize(60, 0);
    frame.resize(TurnArp(frame.data(), {FrameKind::kArpRequest}, test::Own()));
    FrameBytes expected = test::Ethernet(test::kClientMac, test::kOwnMac, 0x0806);
    test::Append(expected, {0, 1, 8, 0, 6, 4, 0, 2});
    test::Append(expected, test::kOwnMac);
    test::Append32(expected, test::kOtherOwnIp);
    test::Append(expected, test::kClientMac);
    test::Append32(expected, sender_ip);
    EXPECT_EQ(frame, expected);
  }
}

}  // namespace
}  // namespace rblitz::net
