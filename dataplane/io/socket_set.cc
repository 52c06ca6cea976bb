#include "dataplane/io/socket_set.h"

#include <cassert>
#include <utility>

namespace rblitz::io {

SocketSet::SocketSet(std::vector<std::unique_ptr<SocketIo>> sockets) : sockets_(std::move(sockets)) {
  assert(!sockets_.empty());
  for (const auto& socket : sockets_) polled_.push_back({.fd = socket->fd(), .events = POLLIN, .revents = POLLIN});
}

void SocketSet::Receive(Burst& burst) noexcept {
  if (++bursts_ > kLook && sockets_.size() > 1) Wait(0);
  for (size_t tried = 0; tried < sockets_.size(); ++tried) {
    current_ = current_ + 1 < sockets_.size() ? current_ + 1 : 0;
    if (polled_[current_].revents == 0) continue;
    sockets_[current_]->Receive(burst);
    if (burst.count > 0) return;
    polled_[current_].revents = 0;
  }
  burst.count = 0;
}

void SocketSet::Send(Burst& burst) noexcept { sockets_[current_]->Send(burst); }

ClientAddress SocketSet::ClientOf(const Message& message) const noexcept {
  return sockets_[current_]->ClientOf(message);
}

void SocketSet::Wait(int milliseconds) noexcept {
  bursts_ = 0;
  // What a call that was interrupted leaves in revents is as it was.
  poll(polled_.data(), polled_.size(), milliseconds);
}

}  // namespace rblitz::io
