// Clients that are slow, idle, too many, or come when there are no descriptors.
#include <sys/resource.h>

#include "dataplane/io/tcp_connections.h"
#include "tests/tcp_fixture.h"

namespace rblitz::io {
namespace {

const SocketConfig kLoopback = {.address = "127.0.0.1", .port = 0};

constexpr uint32_t kAnHour = 3'600'000;
// Of a client that reads in the end: the smaller, the more turns everything takes.
constexpr int kSmallBuffer = 65536;

TcpConfig Idle(uint32_t milliseconds) { return {.listen = {kLoopback}, .idle_ms = milliseconds}; }

TEST_F(TcpIoTest, AConnectionThatAsksNothingIsClosed) {
  Open(Idle(50));
  const auto silent = Connect();
  const auto partial = Connect();
  partial->Send("\x10");
  ASSERT_TRUE(Ends(*silent));
  ASSERT_TRUE(Ends(*partial));
  EXPECT_FALSE(silent->was_reset());
  EXPECT_EQ(closed(TcpClose::kIdle), 2u);
  EXPECT_EQ(open(), 0u);
}

// A byte now and then would hold a connection for ever.
TEST_F(TcpIoTest, BytesThatMakeNoQuestionKeepNoConnection) {
  Open(Idle(100));
  const auto client = Connect();
  const std::string question = Framed(Wanting(5, 'x') + std::string(4000, 'x'));
  size_t sent = 0;
  ASSERT_TRUE(Until([&] {
    client->Receive();
    if (!client->at_end() && sent < question.size() - 1) client->Send({question[sent++]});
    poll(nullptr, 0, 5);
    return client->at_end();
  }));
  EXPECT_EQ(closed(TcpClose::kIdle), 1u);
}

TEST_F(TcpIoTest, AConnectionThatAsksStaysWhileAnotherIsClosed) {
  Open(Idle(1500));
  const auto idle = Connect();
  const auto busy = Connect();
  ASSERT_TRUE(Until([&] { return tcp_->accepted.value() == 2; }));
  ASSERT_TRUE(Until([&] {
    busy->Send(Framed(Wanting(10, 'b')));
    EXPECT_EQ(TakeAnswer(*busy), AnswerTo(10, 'b'));
    idle->Receive();
    return idle->at_end();
  }));
  EXPECT_EQ(closed(TcpClose::kIdle), 1u);
  EXPECT_FALSE(busy->at_end());
  EXPECT_EQ(open(), 1u);
}

// Until nothing is received any more: the server has stopped reading from whoever does not read.
void TurnUntilStill(const std::function<void()>& turn, const WorkerStats& stats) {
  for (int still = 0; still < 20;) {
    const uint64_t before = stats.received.value();
    turn();
    still = stats.received.value() == before ? still + 1 : 0;
  }
}

TEST_F(TcpIoTest, AClientThatDoesNotReadHoldsUpNobodyAndGetsAllOnceItReads) {
  Open(Idle(kAnHour));
  const auto slow = Connect("", kSmallBuffer);
  const auto other = Connect();
  // More than kernels keep for one connection, and more than one turn.
  constexpr size_t kAsked = 600;
  std::string expected;
  for (size_t n = 0; n < kAsked; ++n) {
    slow->Send(Framed(Wanting(50'000, static_cast<char>(n))));
    expected += Framed(AnswerTo(50'000, static_cast<char>(n)));
  }
  TurnUntilStill([&] { Turn(); }, *stats_);
  EXPECT_LT(stats_->received.value(), kAsked);
  for (size_t n = 0; n < 50; ++n) {
    other->Send(Framed(Wanting(500, static_cast<char>(n))));
    EXPECT_EQ(TakeAnswer(*other), AnswerTo(500, static_cast<char>(n)));
  }
  EXPECT_LT(stats_->received.value(), kAsked + 50);
  EXPECT_TRUE(Take(*slow, expected.size()) == expected);
  EXPECT_EQ(stats_->answered.value(), kAsked + 50);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(TcpIoTest, AClientThatNeverReadsIsClosedAndItsRoomIsFreeAgain) {
  // Room for one turn of one client.
  Open({.listen = {kLoopback}, .idle_ms = 200, .output_bytes = TcpIo::kTurn * 65536});
  for (int round = 1; round <= 3; ++round) {
    const auto slow = Connect("", 4096);
    for (size_t n = 0; n < 300; ++n) slow->Send(Framed(Wanting(60'000, 'n')));
    ASSERT_TRUE(Until([&] { return closed(TcpClose::kSlow) == static_cast<uint64_t>(round); }))
        << closed(TcpClose::kNoMemory);
    ASSERT_TRUE(Ends(*slow));
    EXPECT_EQ(open(), 0u);
  }
  EXPECT_EQ(closed(TcpClose::kNoMemory), 0u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(TcpIoTest, WithoutRoomForWhatIsNotTakenTheConnectionIsClosed) {
  Open({.listen = {kLoopback}, .output_bytes = 40'000});
  const auto slow = Connect("", 4096);
  const auto other = Connect();
  for (size_t n = 0; n < 300; ++n) slow->Send(Framed(Wanting(60'000, 'n')));
  ASSERT_TRUE(Until([&] { return closed(TcpClose::kNoMemory) == 1; }));
  EXPECT_GT(dropped(DropReason::kTxFull), 0u);
  other->Send(Framed(Wanting(60'000, 'o')));
  EXPECT_EQ(TakeAnswer(*other), AnswerTo(60'000, 'o'));
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(TcpIoTest, AnswersThatWaitGoOutThoughTheClientHasShutItsSideDown) {
  Open(Idle(kAnHour));
  const auto slow = Connect("", kSmallBuffer);
  std::string expected;
  for (size_t n = 0; n < 200; ++n) {
    slow->Send(Framed(Wanting(60'000, static_cast<char>(n))));
    expected += Framed(AnswerTo(60'000, static_cast<char>(n)));
  }
  slow->ShutDown();
  TurnUntilStill([&] { Turn(); }, *stats_);
  ASSERT_TRUE(Ends(*slow));
  EXPECT_TRUE(slow->got == expected);
  EXPECT_EQ(closed(TcpClose::kClient), 1u);
}

TEST_F(TcpIoTest, OneMoreTakesThePlaceOfTheOneThatWasIdleLongest) {
  Open({.listen = {kLoopback}, .connections = 3});
  std::vector<std::unique_ptr<TcpClient>> clients;
  for (char n = 0; n < 3; ++n) {
    clients.push_back(Connect());
    ASSERT_TRUE(Until([&] { return open() == static_cast<uint64_t>(n) + 1; }));
  }
  clients[0]->Send(Framed(Wanting(5, 'a')));  // now the second is the one
  EXPECT_EQ(TakeAnswer(*clients[0]), AnswerTo(5, 'a'));
  clients.push_back(Connect());
  ASSERT_TRUE(Ends(*clients[1]));
  EXPECT_EQ(closed(TcpClose::kEvicted), 1u);
  EXPECT_EQ(open(), 3u);
  for (const size_t n : {0u, 2u, 3u}) {
    clients[n]->Send(Framed(Wanting(6, 'b')));
    EXPECT_EQ(TakeAnswer(*clients[n]), AnswerTo(6, 'b')) << n;
  }
}

TEST_F(TcpIoTest, ASourceHasItsShareAndOthersHaveTheirs) {
  Open({.listen = {kLoopback}, .connections = 10, .per_source = 2});
  const auto first = Connect("127.0.0.5");
  const auto second = Connect("127.0.0.5");
  ASSERT_TRUE(Until([&] { return open() == 2; }));
  const auto third = Connect("127.0.0.5");
  ASSERT_TRUE(Ends(*third));
  EXPECT_EQ(closed(TcpClose::kSourceLimit), 1u);
  const auto other = Connect("127.0.0.6");
  for (TcpClient* client : {first.get(), second.get(), other.get()}) {
    client->Send(Framed(Wanting(6, 'b')));
    EXPECT_EQ(TakeAnswer(*client), AnswerTo(6, 'b'));
  }
  first->Reset();
  ASSERT_TRUE(Until([&] { return open() == 2; }));
  const auto fourth = Connect("127.0.0.5");
  fourth->Send(Framed(Wanting(6, 'b')));
  EXPECT_EQ(TakeAnswer(*fourth), AnswerTo(6, 'b'));
}

TEST(TcpConnections, CountsAnIp6SourceByItsFirst64Bits) {
  const auto address = [](const char* text) {
    ClientAddress client;
    EXPECT_EQ(inet_pton(AF_INET6, text, client.data()), 1);
    return client;
  };
  TcpConnections connections(10);
  uint32_t last = 0;
  for (const char* client : {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1", "::ffff:192.0.2.1",
                             "::ffff:192.0.2.1", "::ffff:192.0.2.2", "::1"}) {
    last = connections.Open(3, address(client), 0);
  }
  for (const auto& [client, count] : std::vector<std::pair<const char*, size_t>>{{"2001:db8:0:1:abcd::", 2},
                                                                                 {"2001:db8:0:2::ffff", 1},
                                                                                 {"2001:db8:0:3::1", 0},
                                                                                 {"::ffff:192.0.2.1", 2},
                                                                                 {"::ffff:192.0.2.2", 1},
                                                                                 {"::ffff:192.0.2.3", 0},
                                                                                 {"::2", 1}}) {
    EXPECT_EQ(connections.CountOf(address(client)), count) << client;
  }
  connections.Close(last);
  EXPECT_EQ(connections.CountOf(address("2001:db8:0:1::1")), 2u);
  EXPECT_EQ(connections.CountOf(address("::1")), 0u);
}

// Until it is destroyed, as many descriptors as are open now may be open.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int next = dup(0);
    const rlimit now = {.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before_.rlim_max};
    close(next);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(TcpIoTest, AcceptingPausesWhenDescriptorsRunOutAndGoesOnLater) {
  Open();
  const auto there = Connect();
  ASSERT_TRUE(Until([&] { return open() == 1; }));
  const auto waiting = Connect();
  const auto started = std::chrono::steady_clock::now();
  {
    const NoMoreDescriptors none;
    ASSERT_TRUE(Until([&] { return tcp_->accept_failed.value() == 3; }));
    // It was tried again now and then, and those that are there are served meanwhile.
    EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(2 * TcpIo::kPauseMs - 1));
    there->Send(Framed(Wanting(8, 't')));
    EXPECT_EQ(TakeAnswer(*there), AnswerTo(8, 't'));
    // Nothing wakes it all the time.
    auto longest = std::chrono::steady_clock::duration::zero();
    for (int waits = 0; waits < 10; ++waits) {
      const auto before = std::chrono::steady_clock::now();
      Turn(20);
      longest = std::max(longest, std::chrono::steady_clock::now() - before);
    }
    EXPECT_GE(longest, std::chrono::milliseconds(18));
  }
  waiting->Send(Framed(Wanting(9, 'w')));
  EXPECT_EQ(TakeAnswer(*waiting), AnswerTo(9, 'w'));
}

}  // namespace
}  // namespace rblitz::io
