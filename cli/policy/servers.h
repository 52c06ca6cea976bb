// The sockets to greylist servers: several connected UDP sockets each, with ports that the kernel picks at random, and
// one TCP connection that is made when it is needed.
//
// A connected socket takes datagrams of its server's address and port alone. What is sent goes out at Flush, many
// datagrams in one call.
//
// Thread-safety: one thread. Lifetime: the poller must outlive it. Errors: none: what cannot be sent is lost, as
// datagrams are, and is asked again; a server that cannot be reached is tried again once a second.
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

  ServerSockets(std::vector<io::SocketAddress> servers, const Poller* poller, OnMessage on_message);
  ~ServerSockets() override;

  void SendUdp(size_t server, const Question& question) override;
  void SendTcp(size_t server, const Question& question) override;

  // Of a ready descriptor: its kind is kServerUdp or kServerTcp.
  void OnReady(const Poller::Ready& ready);
  void Flush();

 private:
  static constexpr size_t kSocketsEach = 4;
  struct Udp {
    UniqueFd fd;
    std::vector<Question> queue;
    std::chrono::steady_clock::time_point opened;  // or tried
  };
  struct Tcp {
    UniqueFd fd;
    std::string in;
    std::string out;
    bool is_connected = false;
  };
  struct Buffers;

  void OpenUdp(size_t number);
  void OpenTcp(size_t server);
  void FlushUdp(Udp& udp);
  void ReceiveUdp(size_t number);
  void WriteTcp(size_t server);
  void ReadTcp(size_t server);

  std::vector<io::SocketAddress> servers_;
  const Poller* poller_;
  OnMessage on_message_;
  std::vector<Udp> udp_;  // kSocketsEach of each server
  std::vector<Tcp> tcp_;
  std::unique_ptr<Buffers> buffers_;
  size_t turn_ = 0;
};

// Numbers of the kernel's generator, some hundred a call.
[[nodiscard]] std::function<uint16_t()> RandomIds();

}  // namespace rblitz::policy
