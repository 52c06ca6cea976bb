// For a thread whose work can wait, and the threads that it starts: it runs when nothing else of its session or cgroup
// wants a core (SCHED_IDLE), so that whoever wakes need not wait for the scheduler's next tick. Where it wants to run
// and that leaves it less than a twentieth of a core, it takes turns with the others (nice 10) until its work is done,
// and from the beginning with what it does within the next two seconds.
//
// Thread-safety: Begin and End on the thread that works, Look on any. Cost: Begin some 50 us, because it starts a
// thread to see whether one may come back from SCHED_IDLE: a process that has neither CAP_SYS_NICE nor an RLIMIT_NICE
// that grants the nice value may not (sched(7)), and takes turns from the beginning. Errors: none; it is all a wish.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <chrono>
#include <mutex>

namespace rblitz {

class SpareTime {
 public:
  static constexpr std::chrono::milliseconds kLook{100};
  static constexpr std::chrono::seconds kWary{2};

  // Where a process is about to give up root: what it needs to go on as another user.
  static void OutliveRoot() noexcept;

  // Around the work.
  void Begin();
  void End();
  // To be called each kLook meanwhile.
  void Look() noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool IsWary();
  [[nodiscard]] bool Rescue() const;  // whether any of them wanted to run

  pthread_t thread_{};  // written once, before is_spare_ is true
  pid_t tid_ = 0;
  std::mutex mutex_;
  bool is_spare_ = false;  // these are guarded by mutex_
  Clock::time_point looked_;
  Clock::duration ran_{};  // until then
  Clock::time_point wary_until_;
};

}  // namespace rblitz
