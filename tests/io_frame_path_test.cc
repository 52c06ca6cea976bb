#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "dataplane/io/frame_path.h"
#include "tests/frames_ip6.h"

namespace rblitz::io {
namespace {

using test::FrameBytes;

// What a port may say of a UDP checksum, which MemoryIo never does.
class FramePathTest : public testing::Test {
 protected:
  Fate Take(uint16_t size, uint16_t room, UdpChecksum checksum) { return TakeOn(path_, size, room, checksum); }
  Fate TakeOn(FramePath& path, uint16_t size, uint16_t room, UdpChecksum checksum) {
    ReceivedFrames received;
    received.Add(frame_.data(), size, room, checksum);
    Fate fate = Fate::kDropped;
    burst_.count = 0;
    path.Take(received, burst_, [&](size_t, TakenFrame taken) { fate = taken.fate; });
    return fate;
  }
  Fate FateOn(FramePath& path, const FrameBytes& frame) {
    frame_ = frame;
    frame_.resize(frame.size() + 256);
    return TakeOn(path, static_cast<uint16_t>(frame.size()), static_cast<uint16_t>(frame_.size()),
                  UdpChecksum::kUnknown);
  }

  // The fate of a question whose checksum field has this value, and the answer's checksum field after a turn round
  // without change.
  Fate Take(FrameBytes frame, UdpChecksum checksum) {
    frame_ = std::move(frame);
    frame_.resize(frame_.size() + 256);
    const auto room = static_cast<uint16_t>(frame_.size());
    const auto size = static_cast<uint16_t>(room - 256);
    const Fate fate = Take(size, room, checksum);
    if (fate == Fate::kMessage) {
      uint16_t turned = 0;
      path_.TurnRound({burst_.messages, 1}, &turned);
      frame_.resize(turned);
    }
    return fate;
  }
  bool IsAnswerRight() const {
    const FrameBytes datagram(frame_.begin() + 34, frame_.end());
    return test::Read16(frame_, 40) == test::NaiveUdpChecksum(test::kOwnIp, test::kClientIp, datagram);
  }

  bool IsAnswerRight6() const {
    const FrameBytes datagram(frame_.begin() + 54, frame_.end());
    return test::NaiveChecksum6(test::kOwnIp6, test::kClientIp6, 17, datagram) == 0 && test::Read16(frame_, 60) != 0;
  }

