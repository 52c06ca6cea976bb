// Sockets that a service manager has bound and hands over when it starts the server (sd_listen_fds(3)).
//
// Thread-safety: TakePassedSockets on the main thread before there are others, because it changes the environment.
// Lifetime: whoever takes the sockets owns them. Errors: the message names the socket and what is wrong with it.
// Source: sd_listen_fds(3), systemd.socket(5).
#pragma once

#include <string>
#include <vector>

#include "dataplane/io/listen_address.h"
#include "tables/result.h"

namespace rblitz {

struct PassedSocket {
  io::SocketConfig socket;  // with its fd
  bool is_tcp = false;
  std::string name;  // as FileDescriptorName= says, for messages
};

// Those of LISTEN_FDS, where LISTEN_PID means this process; removes both, and LISTEN_FDNAMES, from the environment.
// Sockets that are neither UDP nor listening TCP ones of an IP address are an error.
[[nodiscard]] Result<std::vector<PassedSocket>> TakePassedSockets();

// One that listens for connections, of an IP address or a path.
struct PassedListener {
  int fd = -1;
  std::string address;  // "127.0.0.1:10023", "unix:/path"
  std::string name;
};

// The same of a server that takes connections alone. Sockets that do not listen are an error.
[[nodiscard]] Result<std::vector<PassedListener>> TakePassedListeners();

// For each of `listen` the passed socket that has it, or -1. A passed socket that is none of `listen` is an error.
[[nodiscard]] Result<std::vector<int>> ChooseListeners(const std::vector<std::string>& listen,
                                                       const std::vector<PassedListener>& passed);

struct ServedSockets {
  std::vector<io::SocketConfig> udp;
  std::vector<io::SocketConfig> tcp;
};

// What is to be served: every address of `listen` over UDP and TCP, by the passed socket that has it or else a new one;
// where `listen` is empty, what was passed. A passed socket that is none of `listen` is an error.
[[nodiscard]] Result<ServedSockets> ChooseSockets(const std::vector<io::SocketConfig>& listen,
                                                  const std::vector<PassedSocket>& passed);

}  // namespace rblitz
