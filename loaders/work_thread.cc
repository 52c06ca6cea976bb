#include "loaders/work_thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace rblitz {

namespace {

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

constexpr int kShortTurnsNice = 10;

// Threads that this one starts get the same.
void TakeShortTurns() {
  if (sched_getscheduler(0) != SCHED_OTHER) return;  // somebody chose another
  SchedAttributes attributes;
  attributes.nice = std::min(getpriority(PRIO_PROCESS, 0) + kShortTurnsNice, 19);
  attributes.runtime = 100'000;  // the least there is
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

WorkThread::WorkThread(WorkThreadOptions options) : options_(std::move(options)), thread_([this] { Run(); }) {}

WorkThread::~WorkThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void WorkThread::Add(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void WorkThread::Run() {
  pthread_setname_np(pthread_self(), options_.name.c_str());
  if (options_.idle_priority) {
    const sched_param none{};
    pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
  } else if (options_.short_turns) {
    TakeShortTurns();
  }
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto is_wanted = [this] { return stopping_ || !jobs_.empty(); };
    if (options_.idle_work) {
      wake_.wait_for(lock, options_.tick, is_wanted);
    } else {
      wake_.wait(lock, is_wanted);
    }
    if (jobs_.empty() && stopping_) return;
    std::function<void()> job = options_.idle_work;
    if (!jobs_.empty()) {
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace rblitz
