// DNS over TCP: the connections of all its listening sockets, in bursts that are answered as those of UDP are.
//
// Questions of one connection are answered in their order, up to kTurn of them in a burst, so that others have their
// share of it (RFC 7766 section 6.2.1.1: pipelining). A connection that does not take its answers is not read from
// until it has taken them, and holds up nobody. One that neither asks nor takes for `idle_ms` is closed
// (section 6.2.3), and so is one that asks what gets no answer, after the answers before it. Where a client has shut
// down its side, what it asked before is answered.
//
// Thread-safety: one TcpIo a worker; Open may be called before the worker's thread exists.
// Memory: connections * (TcpInput::kMaxMessage + 200 bytes) + kBurst * 64 KiB + output_bytes, all of it taken by Open
// and touched only as far as it is used. What waits for slow clients is bounded by output_bytes in all, and by kTurn
// answers a connection; a connection for which no room is left is closed. Errors: Open says which address failed and
// why. Afterwards everything is counted. When descriptors run out, accepting pauses for kPauseMs. Cost: for a burst one
// epoll_wait, and a recv and a sendmsg for each connection in it; accept compares with all open connections. Source:
// RFC 1035 section 4.2.2, RFC 7766.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/io/listen_address.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/stats.h"
#include "tables/result.h"

namespace rblitz::io {

struct TcpConfig {
  std::vector<SocketConfig> listen;  // those with an fd are listening already
  size_t connections = 1000;         // at once; one more takes the place of the one that has been idle longest
  size_t per_source = 100;           // of them from one IPv4 address or IPv6 /64; more are closed at once
  uint32_t idle_ms = 10'000;
  size_t output_bytes = size_t{64} << 20;
};

class TcpIo : public PacketIo {
 public:
  static constexpr size_t kTurn = 16;
  static constexpr uint32_t kPauseMs = 100;

  // REQUIRES: connections and per_source are not 0.
  [[nodiscard]] static Result<std::unique_ptr<TcpIo>> Open(const TcpConfig& config, WorkerStats* stats, TcpStats* tcp);
  ~TcpIo() override;

  void Receive(Burst& burst) noexcept override;
  void Send(Burst& burst) noexcept override;
  [[nodiscard]] ClientAddress ClientOf(const Message& message) const noexcept override;
  [[nodiscard]] bool can_wait() const noexcept override { return true; }
  void Wait(int milliseconds) noexcept override;

  // Bound ones, in the order of the configuration.
  [[nodiscard]] const std::vector<uint16_t>& ports() const noexcept;

 private:
  struct Rep;
  explicit TcpIo(std::unique_ptr<Rep> rep) noexcept;
  std::unique_ptr<Rep> rep_;
};

}  // namespace rblitz::io
