#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "cli/policy/clients.h"

namespace rblitz::policy {
namespace {

using namespace std::chrono_literals;

// Clients whose time, poller and requests are the test's, at an abstract socket.
class PolicyClients : public testing::Test {
 protected:
  void Make(ClientLimits limits) {
    std::vector<UniqueFd> listeners;
    listeners.emplace_back(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(listeners[0].get(), reinterpret_cast<const sockaddr*>(&address_), sizeof(sa_family_t)), 0);
    ASSERT_EQ(listen(listeners[0].get(), SOMAXCONN), 0);
    socklen_t size = sizeof address_;
    ASSERT_EQ(getsockname(listeners[0].get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
    size_ = size;
    clients_ = std::make_unique<Clients>(std::move(listeners), limits, &poller_, &counters_,
                                         [this](Ticket ticket, const Request&) { tickets_.push_back(ticket); });
    ASSERT_TRUE(clients_->Listen());
  }

  UniqueFd Connect() {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), size_), 0) << std::strerror(errno);
    return fd;
  }
  static void Send(const UniqueFd& fd, size_t requests) {
    std::string text;
    while (requests-- > 0) text += "request=smtpd_access_policy\n\n";
    EXPECT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // How many answers; -1: the connection has ended, and none is left.
  static int Answers(const UniqueFd& fd) {
    std::array<char, 65536> bytes;
    const ssize_t size = recv(fd.get(), bytes.data(), bytes.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN)) return -1;
    return static_cast<int>(std::max<ssize_t>(size, 0) / static_cast<ssize_t>(std::strlen("action=OK\n\n")));
  }

  void Round() {
    now_ += 10ms;
    for (const Poller::Ready& one : poller_.Wait(0ms)) clients_->OnReady(one, now_);
    clients_->Flush(now_);
  }
  void ReplyToAll() {
    for (const Ticket& ticket : std::exchange(tickets_, {})) clients_->Reply(ticket, "OK");
    clients_->Flush(now_);
  }

  sockaddr_un address_{.sun_family = AF_UNIX, .sun_path = {}};
  socklen_t size_ = 0;
  Poller poller_ = Poller::Create().value();
  Counters counters_;
  std::vector<Ticket> tickets_;
  Clients::Clock::time_point now_{1h};
  std::unique_ptr<Clients> clients_;
};

TEST_F(PolicyClients, AListenerThatCannotBeWatchedIsAnError) {
  std::vector<UniqueFd> listeners;
  listeners.emplace_back(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));  // epoll takes no files
  Clients clients(std::move(listeners), {}, &poller_, &counters_, [](Ticket, const Request&) {});
  const Status listens = clients.Listen();
  ASSERT_FALSE(listens);
  EXPECT_EQ(listens.error().message.find("listen: epoll_ctl: "), 0u) << listens.error().message;
}

TEST_F(PolicyClients, WhatHasComeIsAnsweredAtTheEnd) {
  Make({});
  const UniqueFd paused = Connect();
  const UniqueFd idle = Connect();
  const UniqueFd half = Connect();
  Round();
  Send(paused, 3 * Clients::kMaxWaiting);
  Round();
  EXPECT_EQ(tickets_.size(), Clients::kMaxWaiting);
  Send(paused, 5);  // in the socket: nothing is read while it is paused
  Send(half, 1);    // not seen before the end
  EXPECT_EQ(send(half.get(), "a", 1, 0), 1);
  const UniqueFd late = Connect();  // in the queue of the listener
  Send(late, 2);
  clients_->Drain(now_);
  clients_->Flush(now_);
  EXPECT_EQ(Answers(idle), -1);
  int answers = 0;
  for (int round = 0; round < 10 && clients_->is_answering(); ++round) {
    ReplyToAll();
    answers += std::max(Answers(paused), 0);
  }
  EXPECT_FALSE(clients_->is_answering());
  EXPECT_EQ(answers, static_cast<int>(3 * Clients::kMaxWaiting + 5));
  EXPECT_EQ(Answers(paused), -1);
  EXPECT_EQ(Answers(half), 1);
  EXPECT_EQ(Answers(half), -1);
  EXPECT_EQ(Answers(late), 2);
  EXPECT_EQ(Answers(late), -1);
  EXPECT_EQ(clients_->count(), 0u);
}

TEST_F(PolicyClients, AtTheEndNewOnesTakeNoPlaceOfWhoHasAsked) {
  Make({.most = 1});
  const UniqueFd asking = Connect();
  Round();
  Send(asking, 1);
  const UniqueFd late = Connect();
  clients_->Drain(now_);
  ReplyToAll();
  EXPECT_EQ(Answers(asking), 1);
  EXPECT_EQ(Answers(asking), -1);
  EXPECT_EQ(Answers(late), -1);
}

