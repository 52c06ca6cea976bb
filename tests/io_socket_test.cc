#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/socket_io.h"
#include "tests/echo.h"
#include "tests/udp_client.h"

namespace rblitz::io {
namespace {

// As text: mapped where it is an IPv4 one.
std::string ClientText(const Burst& burst, size_t i) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, burst.clients->ClientOf(burst.messages[i]).data(), text, sizeof text);
}

class SocketIoTest : public testing::Test {
 protected:
  void Open(const char* address) {
    auto io = SocketIo::Open({.address = address, .port = 0}, stats_.get());
    ASSERT_TRUE(io.has_value()) << io.error().message;
    io_ = std::move(*io);
    ASSERT_NE(io_->port(), 0);
  }
  // Waits for datagrams until `n` have been received in all, and answers them.
  void Serve(uint64_t n) {
    for (int waits = 0; stats_->received.value() < n && waits < 200; ++waits) {
      io_->Wait(10);
      io_->Receive(burst_);
      test::Echo(burst_, *stats_);
      io_->Send(burst_);
    }
    ASSERT_EQ(stats_->received.value(), n);
  }
  bool WaitForMessages() {
    burst_.count = 0;
    for (int waits = 0; burst_.count == 0 && waits < 200; ++waits) {
      io_->Wait(10);
      io_->Receive(burst_);
    }
    return burst_.count > 0;
  }
  uint64_t dropped(DropReason reason) const { return stats_->dropped[static_cast<size_t>(reason)].value(); }

  std::unique_ptr<WorkerStats> stats_ = std::make_unique<WorkerStats>();
  std::unique_ptr<SocketIo> io_;
  Burst burst_;
};

TEST_F(SocketIoTest, AnswersFromTheAddressThatWasAsked) {
  for (const auto& [bound, asked] : std::vector<std::pair<const char*, const char*>>{
           {"127.0.0.1", "127.0.0.1"},
           {"127.0.0.5", "127.0.0.5"},
           {"0.0.0.0", "127.0.0.1"},
           {"0.0.0.0", "127.0.0.9"},
           {"::1", "::1"},
           {"::", "::1"},
       }) {
    SCOPED_TRACE(std::string(bound) + " asked at " + asked);
    stats_ = std::make_unique<WorkerStats>();
    Open(bound);
    const UdpClient client(asked, io_->port());
    client.Send("\x02hello");
    Serve(1);
    EXPECT_EQ(client.Receive(), Inverted("\x02hell"));
    EXPECT_EQ(stats_->answered.value(), 1u);
  }
}

TEST_F(SocketIoTest, TellsTheClientOfEachMessage) {
  Open("0.0.0.0");
  const UdpClient first("127.0.0.1", io_->port());
  const UdpClient second("127.0.0.9", io_->port(), "127.0.0.77");
  first.Send("\x02one");
  second.Send("\x02two");
  for (size_t taken = 0; taken < 2; taken += burst_.count) {
    ASSERT_TRUE(WaitForMessages());
    for (size_t i = 0; i < burst_.count; ++i) {
      const bool is_first = burst_.messages[i].payload[1] == 'o';
      EXPECT_EQ(ClientText(burst_, i), is_first ? "::ffff:127.0.0.1" : "::ffff:127.0.0.77");
    }
  }
  Open("::1");
  const UdpClient third("::1", io_->port());
  third.Send("\x02");
  ASSERT_TRUE(WaitForMessages());
  EXPECT_EQ(ClientText(burst_, 0), "::1");
}

TEST_F(SocketIoTest, BothWildcardsCanBeServedSideBySide) {
  Open("0.0.0.0");
  const auto ip6 = SocketIo::Open({.address = "::", .port = io_->port()}, stats_.get());
  EXPECT_TRUE(ip6.has_value()) << ip6.error().message;
}

