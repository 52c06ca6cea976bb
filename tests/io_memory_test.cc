#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "dataplane/io/frame_path.h"
#include "dataplane/io/memory_io.h"
#include "tests/echo.h"
#include "tests/frames.h"

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
  MemoryIo memory_{test::Own(), stats_.get()};
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

// What a port may say of a UDP checksum, which MemoryIo never does.
class FramePathTest : public testing::Test {
 protected:
  Fate Take(uint16_t size, uint16_t room, UdpChecksum checksum) {
    ReceivedFrames received;
    received.Add(frame_.data(), size, room, checksum);
    Fate fate = Fate::kDropped;
    path_.Take(received, burst_, [&](size_t, TakenFrame taken) { fate = taken.fate; });
    return fate;
  }

  // The fate of a question whose checksum field has this value, and the answer's checksum field after a turn round
  // without change.
  Fate Take(FrameBytes frame, UdpChecksum checksum) {
    frame_ = std::move(frame);
    frame_.resize(frame_.size() + 256);
    burst_.count = 0;
    const auto room = static_cast<uint16_t>(frame_.size());
    const auto size = static_cast<uint16_t>(room - 256);
    const Fate fate = Take(size, room, checksum);
    if (fate == Fate::kMessage) {
      uint16_t turned = 0;
      FramePath::TurnRound({burst_.messages, 1}, &turned);
      frame_.resize(turned);
    }
    return fate;
  }
  bool IsAnswerRight() const {
    const FrameBytes datagram(frame_.begin() + 34, frame_.end());
    return test::Read16(frame_, 40) == test::NaiveUdpChecksum(test::kOwnIp, test::kClientIp, datagram);
  }

  const FrameBytes question_ = test::UdpFrame({}, {}, FrameBytes(30, 0x42));
  FrameBytes frame_;
  net::OwnAddresses own_ = test::Own();
  std::unique_ptr<WorkerStats> stats_ = std::make_unique<WorkerStats>();
  FramePath path_{&own_, 1472, stats_.get()};
  Burst burst_;
};

TEST_F(FramePathTest, AChecksumThatThePortFoundBadIsDropped) {
  EXPECT_EQ(Take(question_, UdpChecksum::kBad), Fate::kDropped);
  EXPECT_EQ(stats_->dropped[static_cast<size_t>(DropReason::kUdpChecksum)].value(), 1u);
}

TEST_F(FramePathTest, AMissingChecksumIsNeverBad) {
  EXPECT_EQ(Take(test::UdpFrame({}, {.has_checksum = false}, {1, 2, 3}), UdpChecksum::kBad), Fate::kMessage);
  EXPECT_TRUE(IsAnswerRight());
}

TEST_F(FramePathTest, ABadChecksumOfAnythingElseSaysNothing) {
  EXPECT_EQ(Take(test::ArpFrame({}), UdpChecksum::kBad), Fate::kArpReply);
  EXPECT_EQ(Take(test::UdpFrame({}, {.destination_port = 54}, {1}), UdpChecksum::kBad), Fate::kDropped);
  EXPECT_EQ(stats_->dropped[static_cast<size_t>(DropReason::kOtherPort)].value(), 1u);
}

TEST_F(FramePathTest, APartialChecksumIsComputedAnew) {
  FrameBytes partial = question_;
  const FrameBytes pseudo = {10, 53, 0, 7, 10, 53, 0, 53, 0, 17, 0, 38};
  test::Write16(partial, 40, test::NaiveSum(pseudo));
  for (const UdpChecksum checksum : {UdpChecksum::kPartial, UdpChecksum::kMaybePartial}) {
    EXPECT_EQ(Take(partial, checksum), Fate::kMessage);
    EXPECT_TRUE(IsAnswerRight());
  }
  EXPECT_EQ(Take(partial, UdpChecksum::kUnknown), Fate::kMessage);
  EXPECT_FALSE(IsAnswerRight());
}

TEST_F(FramePathTest, AWholeChecksumIsCarriedOverWhereItMayBePartial) {
  EXPECT_EQ(Take(question_, UdpChecksum::kMaybePartial), Fate::kMessage);
  EXPECT_TRUE(IsAnswerRight());
  FrameBytes corrupted = question_;
  corrupted[50] ^= 0x08;
  EXPECT_EQ(Take(corrupted, UdpChecksum::kMaybePartial), Fate::kMessage);
  EXPECT_FALSE(IsAnswerRight());
}

TEST_F(FramePathTest, CapacityEndsBeforeTheSlackAndAtTheMtu) {
  frame_ = question_;
  const auto size = static_cast<uint16_t>(question_.size());
  for (const auto& [room, capacity] : std::vector<std::pair<uint16_t, size_t>>{
           {42 + kSlack, 0}, {42 + kSlack + 1, 1}, {42 + kSlack + 1472, 1472}, {60000, 1472}}) {
    burst_.count = 0;
    frame_.resize(room);
    ASSERT_EQ(Take(size, room, UdpChecksum::kUnknown), Fate::kMessage);
    EXPECT_EQ(burst_.messages[0].capacity, capacity) << room;
  }
  EXPECT_EQ(FramePath::MaxAnswer(1500), 1472u);
  EXPECT_EQ(FramePath::MaxAnswer(20), 0u);
}

}  // namespace
}  // namespace rblitz::io
