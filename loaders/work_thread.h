// A thread that does what it is asked, one thing after another, and something of its own from time to time.
//
// Thread-safety: Ask on any thread but this one. Lifetime: the destructor waits for what is being done.
// Errors: what work throws is thrown by Ask; what is done from time to time must not throw.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "loaders/spare_time.h"

namespace rblitz {

struct WorkThreadOptions {
  std::string name;            // at most 15 characters
  bool idle_priority = false;  // run only when nothing else wants a core
  bool spare_time = false;     // what is asked is done as spare_time.h says
  // Called this often while there is nothing to do; empty: never.
  std::function<void()> idle_work;
  std::chrono::milliseconds tick = std::chrono::minutes(1);
};

class WorkThread {
 public:
  explicit WorkThread(WorkThreadOptions options);
  ~WorkThread();
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  // Runs `work` on the thread, waits, and returns what it returns.
  template <class Work>
  auto Ask(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto answer = task.get_future();
    Add([&task] { task(); });
    while (options_.spare_time && answer.wait_for(SpareTime::kLook) != std::future_status::ready) spare_time_.Look();
    return answer.get();
  }

 private:
  void Add(std::function<void()> job);
  void Run();

  const WorkThreadOptions options_;
  SpareTime spare_time_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::thread thread_;                      // last: it uses all of the above
};

}  // namespace rblitz
