// The kernel's share of a port: a TAP device that gets the frames that are not ours to answer (TCP, SSH, ARP replies,
// other UDP) and whose own frames leave by the port.
//
// Workers never touch the device. Each has a ring to the kernel of its own, and one of them empties the ring that comes
// from the kernel; a thread of this object stands between the rings and the device. A full ring loses frames, which are
// counted, as a wire would.
//
// Thread-safety: Open and the destructor on the main thread; the rings as their users say; info by any thread.
// Lifetime: workers that use the rings must have stopped before it goes. Errors: Open says which step failed.
// Cost: the thread wakes every kIdleWait, while frames come every kBusyWait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/io/frame_ring.h"
#include "dataplane/io/kernel_tap.h"
#include "dataplane/stats.h"
#include "tables/result.h"

namespace rblitz::io {

struct KernelPortInfo {
  std::string name;                 // empty: the port has none
  uint64_t to_kernel = 0;           // frames that the kernel took
  uint64_t to_kernel_lost = 0;      // it did not take: the device is down
  uint64_t from_kernel = 0;         // frames that left by the port
  uint64_t from_kernel_full = 0;    // came faster than the worker took them
  uint64_t from_kernel_unsent = 0;  // the port did not take, or no packet buffer was free
};

class KernelPort {
 public:
  static constexpr size_t kSlots = 512;
  static constexpr std::chrono::microseconds kIdleWait{1000};
  static constexpr std::chrono::microseconds kBusyWait{50};

  [[nodiscard]] static Result<std::unique_ptr<KernelPort>> Open(const TapConfig& config, uint32_t workers);
  ~KernelPort();
  KernelPort(const KernelPort&) = delete;
  KernelPort& operator=(const KernelPort&) = delete;

  [[nodiscard]] FrameRing* to_kernel(uint32_t worker) { return to_kernel_[worker].get(); }
  [[nodiscard]] FrameRing* from_kernel() { return &from_kernel_; }
  // Of the worker that empties from_kernel.
  void CountSent(size_t frames) noexcept { sent_.Add(frames); }
  void CountUnsent(size_t frames) noexcept { unsent_.Add(frames); }

  [[nodiscard]] KernelPortInfo info() const;

 private:
  KernelPort(std::string name, int tap, uint32_t workers);
  void Run();
  bool WriteFrames(FrameRing& ring);
  bool ReadFrames();

  const std::string name_;
  const int tap_;
  std::vector<std::unique_ptr<FrameRing>> to_kernel_;  // by worker
  FrameRing from_kernel_{kSlots};
  alignas(64) Counter written_;  // of the thread
  Counter not_written_;
  Counter full_;
  alignas(64) Counter sent_;  // of the worker
  Counter unsent_;
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses the rest
};

}  // namespace rblitz::io
