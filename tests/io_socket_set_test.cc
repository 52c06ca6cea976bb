// Several sockets in one worker, and several workers with one address.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/socket_set.h"
#include "tests/echo.h"
#include "tests/udp_client.h"

namespace rblitz::io {
namespace {

std::unique_ptr<SocketIo> OpenSocket(const SocketConfig& config, WorkerStats* stats) {
  auto io = SocketIo::Open(config, stats);
  EXPECT_TRUE(io.has_value()) << io.error().message;
  return io ? *std::move(io) : nullptr;
}

class SocketSetTest : public testing::Test {
 protected:
  void Open(const std::vector<const char*>& addresses) {
    std::vector<std::unique_ptr<SocketIo>> sockets;
    for (const char* address : addresses) sockets.push_back(OpenSocket({.address = address, .port = 0}, stats_.get()));
    set_ = std::make_unique<SocketSet>(std::move(sockets));
  }
  uint16_t port(size_t i) const { return set_->sockets()[i]->port(); }
  void Turn() {
    set_->Receive(burst_);
    if (burst_.count == 0) return set_->Wait(10);
    test::Echo(burst_, *stats_);
    set_->Send(burst_);
  }
  void Serve(uint64_t n) {
    for (int turns = 0; stats_->received.value() < n && turns < 2000; ++turns) Turn();
    ASSERT_EQ(stats_->received.value(), n);
  }

  std::unique_ptr<WorkerStats> stats_ = std::make_unique<WorkerStats>();
  std::unique_ptr<SocketSet> set_;
  Burst burst_;
};

TEST_F(SocketSetTest, EachSocketAnswersWhatItWasAsked) {
  Open({"127.0.0.1", "::1", "127.0.0.1"});
  std::vector<std::unique_ptr<UdpClient>> clients;
  for (size_t i = 0; i < 3; ++i) clients.push_back(std::make_unique<UdpClient>(i == 1 ? "::1" : "127.0.0.1", port(i)));
  uint64_t asked = 0;
  for (char round = 0; round < 20; ++round) {
    for (size_t i = 0; i < 3; ++i) {
      if ((static_cast<size_t>(round) + i) % 3 == 0) continue;
      clients[i]->Send({2, static_cast<char>(i), round, 'x'});
      ++asked;
    }
    Serve(asked);
    for (size_t i = 0; i < 3; ++i) {
      if ((static_cast<size_t>(round) + i) % 3 == 0) continue;
      EXPECT_EQ(clients[i]->Receive(), Inverted({2, static_cast<char>(i), round}));
    }
  }
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(SocketSetTest, TellsTheClientOfTheSocketThatReceived) {
  Open({"127.0.0.1", "::1"});
  const UdpClient ip4("127.0.0.1", port(0), "127.0.0.77");
  const UdpClient ip6("::1", port(1));
  for (const auto& [client, address] : {std::pair(&ip6, "::1"), std::pair(&ip4, "::ffff:127.0.0.77")}) {
    client->Send("\x02who");
    burst_.count = 0;
    for (int turns = 0; burst_.count == 0 && turns < 2000; ++turns) {
      set_->Wait(10);
      set_->Receive(burst_);
    }
    ASSERT_EQ(burst_.count, 1u);
    for (const Clients* clients : {burst_.clients, static_cast<const Clients*>(set_.get())}) {
      char text[INET6_ADDRSTRLEN];
      EXPECT_STREQ(inet_ntop(AF_INET6, clients->ClientOf(burst_.messages[0]).data(), text, sizeof text), address);
    }
    set_->Send(burst_);
  }
}

TEST_F(SocketSetTest, ABusySocketLeavesTheOthersTheirShare) {
  Open({"127.0.0.1", "::1"});
  const UdpClient busy("127.0.0.1", port(0));
  const UdpClient other("::1", port(1));
  const auto flood = [&] {
    for (size_t i = 0; i < 2 * kBurst; ++i) busy.Send("\x03many");
  };
  flood();
  Turn();  // the other one has had nothing by now
  other.Send("\x02one");
  for (size_t turns = 0; turns <= SocketSet::kLook + 1; ++turns) {
    flood();
    Turn();
    EXPECT_GT(burst_.count, 0u);
  }
  EXPECT_EQ(other.Receive(), Inverted("\x02on"));
}

TEST_F(SocketSetTest, WaitEndsWhenAnySocketHasSomething) {
  Open({"127.0.0.1", "::1"});
  EXPECT_TRUE(set_->can_wait());
  const UdpClient client("::1", port(1));
  client.Send("\x02now");
  set_->Wait(60'000);
  Turn();
  EXPECT_EQ(stats_->received.value(), 1u);
}

// The kernel spreads clients over the sockets that share an address: with 200 of them each gets some.
TEST(Sharing, SocketsOfOneAddressShareItsClients) {
  WorkerStats stats[3];
  std::vector<std::unique_ptr<SocketIo>> sockets;
  for (WorkerStats& one : stats) {
    const bool is_first = sockets.empty();
    sockets.push_back(OpenSocket({.address = "127.0.0.1",
                                  .port = is_first ? uint16_t{0} : sockets[0]->port(),
                                  .sharing = is_first ? Sharing::kFirst : Sharing::kJoins},
                                 &one));
  }
  std::vector<std::unique_ptr<UdpClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<UdpClient>("127.0.0.1", sockets[0]->port()));
    clients.back()->Send("\x02hello");
  }
  Burst burst;
  for (size_t i = 0; i < 3; ++i) {
    do {
      sockets[i]->Receive(burst);
      test::Echo(burst, stats[i]);
      sockets[i]->Send(burst);
    } while (burst.count > 0);
  }
  for (const auto& client : clients) EXPECT_EQ(client->Receive(), Inverted("\x02hell"));
  for (const WorkerStats& one : stats) EXPECT_GT(one.answered.value(), 0u);
  EXPECT_EQ(stats[0].answered.value() + stats[1].answered.value() + stats[2].answered.value(), 200u);
}

TEST(Sharing, AnotherServerCannotTakeAnAddressThatIsShared) {
  WorkerStats stats;
  for (const Sharing first : {Sharing::kAlone, Sharing::kFirst}) {
    const auto socket = OpenSocket({.address = "127.0.0.1", .port = 0, .sharing = first}, &stats);
    for (const Sharing second : {Sharing::kAlone, Sharing::kFirst}) {
      const auto other = SocketIo::Open({.address = "127.0.0.1", .port = socket->port(), .sharing = second}, &stats);
      ASSERT_FALSE(other.has_value());
      EXPECT_EQ(other.error().message,
                "127.0.0.1:" + std::to_string(socket->port()) + ": cannot bind: Address already in use");
    }
  }
}

TEST(Sharing, ASocketThatWasBoundByAnotherIsTakenOver) {
  for (const char* address : {"127.0.0.1", "::1", "0.0.0.0"}) {
    socklen_t size;
    sockaddr_storage name = NumericAddress(address, 0, &size);
    const int fd = socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&name), size), 0);
    const auto stats = std::make_unique<WorkerStats>();
    const auto socket = OpenSocket({.address = address, .port = 0, .fd = fd}, stats.get());
    const UdpClient client(std::string(address) == "0.0.0.0" ? "127.0.0.9" : address, socket->port());
    client.Send("\x02hello");
    socket->Wait(60'000);
    Burst burst;
    socket->Receive(burst);
    test::Echo(burst, *stats);
    socket->Send(burst);
    EXPECT_EQ(client.Receive(), Inverted("\x02hell")) << address;
  }
}

}  // namespace
}  // namespace rblitz::io
