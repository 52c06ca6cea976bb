#include "cli/unix_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>

#include "cli/control_client.h"

namespace rblitz {

namespace {

// Removes what an earlier server left behind; never the socket of one that runs.
Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) return Fail(path + ": is there already and is no socket");
  UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // EAGAIN: somebody listens whose queue is full.
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 || errno == EAGAIN) {
    return Fail(path + ": another server listens there");
  }
  if (errno != ECONNREFUSED) return FailErrno(path, "connect");
  if (unlink(path.c_str()) != 0) return FailErrno(path, "unlink");
  return {};
}

}  // namespace

Result<UniqueFd> ListenUnix(const std::string& path, mode_t mode, int backlog) {
  const auto address = ControlAddress(path);
  if (!address) return tl::unexpected<Error>(address.error());
  if (auto removed = RemoveStale(path, *address); !removed) return tl::unexpected<Error>(removed.error());
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return FailErrno(path, "socket");
  // Before bind, which makes the file with the mode of the socket: there is no moment at which others may connect.
  if (fchmod(listener.get(), mode) != 0) return FailErrno(path, "chmod");
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    return FailErrno(path, "bind");
  }
  if (listen(listener.get(), backlog) != 0) return FailErrno(path, "listen");
  return listener;
}

}  // namespace rblitz
