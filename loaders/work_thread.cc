#include "loaders/work_thread.h"

#include <pthread.h>
#include <sched.h>

namespace rblitz {

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
    const bool is_asked = !jobs_.empty();
    std::function<void()> job = options_.idle_work;
    if (is_asked) {
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    const bool is_watched = is_asked && options_.spare_time;
    lock.unlock();
    if (is_watched) spare_time_.Begin();
    job();
    if (is_watched) spare_time_.End();
    lock.lock();
  }
}

}  // namespace rblitz
