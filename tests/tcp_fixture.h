// A TcpIo on a loopback port, clients of it, and answers by a rule: a question is two bytes that say how long its
// answer shall be, and a tag; the answer is that many bytes that follow from the tag. 0 asks for no answer.
//
// Thread-safety: one thread: whoever waits for something turns the server's loop meanwhile, for kPatience at most.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/io/tcp_input.h"
#include "dataplane/io/tcp_io.h"
#include "tests/echo.h"
#include "tests/numeric_address.h"

namespace rblitz::io {

constexpr auto kPatience = std::chrono::seconds(100);

inline std::string Framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} + message;
}

inline std::string Wanting(size_t answer_size, char tag) {
  return {static_cast<char>(answer_size >> 8), static_cast<char>(answer_size), tag};
}

inline std::string AnswerTo(size_t answer_size, char tag) {
  std::string answer(answer_size, '\0');
  for (size_t i = 0; i < answer_size; ++i) answer[i] = static_cast<char>(static_cast<size_t>(tag) + i);
  return answer;
}

inline void AnswerByRule(Burst& burst, WorkerStats& stats) {
  for (Message& message : std::span(burst.messages, burst.count)) {
    const size_t size = message.size < 3 ? 0 : size_t{message.payload[0]} << 8 | message.payload[1];
    const std::string answer = AnswerTo(size, static_cast<char>(message.size < 3 ? 0 : message.payload[2]));
    if (size == 0) stats.Drop(DropReason::kShortDns);
    ASSERT_LE(size, message.capacity);
    std::copy(answer.begin(), answer.end(), message.payload);
    message.size = static_cast<uint16_t>(size);
  }
}

class TcpClient {
 public:
  TcpClient(const std::string& server, uint16_t port, const std::string& from = "", int receive_buffer = 0) {
    socklen_t size;
    const sockaddr_storage address = NumericAddress(server.c_str(), port, &size);
    fd_ = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer != 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (!from.empty()) {
      const sockaddr_storage own = NumericAddress(from.c_str(), 0, &size);
      EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&own), size), 0) << from;
    }
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  ~TcpClient() { close(fd_); }
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  void Send(const std::string& bytes) {
    ASSERT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void ShutDown() { ASSERT_EQ(shutdown(fd_, SHUT_WR), 0); }
  // The kernel tells the server by RST.
  void Reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(std::exchange(fd_, -1));
  }
  // What has come and was not taken from `got`.
  void Receive() {
    char bytes[65536];
    while (!at_end_) {
      const ssize_t n = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n <= 0) at_end_ = true;
      if (n < 0) was_reset_ = true;
      if (n > 0) got.append(bytes, static_cast<size_t>(n));
    }
  }
  // Whether the server has closed the connection.
  [[nodiscard]] bool at_end() const { return at_end_; }
  [[nodiscard]] bool was_reset() const { return was_reset_; }

  std::string got;

 private:
  int fd_ = -1;
  bool at_end_ = false;
  bool was_reset_ = false;
};

class TcpIoTest : public testing::Test {
 protected:
  void Open(TcpConfig config) {
    io_.reset();
    stats_ = std::make_unique<WorkerStats>();
    tcp_ = std::make_unique<TcpStats>();
    auto io = TcpIo::Open(config, stats_.get(), tcp_.get());
    ASSERT_TRUE(io.has_value()) << io.error().message;
    io_ = std::move(*io);
  }
  void Open() { Open({.listen = {{.address = "127.0.0.1", .port = 0}}}); }

  std::unique_ptr<TcpClient> Connect(const std::string& from = "", int receive_buffer = 0) {
    return std::make_unique<TcpClient>("127.0.0.1", io_->ports()[0], from, receive_buffer);
  }

  void Turn(int wait_ms = 1) {
    io_->Receive(burst_);
    if (burst_.count == 0) return io_->Wait(wait_ms);
    AnswerByRule(burst_, *stats_);
    io_->Send(burst_);
  }
  // Turns the loop until it is so.
  [[nodiscard]] bool Until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      Turn();
    }
    return true;
  }
  // The next so many bytes that come to the client, or what came instead.
  std::string Take(TcpClient& client, size_t size) {
    static_cast<void>(Until([&] {
      client.Receive();
      return client.got.size() >= size || client.at_end();
    }));
    std::string taken = client.got.substr(0, size);
    client.got.erase(0, taken.size());
    return taken;
  }
  std::string TakeAnswer(TcpClient& client) {
    const std::string length = Take(client, 2);
    if (length.size() < 2) return "the connection ended";
    return Take(client, static_cast<size_t>(static_cast<uint8_t>(length[0])) << 8 | static_cast<uint8_t>(length[1]));
  }
  [[nodiscard]] bool Ends(TcpClient& client) {
    return Until([&] {
      client.Receive();
      return client.at_end();
    });
  }

  uint64_t closed(TcpClose reason) const { return tcp_->closed[static_cast<size_t>(reason)].value(); }
  uint64_t dropped(DropReason reason) const { return stats_->dropped[static_cast<size_t>(reason)].value(); }
  uint64_t open() const {
    uint64_t open = tcp_->accepted.value();
    for (const Counter& counter : tcp_->closed) open -= counter.value();
    return open;
  }

  std::unique_ptr<WorkerStats> stats_;
  std::unique_ptr<TcpStats> tcp_;
  std::unique_ptr<TcpIo> io_;
  Burst burst_;
};

}  // namespace rblitz::io
