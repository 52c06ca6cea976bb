// epoll(7): descriptors with a tag each, and which of them are ready.
//
// A number that is given out again within a round may still meet what its last owner was ready for: the life in the
// tag tells them apart.
//
// Thread-safety: one thread. Lifetime: who closes a descriptor need not take it out. Errors: Create's alone; a
// descriptor that cannot be added is closed by its owner, who is told, with errno.
#pragma once

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "loaders/unique_fd.h"
#include "tables/result.h"

namespace rblitz::policy {

// What a ready descriptor is: its owner knows the number.
enum class Kind : uint8_t { kListener, kClient, kServerUdp, kServerTcp, kSignals };

class Poller {
 public:
  struct Ready {
    Kind kind;
    uint32_t number;
    uint32_t life;  // 24 bits of it
    uint32_t events;
  };
  static constexpr size_t kBurst = 64;
  static constexpr uint32_t kLives = 0xffffff;

  [[nodiscard]] static Result<Poller> Create() {
    UniqueFd fd(epoll_create1(EPOLL_CLOEXEC));
    if (!fd) return Fail(std::string("epoll_create1: ") + std::strerror(errno));
    return Poller(std::move(fd));
  }

  [[nodiscard]] bool Add(int fd, uint32_t events, Kind kind, uint32_t number, uint32_t life = 0) const {
    return Control(EPOLL_CTL_ADD, fd, events, kind, number, life);
  }
  void Change(int fd, uint32_t events, Kind kind, uint32_t number, uint32_t life = 0) const {
    Control(EPOLL_CTL_MOD, fd, events, kind, number, life);
  }

  // Waits until something is ready or `timeout` is over. What is returned, at most kBurst, is valid until the next
  // call.
  [[nodiscard]] std::span<const Ready> Wait(std::chrono::milliseconds timeout) {
    std::array<epoll_event, kBurst> events;
    const int count =
        epoll_wait(fd_.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(timeout.count()));
    for (int i = 0; i < count; ++i) {
      const epoll_event& one = events[static_cast<size_t>(i)];
      ready_[static_cast<size_t>(i)] = {.kind = static_cast<Kind>(one.data.u64 >> 56),
                                        .number = static_cast<uint32_t>(one.data.u64),
                                        .life = static_cast<uint32_t>(one.data.u64 >> 32) & kLives,
                                        .events = one.events};
    }
    return std::span(ready_).first(static_cast<size_t>(std::max(count, 0)));
  }

 private:
  explicit Poller(UniqueFd fd) : fd_(std::move(fd)) {}

  bool Control(int what, int fd, uint32_t events, Kind kind, uint32_t number, uint32_t life) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = uint64_t{static_cast<uint8_t>(kind)} << 56 | uint64_t{life & kLives} << 32 | number;
    return epoll_ctl(fd_.get(), what, fd, &event) == 0;
  }

  UniqueFd fd_;
  std::array<Ready, kBurst> ready_{};
};

}  // namespace rblitz::policy