TEST_F(SocketIoTest, AnswersManyClientsInBursts) {
  Open("127.0.0.1");
  std::vector<std::unique_ptr<UdpClient>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(std::make_unique<UdpClient>("127.0.0.1", io_->port()));
  for (char round = 0; round < 4; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) clients[i]->Send({2, static_cast<char>(i), round, 'x'});
  }
  Serve(200);
  for (char round = 0; round < 4; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) {
      EXPECT_EQ(clients[i]->Receive(), Inverted({2, static_cast<char>(i), round}));
    }
  }
  EXPECT_EQ(stats_->answered.value(), 200u);
  EXPECT_EQ(stats_->bytes_received.value(), 800u);
  EXPECT_EQ(stats_->bytes_answered.value(), 600u);
  EXPECT_LT(stats_->bursts.value(), 200u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(SocketIoTest, SizesGrowAndShrinkAndEndAtTheCapacity) {
  Open("127.0.0.1");
  const UdpClient client("127.0.0.1", io_->port());
  uint64_t n = 0;
  for (const size_t size : {1u, 12u, 511u, 1100u, 1231u, 1232u, 1233u, 2047u, 2048u}) {
    const Datagram question(size, '\x7f');
    client.Send(question);
    Serve(++n);
    Datagram expected = Inverted(question) + Datagram(0x7f, '\x7f');
    expected.resize(std::min(expected.size(), SocketIo::kMaxAnswer));
    EXPECT_EQ(client.Receive(), expected) << size;
  }
}

TEST_F(SocketIoTest, LongerQuestionsAreOversize) {
  Open("127.0.0.1");
  const UdpClient client("127.0.0.1", io_->port());
  client.Send(Datagram(SocketIo::kMaxQuestion + 1, 'x'));
  client.Send("\x02ok");
  Serve(2);
  EXPECT_EQ(client.Receive(), Inverted("\x02o"));
  EXPECT_EQ(dropped(DropReason::kOversize), 1u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

// Bursts of which some are dropped on arrival or not answered, and bursts that are answered whole, in turn.
TEST_F(SocketIoTest, EachGetsItsOwnAnswerWhereOthersGetNone) {
  Open("::");
  const UdpClient first("::1", io_->port());
  const UdpClient second("::1", io_->port());
  uint64_t n = 0;
  for (char round = 0; round < 3; ++round) {
    first.Send({2, 'a', round, 'x'});
    second.Send("");
    first.Send(Datagram(SocketIo::kMaxQuestion + 1, 'x'));
    second.Send({2, 'b', round, 'x', 'x'});
    Serve(n += 4);
    EXPECT_EQ(first.Receive(), Inverted({2, 'a', round}));
    EXPECT_EQ(second.Receive(), Inverted({2, 'b', round, 'x'}));
    for (char i = 0; i < 5; ++i) {
      first.Send({2, i, 'x'});
      second.Send({2, i, round, 'x'});
    }
    Serve(n += 10);
    for (char i = 0; i < 5; ++i) {
      EXPECT_EQ(first.Receive(), Inverted({2, i}));
      EXPECT_EQ(second.Receive(), Inverted({2, i, round}));
    }
  }
  EXPECT_EQ(dropped(DropReason::kOversize), 3u);
  EXPECT_EQ(dropped(DropReason::kShortDns), 3u);
  EXPECT_EQ(stats_->answered.value(), 36u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(SocketIoTest, AnEmptyDatagramIsAMessageOfSizeZero) {
  Open("127.0.0.1");
  const UdpClient client("127.0.0.1", io_->port());
  client.Send("");
  Serve(1);
  EXPECT_EQ(dropped(DropReason::kShortDns), 1u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

// A datagram from port 0 can only be made by hand: a raw socket, which wants root.
TEST_F(SocketIoTest, SourcePortZeroIsDropped) {
  Open("127.0.0.1");
  const int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
  if (raw < 0) GTEST_SKIP() << "raw sockets want root";
  const uint16_t port = io_->port();
  const uint8_t datagram[] = {0, 0, static_cast<uint8_t>(port >> 8), static_cast<uint8_t>(port), 0, 9, 0, 0, 'x'};
  socklen_t size;
  const sockaddr_storage to = NumericAddress("127.0.0.1", 0, &size);
  EXPECT_EQ(sendto(raw, datagram, sizeof datagram, 0, reinterpret_cast<const sockaddr*>(&to), size), 9);
  close(raw);
  Serve(1);
  EXPECT_EQ(dropped(DropReason::kSourcePortZero), 1u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(SocketIoTest, AClientThatIsGoneHurtsNobodyElse) {
  Open("127.0.0.1");
  const UdpClient stays("127.0.0.1", io_->port());
  for (uint64_t n = 0; n < 20; n += 2) {
    {
      const UdpClient leaves("127.0.0.1", io_->port());
      leaves.Send("\x02gone");
    }
    stays.Send("\x02here");
    Serve(n + 2);
    EXPECT_EQ(stays.Receive(), Inverted("\x02her"));
  }
  EXPECT_TRUE(test::AddsUp(*stats_));
}

// The kernel refuses what routing has no way for: a burst with one such answer loses that one only.
TEST_F(SocketIoTest, AnAnswerThatCannotBeSentIsTxFull) {
  Open("127.0.0.1");
  const UdpClient client("127.0.0.1", io_->port());
  for (char i = 0; i < 3; ++i) client.Send({2, i, 'x'});
  for (int waits = 0; burst_.count < 3 && waits < 200; ++waits) {
    io_->Wait(10);
    io_->Receive(burst_);
  }
  ASSERT_EQ(burst_.count, 3u);
  // Larger than any datagram: EMSGSIZE, for good.
  burst_.messages[1].size = 65535;
  io_->Send(burst_);
  EXPECT_EQ(stats_->bytes_answered.value(), 6u);
  EXPECT_EQ(dropped(DropReason::kTxFull), 1u);
  EXPECT_EQ(stats_->answered.value(), 2u);
  EXPECT_EQ(client.Receive()[1], 0);
  EXPECT_EQ(client.Receive()[1], 2);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(SocketIoTest, WaitEndsWhenADatagramComes) {
  Open("127.0.0.1");
  const UdpClient client("127.0.0.1", io_->port());
  EXPECT_TRUE(io_->can_wait());
  client.Send("\x02now");
  const auto before = std::chrono::steady_clock::now();
  io_->Wait(5000);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(4));
}

TEST_F(SocketIoTest, OpenSaysWhichAddressFailedAndWhy) {
  Open("127.0.0.1");
  const std::string name = "127.0.0.1:" + std::to_string(io_->port());
  const auto second = SocketIo::Open({.address = "127.0.0.1", .port = io_->port()}, stats_.get());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message, name + ": cannot bind: Address already in use");
  EXPECT_EQ(SocketIo::Open({.address = "192.0.2.1", .port = 5300}, stats_.get()).error().message,
            "192.0.2.1:5300: cannot bind: Cannot assign requested address");
  EXPECT_EQ(SocketIo::Open({.address = "nowhere", .port = 5300}, stats_.get()).error().message,
            "nowhere:5300: Name or service not known");
}

TEST_F(SocketIoTest, KnowsWhatTheKernelDropped) {
  auto io = SocketIo::Open({.address = "127.0.0.1", .port = 0, .receive_buffer = 4096}, stats_.get());
  ASSERT_TRUE(io.has_value());
  io_ = std::move(*io);
  EXPECT_EQ(io_->losses(), 0u);
  const UdpClient client("127.0.0.1", io_->port());
  constexpr uint64_t kSent = 1000;
  for (uint64_t i = 0; i < kSent; ++i) client.Send(Datagram(500, 'x'));
  const uint64_t lost = io_->losses();
  EXPECT_GT(lost, 0u);
  Serve(kSent - lost);
  EXPECT_EQ(stats_->received.value(), kSent - lost);
}

TEST(ParseListen, ReadsBothFamilies) {
  const auto ip4 = ParseListen("127.0.0.1:5300");
  ASSERT_TRUE(ip4.has_value());
  EXPECT_EQ(ip4->address, "127.0.0.1");
  EXPECT_EQ(ip4->port, 5300);
  const auto ip6 = ParseListen("[::1]:53");
  ASSERT_TRUE(ip6.has_value());
  EXPECT_EQ(ip6->address, "::1");
  EXPECT_EQ(ip6->port, 53);
}

TEST(ParseListen, SaysWhatIsWrong) {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
           {"127.0.0.1", "want ADDRESS:PORT"},
           {"", "want ADDRESS:PORT"},
           {"::1:53", "want ADDRESS:PORT, an IPv6 address in brackets"},
           {"[::1]", "want ADDRESS:PORT, an IPv6 address in brackets"},
           {"*:53", "all addresses are 0.0.0.0 or [::]"},
           {"127.0.0.1:", "bad port"},
           {"127.0.0.1:65536", "bad port"},
           {"127.0.0.1:53x", "bad port"},
           {"localhost:53", "not a numeric address"},
           {"[]:53", "not a numeric address"},
           {":53", "not a numeric address"},
       }) {
    const auto config = ParseListen(text);
    ASSERT_FALSE(config.has_value()) << text;
    EXPECT_EQ(config.error().message, "bad listen address '" + text + "': " + what);
  }
}

}  // namespace
}  // namespace rblitz::io
