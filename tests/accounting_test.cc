// The invariant of dataplane/stats.h, with the responder in its place: whatever arrives is answered, replied to or
// dropped for a reason that is counted, and answers are counted once, by RCODE and by zone.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "dataplane/io/memory_io.h"
#include "dataplane/responder.h"
#include "tests/dns_message.h"
#include "tests/echo.h"
#include "tests/frames_ip6.h"
#include "tests/serving.h"

namespace rblitz {
namespace {

using test::FrameBytes;

std::vector<FrameBytes> Seeds() {
  std::vector<FrameBytes> seeds = {test::ArpFrame({}),
                                   test::IcmpFrame({}, {}, FrameBytes(20, 1)),
                                   test::UdpFrame({}, {}, {}),
                                   test::UdpFrame({}, {}, FrameBytes(40, 0x31)),
                                   test::Echo6Frame({}, FrameBytes(20, 1)),
                                   test::NdFrame(test::ToGroupOf(test::kOwnIp6), {}),
                                   test::UdpFrame({.protocol = 6}, {}, FrameBytes(20, 1))};
  for (const char* name : {"5.2.0.192.bl.example.com", "1.2.0.192.bl.example.com", "9.9.9.9.bogons.example.com",
                           "192.bl.example.com", "bl.example.com", "1.2.3.4.out.example.com", "example.net"}) {
    for (const uint16_t type : std::initializer_list<uint16_t>{dns::kA, dns::kTxt, dns::kAny, dns::kSoa}) {
      seeds.push_back(test::UdpFrame({}, {}, Question(name, type)));
      seeds.push_back(test::UdpFrame({}, {.has_checksum = false}, Question(name, type, Opt{})));
      seeds.push_back(test::Udp6Frame({}, {}, Question(name, type)));
      seeds.push_back(test::Tagged(test::Udp6Frame({}, {}, Question(name, type)), 7));
    }
  }
  return seeds;
}

// A frame with some bytes changed; some are cut, lengthened or all noise. Half of those that were hurt below UDP get a
// right IPv4 checksum again, or hardly one of them would come past it.
FrameBytes Damaged(FrameBytes frame, std::mt19937& random) {
  for (auto changes = random() % 4; changes > 0; --changes) {
    frame[random() % frame.size()] = static_cast<uint8_t>(random());
  }
  if (random() % 4 == 0) frame.resize(random() % (2 * frame.size()));
  if (random() % 100 == 0) {
    frame.resize(random() % 4000);
    std::generate(frame.begin(), frame.end(), [&] { return static_cast<uint8_t>(random()); });
  }
  if (random() % 2 == 0 && frame.size() >= 34) {
    test::Write16(frame, 24, 0);
    test::Write16(frame, 24, test::NaiveChecksum(std::span(frame).subspan(14, 20)));
  }
  return frame;
}

uint64_t AnswersByRcode(const WorkerStats& stats) {
  uint64_t answers = 0;
  for (const Counter& rcode : stats.rcodes) answers += rcode.value();
  return answers;
}

void ExpectAllIsAccountedFor(bool has_kernel) {
  constexpr uint64_t kFrames = 100000;
  const auto serving = test::FourZones();
  ASSERT_TRUE(serving) << serving.error().message;
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(test::OwnWithIp6(), stats.get(), has_kernel);
  const std::vector<FrameBytes> seeds = Seeds();
  std::mt19937 random(31);
  for (uint64_t i = 0; i < kFrames; ++i) memory.Push(Damaged(seeds[random() % seeds.size()], random));
  Responder responder(stats.get());
  io::Burst burst;
  while (stats->received.value() < kFrames) {
    memory.Receive(burst);
    responder.Answer(burst, **serving);
    memory.Send(burst);
    ASSERT_TRUE(test::AddsUp(*stats)) << "after " << stats->received.value() << " frames";
  }
  EXPECT_EQ(stats->received.value(), kFrames);
  EXPECT_EQ(AnswersByRcode(*stats), stats->answered.value());
  EXPECT_EQ(memory.TakeSent().size(), stats->answered.value() + stats->arp_replies.value() + stats->nd_replies.value() +
                                          stats->icmp_replies.value());
  EXPECT_EQ(stats->to_kernel.value() > 100, has_kernel);
  // It was no test of one kind of frame only.
  EXPECT_GT(stats->answered.value(), kFrames / 4);
  EXPECT_GT(stats->arp_replies.value(), 100u);
  EXPECT_GT(stats->nd_replies.value(), 100u);
  EXPECT_GT(stats->icmp_replies.value(), 100u);
  EXPECT_GT(test::DroppedInAll(*stats), kFrames / 10);
  for (const dns::Rcode rcode : {dns::kNoError, dns::kFormErr, dns::kServFail, dns::kNxDomain, dns::kNotImp}) {
    EXPECT_GT(stats->rcodes[rcode].value(), 10u) << rcode;
  }
}

TEST(Accounting, ReceivedIsAnsweredRepliedOrDroppedOnAnyFrames) { ExpectAllIsAccountedFor(false); }
TEST(Accounting, OrHandedToTheKernelWhereThereIsOne) { ExpectAllIsAccountedFor(true); }

}  // namespace
}  // namespace rblitz
