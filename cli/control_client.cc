#include "cli/control_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "loaders/unique_fd.h"

namespace rblitz {

tl::unexpected<Error> FailErrno(const std::string& path, const char* what) {
  return Fail(path + ": " + what + ": " + std::strerror(errno));
}

namespace {

Status Send(const std::string& path, int fd, const std::string& line) {
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t size = send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (size < 0 && errno != EINTR) return FailErrno(path, "send");
    if (size > 0) sent += static_cast<size_t>(size);
  }
  return {};
}

// Until there is something to read.
void Wait(int fd, const WaitingFor& waiting) {
  pollfd polled{fd, POLLIN, 0};
  int seconds = 0;
  while (poll(&polled, 1, 1000) == 0) {
    if (waiting) waiting(++seconds);
  }
}

Result<std::string> Receive(const std::string& path, int fd, const WaitingFor& waiting) {
  std::string answer;
  while (!answer.ends_with('\n')) {
    Wait(fd, waiting);
    char buffer[65536];
    const ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
    if (size < 0 && errno != EINTR) return FailErrno(path, "receive");
    if (size == 0) return Fail(path + ": the server closed the connection");
    if (size > 0) answer.append(buffer, static_cast<size_t>(size));
  }
  answer.pop_back();
  return answer;
}

}  // namespace

Result<sockaddr_un> ControlAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Fail(path + ": a socket's path has 1 to " + std::to_string(sizeof(address.sun_path) - 1) + " characters");
  }
  path.copy(address.sun_path, path.size());
  return address;
}

Result<std::string> AskServer(const std::string& path, std::string_view request, const WaitingFor& waiting) {
  const auto address = ControlAddress(path);
  if (!address) return tl::unexpected<Error>(address.error());
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return FailErrno(path, "socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    return FailErrno(path, "no server answers there");
  }
  if (auto sent = Send(path, fd.get(), std::string(request) + "\n"); !sent) return tl::unexpected<Error>(sent.error());
  return Receive(path, fd.get(), waiting);
}

}  // namespace rblitz
