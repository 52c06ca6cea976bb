#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "dataplane/io/memory_io.h"
#include "tests/echo.h"
#include "tests/frames_ip6.h"

namespace rblitz::io {
namespace {

using test::FrameBytes;

class MemoryIoTest : public testing::Test {
 protected:
  uint64_t dropped(DropReason reason) const { return stats_->dropped[static_cast<size_t>(reason)].value(); }

  // Answers until nothing is left.
  void Run() {
    for (memory_.Receive(burst_); stats_->received.value() < pushed_; memory_.Receive(burst_)) Answer();
    Answer();
  }
  void Answer() {
    test::Echo(burst_, *stats_);
    memory_.Send(burst_);
  }
  void Push(const FrameBytes& frame) {
    memory_.Push(frame);
    ++pushed_;
  }

  std::unique_ptr<WorkerStats> stats_ = std::make_unique<WorkerStats>();
  MemoryIo memory_{test::OwnWithIp6(), stats_.get()};
  Burst burst_;
  uint64_t pushed_ = 0;
};

TEST_F(MemoryIoTest, AQuestionBecomesAMessageAndItsAnswerAFrame) {
  Push(test::UdpFrame({}, {}, {0x03, 'a', 'b'}));
  memory_.Receive(burst_);
  ASSERT_EQ(burst_.count, 1u);
  const Message& message = burst_.messages[0];
  EXPECT_EQ(FrameBytes(message.payload, message.payload + message.size), (FrameBytes{0x03, 'a', 'b'}));
  EXPECT_EQ(message.capacity, 1472);
  Answer();
  const auto sent = memory_.TakeSent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(FrameBytes(sent[0].begin() + 42, sent[0].end()),
            (FrameBytes{0xfc, static_cast<uint8_t>(~'a'), static_cast<uint8_t>(~'b'), 3, 3, 3}));
  EXPECT_TRUE(memory_.TakeSent().empty());
}

// A burst of all shapes: each answer goes out in the shape of its question, and each client is known.
TEST_F(MemoryIoTest, ABurstOfEveryShapeIsAnswered) {
  std::vector<FrameBytes> frames;
  std::vector<ClientAddress> clients;
  for (uint32_t i = 0; i < kBurst; ++i) {
    const FrameBytes payload = {0x04, static_cast<uint8_t>(i)};
    const bool is_ip6 = i % 3 == 1;
    const FrameBytes source6 = test::Ip6(0xfd53, 0x1000 + i);
    FrameBytes frame = is_ip6 ? test::Udp6Frame({.source = source6}, {}, payload)
                              : test::UdpFrame({.source = 0x0a350100 + i}, {}, payload);
    if (i % 7 == 2) {
      frame =
          test::UdpFrame({.source = 0x0a350100 + i, .version_and_length = 0x46, .options = {1, 1, 1, 1}}, {}, payload);
      if (is_ip6)
        frame = test::Udp6Frame({.source = source6, .extensions = {17, 0, 1, 4, 0, 0, 0, 0}, .first_header = 60}, {},
                                payload);
    }
    if (i % 4 == 3) frame = test::Tagged(frame, 0x2000 + i);
    frames.push_back(frame);
    ClientAddress client{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 53, 1, static_cast<uint8_t>(i)};
    if (is_ip6) std::copy(source6.begin(), source6.end(), client.begin());
    clients.push_back(client);
    Push(frame);
  }
  memory_.Receive(burst_);
  ASSERT_EQ(burst_.count, kBurst);
  for (size_t i = 0; i < kBurst; ++i) EXPECT_EQ(burst_.clients->ClientOf(burst_.messages[i]), clients[i]) << i;
  // Whoever stands between may keep copies of some, and ask for them in any order.
  for (size_t i = kBurst; i-- > 0;) {
    const Message copy = burst_.messages[i * 5 % kBurst];
    EXPECT_EQ(burst_.clients->ClientOf(copy), clients[i * 5 % kBurst]);
  }
  burst_.messages[5].size = 0;  // is not sent
  stats_->Drop(DropReason::kAcl);
  for (Message& message : std::span(burst_.messages, burst_.count)) {
    if (message.size != 0) test::EchoMessage(message, *stats_);
  }
  memory_.Send(burst_);
  const auto sent = memory_.TakeSent();
  ASSERT_EQ(sent.size(), kBurst - 1);
  frames.erase(frames.begin() + 5);
  for (size_t i = 0; i < sent.size(); ++i) {
    const bool is_tagged = test::Read16(frames[i], 12) == 0x8100;
    EXPECT_TRUE(std::equal(sent[i].begin() + 12, sent[i].begin() + (is_tagged ? 18 : 14), frames[i].begin() + 12)) << i;
    EXPECT_TRUE(std::equal(sent[i].begin(), sent[i].begin() + 6, test::kClientMac.begin())) << i;
    EXPECT_EQ(sent[i].back(), static_cast<uint8_t>(~4)) << i;  // one byte stays of two
  }
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(MemoryIoTest, AKernelGetsWhatIsItsAndNothingThatIsAnswered) {
  MemoryIo memory(test::OwnWithIp6(), stats_.get(), true);
  const FrameBytes tcp = test::UdpFrame({.protocol = 6}, {}, {1});
  const FrameBytes arp = test::ArpFrame({});
  const FrameBytes solicitation = test::NdFrame(test::ToGroupOf(test::kOwnIp6), {});
  for (const FrameBytes* frame : {&tcp, &arp, &solicitation}) memory.Push(*frame);
  memory.Push(test::UdpFrame({.source = 0}, {}, {1}));
  memory.Receive(burst_);
  EXPECT_EQ(burst_.count, 0u);
  EXPECT_EQ(memory.TakeToKernel(), std::vector<FrameBytes>{tcp});
  EXPECT_EQ(memory.TakeSent().size(), 2u);
  EXPECT_EQ(stats_->to_kernel.value(), 1u);
  EXPECT_EQ(dropped(DropReason::kMartianSource), 1u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(MemoryIoTest, JumboFramesAreTakenAsFarAsABufferGoes) {
  Push(test::UdpFrame({}, {}, FrameBytes(MemoryIo::kMaxFrame - 42, 0x02)));
  Push(test::Udp6Frame({}, {}, FrameBytes(MemoryIo::kMaxFrame - 62, 0x02)));
  Push(test::UdpFrame({}, {}, FrameBytes(MemoryIo::kMaxFrame - 41, 0x02)));
  Push(test::Udp6Frame({}, {}, FrameBytes(9000, 0x02)));
  memory_.Receive(burst_);
  ASSERT_EQ(burst_.count, 2u);
  Answer();
  EXPECT_EQ(dropped(DropReason::kOversize), 2u);
  const auto sent = memory_.TakeSent();
  ASSERT_EQ(sent.size(), 2u);
  for (const FrameBytes& frame : sent) EXPECT_EQ(frame.size(), 1514u) << "an answer keeps to the MTU";
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(MemoryIoTest, TellsTheClientOfEachMessage) {
  for (uint32_t i = 0; i < 11; ++i) Push(test::UdpFrame({.source = 0x0a350007 + (i << 8)}, {}, FrameBytes(20, 0x22)));
  memory_.Receive(burst_);
  ASSERT_EQ(burst_.count, 11u);
  for (uint8_t i = 0; i < 11; ++i) {
    EXPECT_EQ(burst_.clients->ClientOf(burst_.messages[i]),
              (ClientAddress{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0x35, i, 7}));
  }
}

TEST_F(MemoryIoTest, SlackBehindTheCapacityCanBeWritten) {
  Push(test::UdpFrame({}, {}, {1}));
  Push(test::UdpFrame({}, {}, FrameBytes(20, 0x22)));
  memory_.Receive(burst_);
  ASSERT_EQ(burst_.count, 2u);
  std::memset(burst_.messages[0].payload, 0xee, burst_.messages[0].capacity + kSlack);
  EXPECT_EQ(burst_.messages[1].payload[0], 0x22);
}

TEST_F(MemoryIoTest, AMessageOfSizeZeroIsNotSent) {
  Push(test::UdpFrame({}, {}, {1}));
  memory_.Receive(burst_);
  burst_.messages[0].size = 0;
  memory_.Send(burst_);
  EXPECT_TRUE(memory_.TakeSent().empty());
  EXPECT_EQ(stats_->answered.value(), 0u);
}

TEST_F(MemoryIoTest, BurstsAreAtMostKBurstAndKeepTheOrder) {
  for (uint8_t i = 0; i < 150; ++i) Push(test::UdpFrame({}, {}, {static_cast<uint8_t>(2 * (i / 2)), i}));
  std::vector<size_t> counts;
  for (memory_.Receive(burst_); burst_.count > 0; memory_.Receive(burst_)) {
    counts.push_back(burst_.count);
    Answer();
  }
  EXPECT_EQ(counts, (std::vector<size_t>{64, 64, 22}));
  EXPECT_EQ(stats_->bursts.value(), 3u);
  EXPECT_EQ(memory_.TakeSent().size(), 150u);
}

TEST_F(MemoryIoTest, CountsBytesOfFrames) {
  const FrameBytes question = test::UdpFrame({}, {}, {0x03, 'a', 'b'});
  Push(question);
  Run();
  EXPECT_EQ(stats_->bytes_received.value(), question.size());
  EXPECT_EQ(stats_->bytes_answered.value(), question.size() + 3);
}

TEST_F(MemoryIoTest, OversizeFramesAreDroppedAndNothingElseIsHurt) {
  Push(FrameBytes(MemoryIo::kMaxFrame + 1, 0xff));
  Push(test::UdpFrame({}, {}, {1}));
  Run();
  EXPECT_EQ(dropped(DropReason::kOversize), 1u);
  EXPECT_EQ(stats_->answered.value(), 1u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(MemoryIoTest, ReplayBringsTheSameFramesInRounds) {
  const FrameBytes question = test::UdpFrame({}, {}, {0x02, 'x', 'y'});
  for (int i = 0; i < 70; ++i) Push(question);
  memory_.Replay();
  for (int round = 0; round < 3; ++round) {
    for (const size_t count : {64u, 6u}) {
      memory_.Receive(burst_);
      ASSERT_EQ(burst_.count, count);
      for (const Message& message : std::span(burst_.messages, count)) ASSERT_EQ(message.payload[1], 'x');
      Answer();
    }
  }
  EXPECT_EQ(stats_->answered.value(), 210u);
  EXPECT_TRUE(memory_.TakeSent().empty());
}

TEST_F(MemoryIoTest, CountersAddUpOnAnyFrames) {
  const std::vector<FrameBytes> seeds = {
      test::UdpFrame({}, {}, FrameBytes(40, 0x31)),
      test::IcmpFrame({}, {}, FrameBytes(20, 1)),
      test::ArpFrame({}),
      test::UdpFrame({}, {.has_checksum = false}, {9}),
      test::UdpFrame({}, {}, {}),
  };
  std::mt19937 random(30);
  for (int i = 0; i < 50000; ++i) {
    FrameBytes frame = seeds[random() % seeds.size()];
    for (unsigned changes = static_cast<unsigned>(random() % 3); changes > 0; --changes) {
      frame[random() % frame.size()] = static_cast<uint8_t>(random());
    }
    if (random() % 4 == 0) frame.resize(random() % (2 * frame.size()));
    if (random() % 100 == 0) {
      frame.resize(random() % 4000);
      for (uint8_t& byte : frame) byte = static_cast<uint8_t>(random());
    }
    Push(frame);
  }
  Run();
  EXPECT_EQ(stats_->received.value(), 50000u);
  EXPECT_TRUE(test::AddsUp(*stats_));
  EXPECT_GT(stats_->answered.value(), 1000u);
  EXPECT_GT(stats_->arp_replies.value(), 100u);
  EXPECT_GT(stats_->icmp_replies.value(), 100u);
  EXPECT_EQ(memory_.TakeSent().size(),
            stats_->answered.value() + stats_->arp_replies.value() + stats_->icmp_replies.value());
}

}  // namespace
}  // namespace rblitz::io
