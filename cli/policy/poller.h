// epoll(7): descriptors with a tag each, and which of them are ready. An event loop watches it as one descriptor.
//
// Thread-safety: one thread. Lifetime: who closes a descriptor need not take it out. Errors: Create's alone; a
// descriptor that cannot be added is closed by its owner, who is told.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>

#include "loaders/unique_fd.h"
#include "tables/result.h"

namespace rblitz::policy {

// What a ready descriptor is: its owner knows the number.
enum class Kind : uint8_t { kListener, kClient, kServerUdp, kServerTcp };

class Poller {
 public:
  struct Ready {
    Kind kind;
    uint32_t number;
    uint32_t events;
  };
  static constexpr size_t kBurst = 256;

  [[nodiscard]] static Result<Poller> Create() {
    UniqueFd fd(epoll_create1(EPOLL_CLOEXEC));
    if (!fd) return Fail(std::string("epoll_create1: ") + std::strerror(errno));
    return Poller(std::move(fd));
  }

  [[nodiscard]] bool Add(int fd, uint32_t events, Kind kind, uint32_t number) const {
    return Control(EPOLL_CTL_ADD, fd, events, kind, number);
  }
  void Change(int fd, uint32_t events, Kind kind, uint32_t number) const {
    Control(EPOLL_CTL_MOD, fd, events, kind, number);
  }

  // At most kBurst of what is ready now; `body` may close and add descriptors. Returns how many there were.
  template <class Body>
  size_t Take(const Body& body) const {
    std::array<epoll_event, kBurst> events;
    const int count = epoll_wait(fd_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
      const epoll_event& one = events[static_cast<size_t>(i)];
      body(Ready{static_cast<Kind>(one.data.u64 >> 32), static_cast<uint32_t>(one.data.u64), one.events});
    }
    return count < 0 ? 0 : static_cast<size_t>(count);
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Poller(UniqueFd fd) : fd_(std::move(fd)) {}

  bool Control(int what, int fd, uint32_t events, Kind kind, uint32_t number) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = uint64_t{static_cast<uint8_t>(kind)} << 32 | number;
    return epoll_ctl(fd_.get(), what, fd, &event) == 0;
  }

  UniqueFd fd_;
};

}  // namespace rblitz::policy
