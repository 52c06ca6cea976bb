// Several UDP sockets that one worker serves: those of all its listen addresses.
//
// Sockets take turns, a burst each, so that a busy one leaves the others their share. One that had nothing is left
// alone until poll(2) says that something has come.
//
// Thread-safety: one SocketSet a worker; losses of its sockets may be read by any thread.
// Lifetime: owns its sockets. Errors: none. Cost: over SocketIo's, one poll(2) in kLook bursts.
#pragma once

#include <poll.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "dataplane/io/packet_io.h"
#include "dataplane/io/socket_io.h"

namespace rblitz::io {

class SocketSet : public PacketIo {
 public:
  // Bursts after which sockets that had nothing are looked at again, however busy others are.
  static constexpr size_t kLook = 8;

  // REQUIRES: there is one.
  explicit SocketSet(std::vector<std::unique_ptr<SocketIo>> sockets);

  void Receive(Burst& burst) noexcept override;
  void Send(Burst& burst) noexcept override;
  [[nodiscard]] ClientAddress ClientOf(const Message& message) const noexcept override;
  [[nodiscard]] bool can_wait() const noexcept override { return true; }
  void Wait(int milliseconds) noexcept override;

  [[nodiscard]] const std::vector<std::unique_ptr<SocketIo>>& sockets() const noexcept { return sockets_; }

 private:
  std::vector<std::unique_ptr<SocketIo>> sockets_;
  std::vector<pollfd> polled_;  // of the socket at the same index; revents not 0: it may have something
  size_t current_ = 0;          // whose burst was received last
  size_t bursts_ = 0;           // since poll was asked
};

}  // namespace rblitz::io
