// What comes over TCP connections and goes back (RFC 1035 section 4.2.2, RFC 7766).
#include <random>

#include "tests/tcp_fixture.h"

namespace rblitz::io {
namespace {

TEST_F(TcpIoTest, AnswersAndTellsTheClientOnBothFamilies) {
  Open({.listen = {{.address = "127.0.0.1", .port = 0}, {.address = "::1", .port = 0}}});
  ASSERT_EQ(io_->ports().size(), 2u);
  TcpClient ip4("127.0.0.1", io_->ports()[0], "127.0.0.77");
  TcpClient ip6("::1", io_->ports()[1]);
  for (const auto& [client, address] : {std::pair(&ip4, "::ffff:127.0.0.77"), std::pair(&ip6, "::1")}) {
    client->Send(Framed(Wanting(20, 'a')));
    burst_.count = 0;
    for (int waits = 0; burst_.count == 0 && waits < 2000; ++waits) {
      io_->Wait(10);
      io_->Receive(burst_);
    }
    ASSERT_EQ(burst_.count, 1u);
    EXPECT_TRUE(burst_.over_tcp);
    char text[INET6_ADDRSTRLEN];
    EXPECT_STREQ(inet_ntop(AF_INET6, burst_.clients->ClientOf(burst_.messages[0]).data(), text, sizeof text), address);
    AnswerByRule(burst_, *stats_);
    io_->Send(burst_);
    EXPECT_EQ(TakeAnswer(*client), AnswerTo(20, 'a'));
  }
  EXPECT_EQ(tcp_->accepted.value(), 2u);
  EXPECT_EQ(stats_->bytes_received.value(), 6u);
  EXPECT_EQ(stats_->bytes_answered.value(), 40u);
}

TEST_F(TcpIoTest, QuestionsOfOneSegmentAreAnsweredInTheirOrderInBursts) {
  Open();
  const auto client = Connect();
  std::string questions;
  std::string answers;
  for (size_t i = 0; i < 400; ++i) {
    questions += Framed(Wanting(3 + i % 50, static_cast<char>(i)));
    answers += Framed(AnswerTo(3 + i % 50, static_cast<char>(i)));
  }
  client->Send(questions);
  EXPECT_EQ(Take(*client, answers.size()), answers);
  EXPECT_EQ(stats_->received.value(), 400u);
  EXPECT_EQ(stats_->answered.value(), 400u);
  EXPECT_LE(stats_->bursts.value(), 200u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(TcpIoTest, ABurstHasQuestionsOfManyConnectionsAndAShareOfEach) {
  Open();
  std::vector<std::unique_ptr<TcpClient>> clients;
  for (size_t i = 0; i < 5; ++i) clients.push_back(Connect());
  ASSERT_TRUE(Until([&] { return open() == 5; }));
  for (const auto& client : clients) {
    std::string questions;
    for (size_t n = 0; n < 100; ++n) questions += Framed(Wanting(5, static_cast<char>(n)));
    client->Send(questions);
  }
  io_->Receive(burst_);
  EXPECT_EQ(burst_.count, kBurst);  // four of them have TcpIo::kTurn each
  AnswerByRule(burst_, *stats_);
  io_->Send(burst_);
  io_->Receive(burst_);
  EXPECT_EQ(burst_.count, kBurst);  // among them the fifth
  AnswerByRule(burst_, *stats_);
  io_->Send(burst_);
  clients[4]->Receive();
  EXPECT_EQ(clients[4]->got.size(), TcpIo::kTurn * 7);
  for (const auto& client : clients) {
    for (size_t n = 0; n < 100; ++n) ASSERT_EQ(TakeAnswer(*client), AnswerTo(5, static_cast<char>(n)));
  }
}

TEST_F(TcpIoTest, QuestionsMayComeByteByByte) {
  Open();
  const auto client = Connect();
  for (int round = 0; round < 3; ++round) {
    for (const char byte : Framed(Wanting(300, 'x'))) {
      EXPECT_EQ(client->got, "");
      client->Send({byte});
      Turn();
      Turn();
      client->Receive();
    }
    EXPECT_EQ(TakeAnswer(*client), AnswerTo(300, 'x'));
  }
}

TEST_F(TcpIoTest, AnswersMayHave65535Bytes) {
  Open();
  const auto client = Connect();
  for (const size_t size : {1u, 12u, 1232u, 1233u, 16384u, 65534u, 65535u}) {
    client->Send(Framed(Wanting(size, 'z')));
    EXPECT_EQ(TakeAnswer(*client), AnswerTo(size, 'z')) << size;
  }
}

// Random questions in random pieces from some clients at once, against what each must get.
TEST_F(TcpIoTest, EveryClientGetsItsAnswersInOrderHoweverQuestionsAreCut) {
  Open();
  std::mt19937 random(7766);
  struct Asking {
    std::unique_ptr<TcpClient> client;
    std::string to_send;
    std::string expected;
  };
  std::vector<Asking> all(8);
  for (Asking& asking : all) {
    asking.client = Connect();
    for (int n = 0; n < 300; ++n) {
      const size_t size = random() % 20 == 0 ? 1 + random() % 65535 : 1 + random() % 600;
      const char tag = static_cast<char>(random());
      // What stands behind the tag means nothing.
      asking.to_send += Framed(Wanting(size, tag) + std::string(random() % 3 == 0 ? random() % 4000 : 0, 'r'));
      asking.expected += Framed(AnswerTo(size, tag));
    }
  }
  const auto is_done = [](Asking& a) { return a.client->got.size() == a.expected.size(); };
  ASSERT_TRUE(Until([&] {
    for (Asking& a : all) {
      const size_t piece = std::min<size_t>(a.to_send.size(), random() % 4 == 0 ? random() % 9000 : random() % 40);
      if (piece > 0) a.client->Send(a.to_send.substr(0, piece));
      a.to_send.erase(0, piece);
      if (random() % 3 == 0) a.client->Receive();
    }
    return std::all_of(all.begin(), all.end(), is_done);
  }));
  for (const Asking& a : all) EXPECT_TRUE(a.client->got == a.expected);
  EXPECT_EQ(stats_->answered.value(), 8 * 300u);
  EXPECT_EQ(open(), 8u);
}

TEST_F(TcpIoTest, WhatWasAskedBeforeTheClientShutItsSideDownIsAnswered) {
  Open();
  for (const std::string& behind : {std::string(), std::string("\0", 1), Framed("abcd").substr(0, 4)}) {
    const auto client = Connect();
    std::string expected;
    for (size_t n = 0; n < 40; ++n) {
      client->Send(Framed(Wanting(4000, static_cast<char>(n))));
      expected += Framed(AnswerTo(4000, static_cast<char>(n)));
    }
    client->Send(behind);
    client->ShutDown();
    ASSERT_TRUE(Ends(*client));
    EXPECT_TRUE(client->got == expected);
    EXPECT_FALSE(client->was_reset());
  }
  EXPECT_EQ(closed(TcpClose::kClient), 3u);
  EXPECT_EQ(open(), 0u);
}

TEST_F(TcpIoTest, AClientThatAsksNothingAndGoesIsForgotten) {
  Open();
  { const auto client = Connect(); }
  ASSERT_TRUE(Until([&] { return closed(TcpClose::kClient) == 1; }));
  EXPECT_EQ(stats_->received.value(), 0u);
}

TEST_F(TcpIoTest, LengthsThatNoQuestionHasEndTheConnectionAfterTheAnswersBefore) {
  for (const auto& [bad, reason] : std::vector<std::pair<std::string, TcpClose>>{
           {Framed(""), TcpClose::kEmpty},
           {Framed("") + Framed(Wanting(5, 'n')), TcpClose::kEmpty},
           {Framed(std::string(TcpInput::kMaxMessage + 1, 'x')), TcpClose::kTooLong},
           {"\xff\xff", TcpClose::kTooLong},
           {"GET / HTTP/1.1\r\n\r\n", TcpClose::kTooLong},
       }) {
    Open();
    const auto client = Connect();
    client->Send(Framed(Wanting(100, 'a')) + Framed(Wanting(200, 'b')) + bad);
    EXPECT_EQ(TakeAnswer(*client), AnswerTo(100, 'a'));
    EXPECT_EQ(TakeAnswer(*client), AnswerTo(200, 'b'));
    ASSERT_TRUE(Ends(*client));
    EXPECT_EQ(client->got, "");
    EXPECT_EQ(closed(reason), 1u);
    EXPECT_EQ(open(), 0u);
    EXPECT_EQ(stats_->received.value(), 2u);
  }
}

TEST_F(TcpIoTest, TheLongestQuestionIsTaken) {
  Open();
  const auto client = Connect();
  std::string question = Wanting(9, 'q');
  question.resize(TcpInput::kMaxMessage, 'x');
  for (int n = 0; n < 5; ++n) client->Send(Framed(question));
  for (int n = 0; n < 5; ++n) EXPECT_EQ(TakeAnswer(*client), AnswerTo(9, 'q'));
}

// What a responder gives no answer to is no question, and a client that waits for one would wait for ever.
TEST_F(TcpIoTest, AQuestionWithoutAnAnswerEndsTheConnection) {
  Open();
  const auto client = Connect();
  client->Send(Framed(Wanting(100, 'a')) + Framed("x") + Framed(Wanting(200, 'b')));
  EXPECT_EQ(TakeAnswer(*client), AnswerTo(100, 'a'));
  EXPECT_EQ(TakeAnswer(*client), AnswerTo(200, 'b'));
  ASSERT_TRUE(Ends(*client));
  EXPECT_EQ(closed(TcpClose::kUnanswered), 1u);
  EXPECT_EQ(dropped(DropReason::kShortDns), 1u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(TcpIoTest, AResetHurtsNobodyElse) {
  Open();
  const auto stays = Connect();
  for (int round = 0; round < 10; ++round) {
    const auto idle = Connect();
    const auto asking = Connect("", 4096);
    ASSERT_TRUE(Until([&] { return open() == 3; }));
    for (int n = 0; n < 200; ++n) asking->Send(Framed(Wanting(60000, 'x')));
    for (int n = 0; n < 3; ++n) Turn();
    idle->Reset();
    asking->Reset();
    stays->Send(Framed(Wanting(30, 's')));
    EXPECT_EQ(TakeAnswer(*stays), AnswerTo(30, 's'));
    ASSERT_TRUE(Until([&] { return open() == 1; }));
  }
  EXPECT_EQ(closed(TcpClose::kReset), 20u);
  EXPECT_TRUE(test::AddsUp(*stats_));
}

TEST_F(TcpIoTest, WaitEndsWhenSomethingComes) {
  Open();
  const auto client = Connect();
  EXPECT_TRUE(io_->can_wait());
  io_->Wait(60'000);
  Turn();
  client->Send(Framed(Wanting(3, 'w')));
  io_->Wait(60'000);
  EXPECT_EQ(TakeAnswer(*client), AnswerTo(3, 'w'));
}

TEST_F(TcpIoTest, OpenSaysWhichAddressFailedAndWhy) {
  Open();
  const auto fails = [&](const SocketConfig& config) {
    const auto second = TcpIo::Open({.listen = {config}}, stats_.get(), tcp_.get());
    return second ? "nothing fails" : second.error().message;
  };
  EXPECT_EQ(fails({.address = "127.0.0.1", .port = io_->ports()[0]}),
            "127.0.0.1:" + std::to_string(io_->ports()[0]) + ": cannot bind TCP: Address already in use");
  EXPECT_EQ(fails({.address = "192.0.2.1", .port = 5300}),
            "192.0.2.1:5300: cannot bind TCP: Cannot assign requested address");
  EXPECT_EQ(fails({.address = "nowhere", .port = 5300}), "nowhere:5300: Name or service not known");
}

TEST_F(TcpIoTest, AnAddressCanBeServedAgainAtOnceWhenItsServerIsGone) {
  Open();
  const uint16_t port = io_->ports()[0];
  const auto client = Connect();
  client->Send(Framed(Wanting(3, 'w')));
  EXPECT_EQ(TakeAnswer(*client), AnswerTo(3, 'w'));
  // The server closes first: its side of the connection stays behind in TIME_WAIT.
  Open({.listen = {{.address = "127.0.0.1", .port = port}}});
  ASSERT_TRUE(Ends(*client));
  const auto again = Connect();
  again->Send(Framed(Wanting(4, 'w')));
  EXPECT_EQ(TakeAnswer(*again), AnswerTo(4, 'w'));
}

TEST_F(TcpIoTest, TakesOverASocketThatListens) {
  const auto listener = ListenTcp({.address = "127.0.0.1", .port = 0});
  ASSERT_TRUE(listener) << listener.error().message;
  Open({.listen = {{.address = "127.0.0.1", .port = listener->port, .fd = listener->fd}}});
  EXPECT_EQ(io_->ports()[0], listener->port);
  const auto client = Connect();
  client->Send(Framed(Wanting(7, 't')));
  EXPECT_EQ(TakeAnswer(*client), AnswerTo(7, 't'));
}

}  // namespace
}  // namespace rblitz::io
