#include "loaders/spare_time.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace rblitz {

namespace {

constexpr int kNice = 10;
constexpr int kMostNice = 19;
constexpr int kLeastShare = 20;  // one of so many of a core's time

// sched_setattr(2): the C library of Debian 12 does not have it, and the kernel's header does not go with <sched.h>.
struct SchedAttributes {
  uint32_t size = sizeof(SchedAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  // ns
  uint64_t deadline = 0;
  uint64_t period = 0;
};
static_assert(sizeof(SchedAttributes) == 48);

// Of a thread, 0 this one; threads that it starts get the same. With short slices whoever wakes waits for one of them,
// not for one of three milliseconds; Linux grants that from 6.12 on.
bool TakeTurnsWith(pid_t tid, int nice) {
  SchedAttributes attributes;
  attributes.nice = nice;
  attributes.runtime = 100'000;  // the least there is
  return syscall(SYS_sched_setattr, tid, &attributes, 0) == 0;
}

bool RunIdle(pid_t tid) {
  const sched_param none{};
  return sched_setscheduler(tid, SCHED_IDLE, &none) == 0;
}

int NiceOf(pid_t tid) { return getpriority(PRIO_PROCESS, static_cast<id_t>(tid)); }

// Tries it with a thread that sleeps meanwhile: one that cannot come back is lost.
bool MayComeBack(int nice) {
  try {
    std::promise<pid_t> tid;
    std::promise<void> tried;
    std::jthread sleeper([&tid, ends = tried.get_future()] {
      tid.set_value(gettid());
      ends.wait();
    });
    const pid_t other = tid.get_future().get();
    const bool may = RunIdle(other) && TakeTurnsWith(other, nice);
    tried.set_value();
    return may;
  } catch (const std::exception&) {
    return false;  // no thread could be had
  }
}

// Runs, or would if it were let.
bool WantsToRun(pid_t tid) {
  std::string line;
  std::getline(std::ifstream("/proc/self/task/" + std::to_string(tid) + "/stat"), line);
  const size_t name_end = line.rfind(')');
  return name_end != std::string::npos && line.compare(name_end, 3, ") R") == 0;
}

std::chrono::nanoseconds CpuTime(pthread_t thread) {
  clockid_t clock{};
  timespec time{};
  if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

void SpareTime::OutliveRoot() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NICE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, static_cast<rlim_t>(20 - std::min(NiceOf(0) + kNice, kMostNice)));
  limit.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
  setrlimit(RLIMIT_NICE, &limit);
}

void SpareTime::Begin() {
  if (sched_getscheduler(0) != SCHED_OTHER) return;  // somebody chose another
  if (tid_ == 0) {
    if (!TakeTurnsWith(0, std::min(NiceOf(0) + kNice, kMostNice))) return;
    thread_ = pthread_self();
    tid_ = gettid();
  }
  if (IsWary() || !MayComeBack(NiceOf(0))) return;
  {
    const std::lock_guard lock(mutex_);
    is_spare_ = true;
    looked_ = Clock::now();
    ran_ = CpuTime(thread_);
  }
  RunIdle(0);  // the last of it: who is starved holds no lock
}

bool SpareTime::IsWary() {
  const std::lock_guard lock(mutex_);
  return Clock::now() < wary_until_;
}

void SpareTime::End() {
  if (tid_ == 0) return;
  if (sched_getscheduler(0) == SCHED_IDLE) TakeTurnsWith(0, NiceOf(0));
  const std::lock_guard lock(mutex_);
  is_spare_ = false;
}

void SpareTime::Look() noexcept {
  const std::lock_guard lock(mutex_);
  if (!is_spare_) return;
  const Clock::time_point now = Clock::now();
  if (now - looked_ < kLook / 2) return;
  const Clock::duration ran = CpuTime(thread_);
  try {
    if ((ran - ran_) * kLeastShare < now - looked_ && Rescue()) wary_until_ = now + kWary;
  } catch (const std::exception&) {
    // Out of memory: looked at again.
  }
  looked_ = now;
  ran_ = ran;
}

// The threads that it has started have its policy and its nice value. None of them wants to run where all wait for a
// disk.
bool SpareTime::Rescue() const {
  const int nice = NiceOf(tid_);
  std::vector<pid_t> starved;
  bool wants_to_run = false;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/task", error), end; !error && at != end;
       at.increment(error)) {
    const pid_t tid = std::atoi(at->path().filename().c_str());
    if (sched_getscheduler(tid) != SCHED_IDLE || NiceOf(tid) != nice) continue;
    starved.push_back(tid);
    wants_to_run |= WantsToRun(tid);
  }
  if (wants_to_run) {
    for (const pid_t tid : starved) TakeTurnsWith(tid, nice);
  }
  return wants_to_run;
}

}  // namespace rblitz
