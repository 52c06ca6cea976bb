// What a worker of ports does while nothing comes. Private to dpdk_io.
//
// kPoll asks on and on. kAdaptive does so for kSpins receptions without a frame and then sleeps, each time twice as
// long, up to kLongestNap: a port's 1024 descriptors hold what comes meanwhile, up to 3 million frames a second.
// kInterrupt does so too, and after the longest nap sleeps until a port says that there is something, or for
// kLongestWait, should that have come in between.
//
// Thread-safety: one thread, the worker's, but for the constructor. Units: microseconds. Errors: a port without receive
// interrupts makes kInterrupt kAdaptive; DpdkPort::has_interrupts knows beforehand. Cost: a comparison for each
// reception without a frame; whoever is asleep costs what one system call every kLongestNap or kLongestWait does.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "dataplane/io/dpdk_io.h"

namespace rblitz::io {

struct DpdkQueue {
  uint16_t port;
  uint16_t queue;
};

class DpdkIdle {
 public:
  static constexpr uint32_t kSpins = 2000;
  static constexpr uint32_t kFirstNap = 8;
  static constexpr uint32_t kLongestNap = 256;
  static constexpr uint32_t kLongestWait = 10'000;

  // `longest`: no sleep is longer, whatever the mode.
  DpdkIdle(IdleMode mode, const std::vector<DpdkQueue>& queues, uint32_t longest);
  ~DpdkIdle();
  DpdkIdle(DpdkIdle&& other) = delete;
  DpdkIdle& operator=(DpdkIdle&& other) = delete;

  // After each reception.
  void Came() noexcept { spins_ = 0; }
  void CameNothing() noexcept { spins_ += static_cast<uint32_t>(mode_ != IdleMode::kPoll && spins_ < kSpins); }

  // Whether it has been quiet for long enough to sleep.
  [[nodiscard]] bool is_due() const noexcept { return spins_ >= kSpins; }
  void Sleep() noexcept;

 private:
  void Nap() noexcept;
  void WaitForInterrupt() noexcept;

  IdleMode mode_;
  uint32_t longest_;
  uint32_t spins_ = 0;
  uint32_t nap_ = kFirstNap;
  bool is_exact_ = false;  // the kernel has been told to add nothing to this thread's sleeps
  std::vector<DpdkQueue> queues_;
  int epoll_ = -1;
};

// Whether queue 0 of a port that has been started can wake a worker.
[[nodiscard]] bool HasInterrupts(uint16_t port) noexcept;

}  // namespace rblitz::io
