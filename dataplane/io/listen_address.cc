#include "dataplane/io/listen_address.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace rblitz::io {

namespace {

// Connections that the kernel keeps until they are accepted.
constexpr int kBacklog = 1024;

Status BindTcp(int fd, const SocketAddress& address, const SocketConfig& config) {
  // Connections of a server that stopped a moment ago do not keep the address.
  if (!SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
      (address.is_ip6() && !SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))) {
    return FailErrno(config, "cannot set the TCP socket's options");
  }
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
    return FailErrno(config, "cannot bind TCP");
  }
  if (listen(fd, kBacklog) != 0) return FailErrno(config, "cannot listen on TCP");
  return {};
}

Result<uint16_t> SetUpTcp(int fd, SocketAddress address, const SocketConfig& config) {
  if (config.fd < 0) {
    if (Status bound = BindTcp(fd, address, config); !bound) return tl::unexpected(bound.error());
  }
  // What accept gives has this option, too: an answer is not kept back until the one before it was acknowledged.
  static_cast<void>(SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1));
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return FailErrno(config, "cannot make the TCP socket non-blocking");
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) {
    return FailErrno(config, "cannot read the bound port");
  }
  return address.port();
}

}  // namespace

bool SocketAddress::is_wildcard() const noexcept {
  if (!is_ip6()) return reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr == htonl(INADDR_ANY);
  return IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
}

ClientAddress SocketAddress::client() const noexcept {
  if (!is_ip6()) {
    const in_addr& ip4 = reinterpret_cast<const sockaddr_in&>(storage).sin_addr;
    return MappedClient(reinterpret_cast<const uint8_t*>(&ip4.s_addr));
  }
  ClientAddress client;
  std::memcpy(client.data(), &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, client.size());
  return client;
}

Result<SocketAddress> ResolveListen(const SocketConfig& config) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_DGRAM;  // any one: without it there would be a result for each
  addrinfo* found = nullptr;
  const int error = getaddrinfo(config.address.c_str(), std::to_string(config.port).c_str(), &hints, &found);
  if (error != 0) return Fail(ListenText(config) + ": " + gai_strerror(error));
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

Result<Listener> ListenTcp(const SocketConfig& config) {
  const Result<SocketAddress> address = ResolveListen(config);
  if (!address) return tl::unexpected(address.error());
  const int fd = config.fd >= 0 ? config.fd : socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return FailErrno(config, "cannot make a TCP socket");
  const Result<uint16_t> port = SetUpTcp(fd, *address, config);
  if (port) return Listener{fd, *port};
  close(fd);
  return tl::unexpected(port.error());
}

tl::unexpected<Error> FailErrno(const SocketConfig& config, const char* step) {
  return Fail(ListenText(config) + ": " + step + ": " + std::strerror(errno));
}

bool SetOption(int fd, int level, int name, int value) noexcept {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

std::string ListenText(const SocketConfig& config) {
  const bool is_ip6 = config.address.find(':') != std::string::npos;
  return (is_ip6 ? '[' + config.address + ']' : config.address) + ':' + std::to_string(config.port);
}

Result<SocketConfig> ParseListen(const std::string& text) {
  const auto bad = [&text](const char* what) { return Fail("bad listen address '" + text + "': " + what); };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad("want ADDRESS:PORT");
  SocketConfig config;
  config.address = text.substr(0, colon);
  if (config.address.size() >= 2 && config.address.front() == '[' && config.address.back() == ']') {
    config.address = config.address.substr(1, config.address.size() - 2);
  } else if (config.address.find(':') != std::string::npos) {
    return bad("want ADDRESS:PORT, an IPv6 address in brackets");
  }
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, config.port);
  if (error != std::errc() || rest != end) return bad("bad port");
  // getaddrinfo(3) of glibc takes * for one of the two wildcards.
  if (config.address == "*") return bad("all addresses are 0.0.0.0 or [::]");
  if (!ResolveListen(config)) return bad("not a numeric address");
  return config;
}

}  // namespace rblitz::io
