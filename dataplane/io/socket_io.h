// DNS over a UDP socket of the kernel, in bursts: recvmmsg and sendmmsg. The embedded default, and what `listen` names.
//
// A socket bound to a wildcard address answers from the address that was asked. An IPv6 one takes IPv6 only, so that
// both wildcards can be served side by side; one that was taken over may take both.
//
// Thread-safety: one SocketIo a worker; Open may be called before the worker's thread exists.
// Units: bytes counted are those of DNS messages.
// Errors: Open says which address failed and why. Afterwards everything is counted: what the kernel will not send even
// after a wait of a few milliseconds is tx_full. Cost: two system calls a burst.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/io/listen_address.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/stats.h"
#include "tables/result.h"

namespace rblitz::io {

class SocketIo : public PacketIo {
 public:
  static constexpr size_t kMaxQuestion = 2048;  // longer ones are dropped as oversize
  static constexpr size_t kMaxAnswer = 1232;    // the EDNS size that is offered: fits IPv6's minimum MTU

  [[nodiscard]] static Result<std::unique_ptr<SocketIo>> Open(const SocketConfig& config, WorkerStats* stats);
  ~SocketIo() override;

  void Receive(Burst& burst) noexcept override;
  void Send(Burst& burst) noexcept override;
  [[nodiscard]] ClientAddress ClientOf(const Message& message) const noexcept override;
  [[nodiscard]] bool can_wait() const noexcept override { return true; }
  void Wait(int milliseconds) noexcept override;

  // Datagrams that the kernel dropped because the receive buffer was full: the socket's own count, which SO_RXQ_OVFL
  // tells too, but only with the next datagram that arrives. Any thread.
  [[nodiscard]] uint64_t losses() const noexcept;
  [[nodiscard]] int fd() const noexcept;         // to wait for
  [[nodiscard]] uint16_t port() const noexcept;  // the bound one, when 0 was asked for

 private:
  struct Rep;
  explicit SocketIo(std::unique_ptr<Rep> rep) noexcept;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz::io
