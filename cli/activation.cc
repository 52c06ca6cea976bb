#include "cli/activation.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace rblitz {

namespace {

constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START
constexpr std::string_view kUnix = "unix:";

// Of an environment variable; -1 where there is none or it is no number.
int NumberOf(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return -1;
  const std::string_view digits(text);
  int number = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : -1;
}

int OptionOf(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

// The next of LISTEN_FDNAMES, which are separated by colons.
std::string NextName(std::string_view& names) {
  const size_t colon = names.find(':');
  std::string name(names.substr(0, colon));
  names = colon == std::string_view::npos ? std::string_view() : names.substr(colon + 1);
  return name;
}

std::string Description(int fd, const std::string& name) {
  return "socket " + std::to_string(fd) + (name.empty() ? "" : " (" + name + ")") + " of the service manager";
}

Result<io::SocketConfig> BoundTo(int fd) {
  io::SocketAddress address;
  auto* const bound = reinterpret_cast<sockaddr*>(&address.storage);
  if (getsockname(fd, bound, &address.size) != 0) return Fail("is no socket");
  if (bound->sa_family != AF_INET && bound->sa_family != AF_INET6) return Fail("has no IP address");
  std::array<char, NI_MAXHOST> host{};
  if (getnameinfo(bound, address.size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return Fail("has an address that cannot be read");
  }
  return io::SocketConfig{.address = host.data(), .port = address.port(), .fd = fd};
}

Result<PassedSocket> Take(int fd) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  Result<io::SocketConfig> socket = BoundTo(fd);
  if (!socket) return tl::unexpected(socket.error());
  const int type = OptionOf(fd, SO_TYPE);
  if (type == SOCK_STREAM && OptionOf(fd, SO_ACCEPTCONN) != 1) return Fail("does not listen");
  if (type != SOCK_STREAM && type != SOCK_DGRAM) return Fail("is neither UDP nor TCP");
  return PassedSocket{.socket = *std::move(socket), .is_tcp = type == SOCK_STREAM, .name = ""};
}

Result<bool> IsSameAddress(const io::SocketConfig& a, const io::SocketConfig& b) {
  const Result<io::SocketAddress> first = io::ResolveListen(a);
  if (!first) return tl::unexpected(first.error());
  const Result<io::SocketAddress> second = io::ResolveListen(b);
  if (!second) return tl::unexpected(second.error());
  return first->client() == second->client() && first->port() == second->port();
}

// "unix:" and the path; empty: it is no socket of a path.
std::string PathOf(int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sun_family != AF_UNIX) return "";
  constexpr size_t kPath = offsetof(sockaddr_un, sun_path);
  if (size <= kPath || address.sun_path[0] == '\0') return "";
  return std::string(kUnix) + std::string(address.sun_path, strnlen(address.sun_path, size - kPath));
}

Result<PassedListener> TakeListener(int fd) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (OptionOf(fd, SO_TYPE) != SOCK_STREAM || OptionOf(fd, SO_ACCEPTCONN) != 1) return Fail("does not listen");
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) return Fail("cannot be made not to block");
  PassedListener listener{.fd = fd, .address = PathOf(fd), .name = ""};
  if (!listener.address.empty()) return listener;
  const Result<io::SocketConfig> socket = BoundTo(fd);
  if (!socket) return tl::unexpected(socket.error());
  listener.address = io::ListenText(*socket);
  return listener;
}

// Of a passed socket; an error: the configured one cannot be read.
Result<bool> Listens(const PassedListener& passed, const std::string& configured) {
  if (configured == passed.address) return true;
  if (configured.starts_with(kUnix) || passed.address.starts_with(kUnix)) return false;
  const Result<io::SocketConfig> wanted = io::ParseListen(configured);
  if (!wanted) return tl::unexpected(wanted.error());
  const Result<io::SocketConfig> bound = io::ParseListen(passed.address);
  if (!bound) return tl::unexpected(bound.error());
  return IsSameAddress(*wanted, *bound);
}

// What `take` makes of each descriptor that is passed.
template <class Socket>
Result<std::vector<Socket>> TakePassed(Result<Socket> (*take)(int fd)) {
  const int count = NumberOf("LISTEN_PID") == getpid() ? NumberOf("LISTEN_FDS") : 0;
  const char* const listed = std::getenv("LISTEN_FDNAMES");
  const std::string all_names = listed == nullptr ? "" : listed;
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(variable);
  std::string_view names = all_names;
  std::vector<Socket> passed;
  for (int fd = kFirstFd; fd < kFirstFd + count; ++fd) {
    const std::string name = NextName(names);
    Result<Socket> socket = take(fd);
    if (!socket) return Fail(Description(fd, name) + " " + socket.error().message);
    socket->name = name;
    passed.push_back(*std::move(socket));
  }
  return passed;
}

}  // namespace

Result<std::vector<PassedSocket>> TakePassedSockets() { return TakePassed(Take); }

Result<std::vector<PassedListener>> TakePassedListeners() { return TakePassed(TakeListener); }

Result<std::vector<int>> ChooseListeners(const std::vector<std::string>& listen,
                                         const std::vector<PassedListener>& passed) {
  std::vector<int> chosen(listen.size(), -1);
  for (const PassedListener& one : passed) {
    bool is_wanted = false;
    for (size_t i = 0; i < listen.size() && !is_wanted; ++i) {
      const Result<bool> is_same = Listens(one, listen[i]);
      if (!is_same) return tl::unexpected(is_same.error());
      is_wanted = *is_same && chosen[i] < 0;
      if (is_wanted) chosen[i] = one.fd;
    }
    if (!is_wanted) return Fail(Description(one.fd, one.name) + ", " + one.address + ", is none of listen");
  }
  return chosen;
}

Result<ServedSockets> ChooseSockets(const std::vector<io::SocketConfig>& listen,
                                    const std::vector<PassedSocket>& passed) {
  ServedSockets served;
  if (!listen.empty()) served = {.udp = listen, .tcp = listen};
  for (const PassedSocket& one : passed) {
    std::vector<io::SocketConfig>& sockets = one.is_tcp ? served.tcp : served.udp;
    if (listen.empty()) {
      sockets.push_back(one.socket);
      continue;
    }
    bool is_wanted = false;
    for (io::SocketConfig& socket : sockets) {
      const Result<bool> is_same = IsSameAddress(socket, one.socket);
      if (!is_same) return tl::unexpected(is_same.error());
      if (!*is_same || socket.fd >= 0) continue;
      socket.fd = one.socket.fd;
      is_wanted = true;
      break;
    }
    if (!is_wanted) {
      return Fail(Description(one.socket.fd, one.name) + ", " + (one.is_tcp ? "TCP " : "UDP ") +
                  io::ListenText(one.socket) + ", is none of server.listen");
    }
  }
  return served;
}

}  // namespace rblitz
