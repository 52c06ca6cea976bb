// The addresses that sockets of the kernel serve, as a configuration writes them, and what UDP and TCP sockets have in
// common.
//
// Thread-safety: pure but for the sockets that are opened. Errors: name the address and say which step failed and why.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/io/packet_io.h"
#include "tables/result.h"

namespace rblitz::io {

// How a socket has its address: for itself, or with others of this process among which the kernel spreads what comes
// (SO_REUSEPORT). The first one is bound as if it were alone, so that two servers never share an address by mistake.
enum class Sharing : uint8_t { kAlone, kFirst, kJoins };

struct SocketConfig {
  std::string address;  // numeric, IPv4 or IPv6
  uint16_t port = 53;
  int receive_buffer = 8 << 20;  // bytes asked of the kernel for UDP (SO_RCVBUFFORCE where allowed, else SO_RCVBUF)
  Sharing sharing = Sharing::kAlone;
  int fd = -1;  // one that somebody else has bound to this address: taken over, and closed with what takes it
};

// "127.0.0.1:5300", "[::1]:5300".
[[nodiscard]] Result<SocketConfig> ParseListen(const std::string& text);

// The same, back.
[[nodiscard]] std::string ListenText(const SocketConfig& config);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  [[nodiscard]] bool is_ip6() const noexcept { return storage.ss_family == AF_INET6; }
  [[nodiscard]] bool is_wildcard() const noexcept;
  // sin_port and sin6_port stand at the same place.
  [[nodiscard]] uint16_t port() const noexcept {
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
  }
  // Of a client; an IPv4 one of an IPv6 socket is mapped already.
  [[nodiscard]] ClientAddress client() const noexcept;
};

[[nodiscard]] Result<SocketAddress> ResolveListen(const SocketConfig& config);

// "ADDRESS:PORT: step: errno's text".
[[nodiscard]] tl::unexpected<Error> FailErrno(const SocketConfig& config, const char* step);

// A TCP socket that listens, not blocking; whoever gets it closes it. What it accepts sends at once (TCP_NODELAY).
struct Listener {
  int fd;
  uint16_t port;  // the bound one, when 0 was asked for
};
[[nodiscard]] Result<Listener> ListenTcp(const SocketConfig& config);

bool SetOption(int fd, int level, int name, int value) noexcept;

}  // namespace rblitz::io