  const FrameBytes question_ = test::UdpFrame({}, {}, FrameBytes(30, 0x42));
  FrameBytes frame_;
  net::OwnAddresses own_ = test::OwnWithIp6();
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

// Over IPv6 a wrong checksum is looked for where the port did not, and dropped; one that is only begun is computed.
TEST_F(FramePathTest, OverIpv6AWrongChecksumIsDroppedWhoeverFindsIt) {
  const FrameBytes question = test::Udp6Frame({}, {}, FrameBytes(30, 0x42));
  FrameBytes corrupted = question;
  corrupted[70] ^= 0x08;
  for (const UdpChecksum checksum : {UdpChecksum::kUnknown, UdpChecksum::kBad, UdpChecksum::kMaybePartial}) {
    const uint64_t before = stats_->dropped[static_cast<size_t>(DropReason::kUdpChecksum)].value();
    EXPECT_EQ(Take(corrupted, checksum), Fate::kDropped);
    EXPECT_EQ(stats_->dropped[static_cast<size_t>(DropReason::kUdpChecksum)].value(), before + 1);
  }
  for (const UdpChecksum checksum : {UdpChecksum::kUnknown, UdpChecksum::kGood, UdpChecksum::kMaybePartial}) {
    EXPECT_EQ(Take(question, checksum), Fate::kMessage);
    EXPECT_TRUE(IsAnswerRight6());
  }
  FrameBytes partial = question;
  const uint32_t pseudo = ~test::NaiveChecksum6(test::kClientIp6, test::kOwnIp6, 17, {}) & 0xffff;
  test::Write16(partial, 60,
                test::NaiveSum(FrameBytes{static_cast<uint8_t>(pseudo >> 8), static_cast<uint8_t>(pseudo), 0, 38}));
  for (const UdpChecksum checksum : {UdpChecksum::kPartial, UdpChecksum::kMaybePartial}) {
    EXPECT_EQ(Take(partial, checksum), Fate::kMessage);
    EXPECT_TRUE(IsAnswerRight6());
  }
  EXPECT_EQ(Take(partial, UdpChecksum::kUnknown), Fate::kDropped);
}

// Some ports say what they think of a checksum behind extension headers without having found it.
TEST_F(FramePathTest, BehindExtensionHeadersAPortIsNotBelieved) {
  const FrameBytes question =
      test::Udp6Frame({.extensions = {17, 0, 1, 4, 0, 0, 0, 0}, .first_header = 60}, {}, FrameBytes(30, 0x42));
  FrameBytes corrupted = question;
  corrupted[78] ^= 0x08;
  for (const UdpChecksum checksum : {UdpChecksum::kUnknown, UdpChecksum::kGood, UdpChecksum::kBad}) {
    EXPECT_EQ(Take(question, checksum), Fate::kMessage);
    EXPECT_TRUE(IsAnswerRight6());
    EXPECT_EQ(Take(corrupted, checksum), Fate::kDropped);
  }
  // Behind a tag the header stands where it always does.
  EXPECT_EQ(Take(test::Tagged(corrupted, 7), UdpChecksum::kGood), Fate::kDropped);
  FrameBytes plain = test::Tagged(test::Udp6Frame({}, {}, FrameBytes(30, 0x42)), 7);
  plain[74] ^= 0x08;
  EXPECT_EQ(Take(plain, UdpChecksum::kGood), Fate::kMessage);
}

TEST_F(FramePathTest, CapacityOverIpv6IsSmallerByItsHeader) {
  EXPECT_EQ(Take(test::Udp6Frame({}, {}, FrameBytes(30, 0x42)), UdpChecksum::kGood), Fate::kMessage);
  EXPECT_EQ(burst_.messages[0].capacity, 30 + 256 - kSlack);
  frame_ = test::Udp6Frame({}, {}, FrameBytes(30, 0x42));
  const auto size = static_cast<uint16_t>(frame_.size());
  frame_.resize(60000);
  EXPECT_EQ(Take(size, 60000, UdpChecksum::kGood), Fate::kMessage);
  EXPECT_EQ(burst_.messages[0].capacity, 1452);
}

// With a way to the kernel: what is the host's is told apart from what is dropped whatever there is.
TEST_F(FramePathTest, WhatIsTheHostsGoesToTheKernelWhereThereIsOne) {
  const FrameBytes other = test::Ip6(0xfd53, 0x99);
  FramePath with_kernel(&own_, 1472, stats_.get(), true);
  for (const auto& [frame, fate] : std::vector<std::pair<FrameBytes, Fate>>{
           {test::UdpFrame({.protocol = 6}, {}, {1}), Fate::kToKernel},
           {test::UdpFrame({}, {.destination_port = 123}, {1}), Fate::kToKernel},
           {test::UdpFrame({.destination = 0x0a3500ff, .destination_mac = FrameBytes(6, 0xff)}, {}, {1}),
            Fate::kToKernel},
           {test::UdpFrame({.destination = test::kOwnIp + 1}, {}, {1}), Fate::kToKernel},
           {test::UdpFrame({.destination = test::kOwnIp + 1, .fragment = 0x2000}, {}, {1}), Fate::kToKernel},
           {test::UdpFrame({.protocol = 6, .fragment = 0x2000}, {}, {1}), Fate::kToKernel},
           {test::ArpFrame({.operation = 2, .destination_mac = test::kOwnMac}), Fate::kToKernel},
           {test::ArpFrame({.sender_ip = test::kOwnIp}), Fate::kToKernel},
           {test::NdFrame({.hop_limit = 255}, {.type = 136, .target = other}), Fate::kToKernel},
           {test::Udp6Frame({.next_header = 6}, {}, {1}), Fate::kToKernel},
           {test::Udp6Frame({.destination = test::kAllNodesIp6, .destination_mac = test::kAllNodesMac}, {}, {1}),
            Fate::kToKernel},
           {test::UdpFrame({.ethertype = 0x88cc}, {}, {1}), Fate::kToKernel},
           {test::ArpFrame({}), Fate::kArpReply},
           {test::NdFrame(test::ToGroupOf(test::kOwnIp6), {}), Fate::kNdReply},
           {test::Echo6Frame({}, {1}), Fate::kEchoReply},
           {test::UdpFrame({}, {}, {1}), Fate::kMessage},
           {test::UdpFrame({.destination_mac = test::kClientMac}, {}, {1}), Fate::kDropped},
           {test::UdpFrame({.source = 0x7f000001, .protocol = 6}, {}, {1}), Fate::kDropped},
           {test::UdpFrame({.checksum_error = 1}, {}, {1}), Fate::kDropped},
           {test::UdpFrame({.fragment = 0x2000}, {}, {1}), Fate::kDropped},
       }) {
    frame_ = frame;
    frame_.resize(frame.size() + 256);
    ReceivedFrames received;
    received.Add(frame_.data(), static_cast<uint16_t>(frame.size()), static_cast<uint16_t>(frame_.size()),
                 UdpChecksum::kUnknown);
    TakenFrame taken = {Fate::kDropped};
    bool as_it_came = false;
    burst_.count = 0;
    with_kernel.Take(received, burst_, [&, &frame = frame](size_t, TakenFrame visited) {
      taken = visited;
      as_it_came = std::equal(frame.begin(), frame.end(), frame_.begin());
    });
    EXPECT_EQ(taken.fate, fate) << testing::PrintToString(frame);
    EXPECT_TRUE(as_it_came);
    // Without a kernel the same are dropped.
    const Fate alone = Take(frame, UdpChecksum::kUnknown);
    EXPECT_EQ(alone, fate == Fate::kToKernel ? Fate::kDropped : fate) << testing::PrintToString(frame);
  }
}

// The kernel may have IPv6 addresses that the port does not know, from a router's advertisement.
TEST_F(FramePathTest, IpVersion6OfAPortWithoutItGoesToTheKernelWhereThereIsOne) {
  const net::OwnAddresses only_ip4 = test::Own();
  for (const FrameBytes& frame :
       {test::Udp6Frame({.next_header = 6}, {}, {1}), test::Udp6Frame({}, {}, {1}),
        test::NdFrame({.hop_limit = 255}, {.type = 136}), test::NdFrame(test::ToGroupOf(test::kOwnIp6), {})}) {
    for (const bool has_kernel : {false, true}) {
      FramePath path(&only_ip4, 1472, stats_.get(), has_kernel);
      EXPECT_EQ(FateOn(path, frame), has_kernel ? Fate::kToKernel : Fate::kDropped) << testing::PrintToString(frame);
    }
  }
}

TEST_F(FramePathTest, ConflictsAreRemembered) {
  EXPECT_EQ(stats_->address_conflicts.Get(), std::nullopt);
  const auto expect_last = [this](LastConflict::Seen seen, LastConflict::Seen::Clock::time_point since) {
    const auto last = stats_->address_conflicts.Get();
    ASSERT_TRUE(last);
    EXPECT_GE(last->at, since);
    seen.at = last->at;
    EXPECT_EQ(last, seen);
  };
  const auto start = LastConflict::Seen::Clock::now();
  const LastConflict::Seen over_ip4 = {{2, 0xc1, 0, 0, 0, 2},
                                       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 53, 0, 53}};
  EXPECT_EQ(Take(test::ArpFrame({.sender_ip = test::kOwnIp}), UdpChecksum::kUnknown), Fate::kDropped);
  expect_last(over_ip4, start);
  const auto later = LastConflict::Seen::Clock::now();
  const LastConflict::Seen over_ip6 = {{2, 0xc1, 0, 0, 0, 2},
                                       {0xfd, 0x53, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53}};
  EXPECT_EQ(Take(test::NdFrame({.hop_limit = 255}, {.type = 136}), UdpChecksum::kUnknown), Fate::kDropped);
  expect_last(over_ip6, later);
  EXPECT_EQ(Take(test::ArpFrame({.sender_ip = test::kOwnIp, .sender_mac = test::kOwnMac}), UdpChecksum::kUnknown),
            Fate::kDropped);
  EXPECT_EQ(stats_->address_conflicts.count(), 2u);
}

// Whatever else is in a burst: a question's frame becomes what it becomes alone.
TEST_F(FramePathTest, ABurstIsTurnedAsItsFramesAreAlone) {
  const std::vector<FrameBytes> kinds = {
      question_,
      test::UdpFrame({}, {.has_checksum = false}, FrameBytes(31, 0x43)),
      test::ArpFrame({}),
      test::UdpFrame({.version_and_length = 0x46, .options = {1, 1, 1, 1}}, {}, FrameBytes(32, 0x44)),
      test::UdpFrame({}, {.destination_port = 54}, {1}),
      test::Tagged(question_, 7),
      test::Udp6Frame({}, {}, FrameBytes(33, 0x45)),
  };
  std::vector<FrameBytes> alone;
  for (const FrameBytes& frame : kinds) {
    alone.push_back(Take(frame, UdpChecksum::kUnknown) == Fate::kMessage ? frame_ : FrameBytes());
  }
  for (const size_t used : {size_t{1}, size_t{2}, size_t{5}, size_t{6}, kinds.size()}) {
    std::vector<FrameBytes> frames;
    ReceivedFrames received;
    for (size_t i = 0; i < 21; ++i) frames.push_back(kinds[i % used]);
    for (FrameBytes& frame : frames) {
      const auto size = static_cast<uint16_t>(frame.size());
      frame.resize(size + 256);
      received.Add(frame.data(), size, static_cast<uint16_t>(frame.size()), UdpChecksum::kUnknown);
    }
    burst_.count = 0;
    path_.Take(received, burst_, [](size_t, TakenFrame) {});
    std::vector<uint16_t> sizes(burst_.count);
    path_.TurnRound({burst_.messages, burst_.count}, sizes.data());
    size_t message = 0;
    for (size_t i = 0; i < frames.size(); ++i) {
      const FrameBytes& expected = alone[i % used];
      if (expected.empty()) continue;
      frames[i].resize(sizes.at(message++));
      EXPECT_EQ(frames[i], expected) << used << " kinds, frame " << i;
    }
    EXPECT_EQ(message, burst_.count);
  }
}

TEST_F(FramePathTest, CapacityEndsBeforeTheSlackAndAtTheMtu) {
  frame_ = question_;
  const auto size = static_cast<uint16_t>(question_.size());
  for (const auto& [room, capacity] : std::vector<std::pair<uint16_t, size_t>>{
           {66 + kSlack, 24}, {66 + kSlack + 1, 25}, {42 + kSlack + 1472, 1472}, {60000, 1472}}) {
    frame_.resize(room);
    ASSERT_EQ(Take(size, room, UdpChecksum::kUnknown), Fate::kMessage);
    EXPECT_EQ(burst_.messages[0].capacity, capacity) << room;
  }
  EXPECT_EQ(FramePath::MaxAnswer(1500), 1472u);
  EXPECT_EQ(FramePath::MaxAnswer(20), 0u);
}

// Each record is of one byte throughout, so that a mixed one would show.
TEST(LastConflict, IsReadWholeWhileItIsWritten) {
  LastConflict last;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (uint32_t i = 1; i <= 200000; ++i) {
      LastConflict::Seen seen{};
      seen.mac.fill(static_cast<uint8_t>(i));
      seen.address.fill(static_cast<uint8_t>(i));
      seen.at += std::chrono::nanoseconds(seen.mac[0]);
      last.Set(seen);
    }
    done = true;
  });
  const auto is_whole = [](const LastConflict::Seen& seen) {
    LastConflict::Seen expected{};
    expected.mac.fill(seen.mac[0]);
    expected.address.fill(seen.mac[0]);
    expected.at += std::chrono::nanoseconds(seen.mac[0]);
    return seen == expected;
  };
  int mixed = 0;
  while (!done) {
    if (const auto seen = last.Get()) mixed += is_whole(*seen) ? 0 : 1;
  }
  writer.join();
  EXPECT_EQ(mixed, 0);
  EXPECT_EQ(last.count(), 200000u);
  ASSERT_TRUE(last.Get());
  EXPECT_EQ(last.Get()->mac[0], static_cast<uint8_t>(200000));
}

}  // namespace
}  // namespace rblitz::io
