#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "cli/policy/servers.h"
#include "dataplane/dns/name.h"
#include "tests/policy_answers.h"

namespace rblitz::policy {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimeout = 600ms;

// A server of the test's, over TCP alone, that takes connections and reads when it is told to.
class PolicyServers : public testing::Test {
 protected:
  void SetUp() override {
    listener_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    // Of its connections: so that little is taken which nobody reads.
    ASSERT_TRUE(io::SetOption(listener_.get(), SOL_SOCKET, SO_RCVBUF, 4096));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    ASSERT_EQ(listen(listener_.get(), 16), 0);
    ASSERT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    Ask(address);
  }
  void Ask(const sockaddr_in& address) {
    io::SocketAddress server;
    std::memcpy(&server.storage, &address, sizeof address);
    server.size = sizeof address;
    servers_ = std::make_unique<ServerSockets>(
        std::vector{server}, kTimeout, &poller_,
        [this](size_t, std::span<const uint8_t> message) {
          messages_.emplace_back(message.begin(), message.end());
          if (on_message_) on_message_();
        },
        [this](size_t, bool over_tcp) { refusals_ += over_tcp ? 1 : 0; });
  }

  static Question QuestionFor(size_t number) { return QuestionOf(std::to_string(number) + ".grey.test"); }

  // One step of the service's loop.
  void Round() {
    for (const Poller::Ready& one : poller_.Wait(5ms)) servers_->OnReady(one);
    servers_->Flush();
  }
  template <class Is>
  void RoundsUntil(Is is) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!is()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      Round();
    }
  }
  [[nodiscard]] UniqueFd Accepted() {
    UniqueFd fd;
    RoundsUntil([&] {
      fd = UniqueFd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      return static_cast<bool>(fd);
    });
    return fd;
  }
  // 16 MB: more than the kernel takes for who does not read, so that questions wait for the connection.
  void Fill() {
    const std::string label = std::string(60, 'a') + ".";
    const Question question = QuestionOf(label + label + label + "grey.test");
    for (int round = 0; round < 16; ++round) {
      for (int n = 0; n < 5000; ++n) servers_->SendTcp(0, question);
      Round();
    }
  }
  void ExpectFirst(const UniqueFd& connection, const Question& question) {
    std::string came;
    RoundsUntil([&] {
      std::array<char, 512> bytes;
      const ssize_t size = recv(connection.get(), bytes.data(), bytes.size(), 0);
      if (size > 0) came.append(bytes.data(), static_cast<size_t>(size));
      return came.size() >= question.size + size_t{2};
    });
    const auto message = question.message();
    EXPECT_EQ(came.substr(2, question.size), std::string(message.begin(), message.end()));
  }

  UniqueFd listener_;
  Poller poller_ = Poller::Create().value();
  std::vector<Bytes> messages_;
  std::function<void()> on_message_;
  int refusals_ = 0;
  std::unique_ptr<ServerSockets> servers_;
};

// The kernel gives the connection up (TCP_USER_TIMEOUT), and whoever asked over it goes on.
TEST_F(PolicyServers, AServerThatNeverReadsIsGivenUpInItsTime) {
  servers_->SendTcp(0, QuestionFor(1));
  const UniqueFd first = Accepted();
  Fill();
  const auto begin = std::chrono::steady_clock::now();
  RoundsUntil([&] { return refusals_ == 1; });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20 * kTimeout);  // without that: minutes
  servers_->SendTcp(0, QuestionFor(2));
  const UniqueFd second = Accepted();
  ExpectFirst(second, QuestionFor(2));
}

// Where the kernel has not said so yet: what waited is of questions that have gone on.
TEST_F(PolicyServers, AConnectionOnWhichNothingMovesIsMadeAnew) {
  servers_->SendTcp(0, QuestionFor(1));
  const UniqueFd first = Accepted();
  Fill();
  std::this_thread::sleep_for(kTimeout + 50ms);
  servers_->SendTcp(0, QuestionFor(2));
  const UniqueFd second = Accepted();
  ExpectFirst(second, QuestionFor(2));
}

TEST_F(PolicyServers, AServerThatGoesAwayRefusesAndIsFoundAgain) {
  servers_->SendTcp(0, QuestionFor(1));
  {
    const UniqueFd first = Accepted();
    ExpectFirst(first, QuestionFor(1));
  }
  RoundsUntil([&] { return refusals_ == 1; });
  servers_->SendTcp(0, QuestionFor(2));
  const UniqueFd second = Accepted();
  ExpectFirst(second, QuestionFor(2));
}

// What this machine itself does not let out must not wait: it can go another way.
TEST_F(PolicyServers, AConnectionThatCannotBeBegunIsRefused) {
  sockaddr_in broadcast{};
  broadcast.sin_family = AF_INET;
  broadcast.sin_addr.s_addr = htonl(INADDR_BROADCAST);
  broadcast.sin_port = htons(53);
  Ask(broadcast);
  servers_->SendTcp(0, QuestionFor(1));
  servers_->SendTcp(0, QuestionFor(2));
  EXPECT_EQ(refusals_, 0u);
  servers_->Flush();
  EXPECT_EQ(refusals_, 1u);
  servers_->SendTcp(0, QuestionFor(3));
  servers_->Flush();
  EXPECT_EQ(refusals_, 2u);
}

// Half an answer of the old connection is no beginning of the new one's.
TEST_F(PolicyServers, WhoAsksWhileItIsToldMayGetANewConnection) {
  servers_->SendTcp(0, QuestionFor(1));
  const UniqueFd first = Accepted();
  Fill();
  std::this_thread::sleep_for(kTimeout + 50ms);
  on_message_ = [this] {
    on_message_ = nullptr;
    servers_->SendTcp(0, QuestionFor(2));
  };
  const Bytes answer = CodeAnswer(QuestionFor(1), 4);
  std::string bytes = {'\0', static_cast<char>(answer.size())};
  bytes.append(answer.begin(), answer.end());
  ASSERT_EQ(send(first.get(), (bytes + bytes.substr(0, 9)).data(), bytes.size() + 9, MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size() + 9));
  servers_->OnReady({.kind = Kind::kServerTcp, .number = 0, .life = 0, .events = EPOLLIN});
  ASSERT_EQ(messages_.size(), 1u);
  const UniqueFd second = Accepted();
  ASSERT_EQ(send(second.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  RoundsUntil([&] { return messages_.size() == 2; });
  EXPECT_EQ(messages_.back(), answer);
}

}  // namespace
}  // namespace rblitz::policy
