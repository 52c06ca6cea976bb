// The sockets to greylist servers: several connected UDP sockets each, with ports that the kernel picks at random, and
// one TCP connection that is made when it is needed.
//
// A connected socket takes datagrams of its server's address and port alone. What is sent goes out at Flush, many
// datagrams in one call. It also keeps the address that this machine had: a socket that cannot send is made anew, and
// so are those of a server that is down, which may be for no other reason.
//
// Thread-safety: one thread. Lifetime: the poller must outlive it. Errors: none: what cannot be sent is lost, as
// datagrams are, and is asked again; that a server refuses is told; one that cannot be reached is tried again once a
// second.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/policy/asker.h"
#include "cli/policy/poller.h"
#include "dataplane/io/listen_address.h"
#include "loaders/unique_fd.h"

namespace rblitz::policy {

class ServerSockets : public Carrier {
 public:
  using OnMessage = std::function<void(size_t server, std::span<const uint8_t> message)>;
  // Nobody is at the server's port, or the TCP connection has gone or cannot be begun. It may send.
  using OnRefused = std::function<void(size_t server, bool over_tcp)>;

  // `timeout`: of a server, after which a TCP connection on which nothing moves is given up.
  ServerSockets(std::vector<io::SocketAddress> servers, std::chrono::milliseconds timeout, const Poller* poller,
                OnMessage on_message, OnRefused on_refused);
  ~ServerSockets() override;

  void SendUdp(size_t server, const Question& question) override;
  void SendTcp(size_t server, const Question& question) override;

  // Of a ready descriptor: its kind is kServerUdp or kServerTcp.
  void OnReady(const Poller::Ready& ready);
  void Flush();
  // Makes the sockets anew that are older than `age`.
  void Renew(size_t server, std::chrono::seconds age);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kSocketsEach = 4;
  struct Udp {
    UniqueFd fd;
    std::vector<Question> queue;
    Clock::time_point opened;  // or tried
  };
  struct Tcp {
    UniqueFd fd;
    std::string in;
    std::string out;
    uint32_t events = 0;  // that the poller looks for
    bool is_connected = false;
    Clock::time_point opened;
    Clock::time_point moved;  // something of `out`, or it was empty
  };
  struct Refusal {
    bool over_udp = false;
    bool over_tcp = false;
  };
  struct Buffers;

  void OpenUdp(size_t number);
  void OpenTcp(size_t server);
  void CloseTcp(size_t server);
  [[nodiscard]] bool FlushAll();
  void FlushUdp(size_t number);
  void NoteUdpError(size_t number, int error);
  void ReceiveUdp(size_t number);
  void WriteTcp(size_t server);
  void WatchTcp(size_t server);
  void ReadTcp(size_t server);

  std::vector<io::SocketAddress> servers_;
  std::chrono::milliseconds timeout_;
  const Poller* poller_;
  OnMessage on_message_;
  OnRefused on_refused_;
  std::vector<Udp> udp_;  // kSocketsEach of each server
  std::vector<Tcp> tcp_;
  std::vector<Refusal> refusals_;  // that were not told yet, by server
  std::unique_ptr<Buffers> buffers_;
  size_t turn_ = 0;
};

// Numbers of the kernel's generator, some hundred a call.
[[nodiscard]] std::function<uint16_t()> RandomIds();

}  // namespace rblitz::policy