// Exim's readsocket, and a client that pauses: its end is seen behind what it has sent.
TEST_F(PolicyClients, AClientThatEndsItsSideHasAllItsAnswers) {
  Make({});
  const UniqueFd client = Connect();
  Round();
  Send(client, Clients::kMaxWaiting + 7);
  EXPECT_EQ(send(client.get(), "request=", 8, 0), 8);
  shutdown(client.get(), SHUT_WR);
  int answers = 0;
  for (int round = 0; round < 5; ++round) {
    Round();
    ReplyToAll();
    answers += std::max(Answers(client), 0);
  }
  EXPECT_EQ(answers, static_cast<int>(Clients::kMaxWaiting + 7));
  EXPECT_EQ(Answers(client), -1);
}

// The poller tells of it once.
TEST_F(PolicyClients, MoreThanOneReadIsTakenInOneRound) {
  Make({});
  const UniqueFd client = Connect();
  Round();
  const std::string request = "request=smtpd_access_policy\nsender=" + std::string(15000, 'x') + "\n\n";
  std::string text;
  while (text.size() < 150000) text += request;
  const size_t requests = text.size() / request.size();
  ASSERT_EQ(send(client.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  Round();
  EXPECT_EQ(tickets_.size(), requests);
  shutdown(client.get(), SHUT_WR);
  ReplyToAll();
  EXPECT_EQ(Answers(client), static_cast<int>(requests));
  Round();
  EXPECT_EQ(Answers(client), -1);
}

// Bytes that nobody has read would make the kernel reset the connection.
TEST_F(PolicyClients, AnAnswerBeforeTheEndIsNotResetByWhatComesBehindIt) {
  Make({.most = 10, .idle = 600s, .closes = true});
  const UniqueFd client = Connect();
  Round();
  Send(client, 1);
  Round();
  Send(client, 3);  // not read any more
  ReplyToAll();
  EXPECT_EQ(Answers(client), 1);
  char byte = 0;
  EXPECT_EQ(recv(client.get(), &byte, 1, 0), 0) << std::strerror(errno);
}

TEST_F(PolicyClients, WhoWaitsForAnAnswerIsNotEvicted) {
  Make({.most = 3});
  std::vector<UniqueFd> connections;
  for (int i = 0; i < 3; ++i) {
    connections.push_back(Connect());
    Round();
  }
  Send(connections[0], 1);
  Round();
  Send(connections[2], 1);
  Round();
  ReplyToAll();  // [1] has been idle longest, then [0], then [2]
  Send(connections[0], 1);
  Round();
  connections.push_back(Connect());
  Round();
  EXPECT_EQ(Answers(connections[1]), -1);
  connections.push_back(Connect());
  Round();
  EXPECT_EQ(Answers(connections[2]), 1);
  EXPECT_EQ(Answers(connections[2]), -1);
  EXPECT_EQ(counters_.evicted, 2u);
  for (const size_t i : {3u, 4u}) Send(connections[i], 1);
  Round();
  connections.push_back(Connect());  // all wait
  Round();
  EXPECT_EQ(Answers(connections[5]), -1);
  EXPECT_EQ(counters_.refused, 1u);
  ReplyToAll();
  for (const size_t i : {3u, 4u}) EXPECT_EQ(Answers(connections[i]), 1);
}

// Eight servers may have half a minute each.
TEST_F(PolicyClients, AnAnswerThatComesAfterMinutesIsSent) {
  Make({});
  const UniqueFd client = Connect();
  Round();
  Send(client, 1);
  Round();
  now_ += 4min;
  clients_->Sweep(now_);
  ASSERT_EQ(tickets_.size(), 1u);
  clients_->Reply(tickets_[0], "OK");
  clients_->Sweep(now_);  // the second is over in the round of the answer
  clients_->Flush(now_);
  EXPECT_EQ(Answers(client), 1);
  EXPECT_EQ(counters_.timed_out, 0u);
}

TEST_F(PolicyClients, AnEventOfTheLastOwnerIsNotItsSuccessors) {
  Make({.most = 1});
  const UniqueFd first = Connect();
  Round();
  shutdown(first.get(), SHUT_RDWR);
  std::vector<Poller::Ready> stale;
  for (const Poller::Ready& one : poller_.Wait(1s)) stale.push_back(one);
  ASSERT_EQ(stale.size(), 1u);
  ASSERT_NE(stale[0].events & EPOLLHUP, 0u);
  const UniqueFd second = Connect();
  clients_->OnReady({.kind = Kind::kListener, .number = 0, .life = 0, .events = EPOLLIN}, now_);
  ASSERT_EQ(counters_.evicted, 1u);
  stale[0].events = EPOLLHUP;
  clients_->OnReady(stale[0], now_);
  Send(second, 1);
  Round();
  ReplyToAll();
  EXPECT_EQ(Answers(second), 1);
}

}  // namespace
}  // namespace rblitz::policy
