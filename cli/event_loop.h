// The control thread's loop: waits for descriptors, runs what other threads posted, and ticks.
//
// Thread-safety: Post may be called from any thread; everything else belongs to the thread that calls Run.
// Lifetime: callbacks may watch, unwatch and stop, their own descriptor among them.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "loaders/unique_fd.h"
#include "tables/result.h"

namespace rblitz {

class EventLoop {
 public:
  using Ready = std::function<void(short events)>;  // poll(2)'s events
  using Task = std::function<void()>;

  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> Create();

  // Calls `ready` when one of `events`, an error or a hang-up is there. Replaces what was watched on this descriptor.
  void Watch(int fd, short events, Ready ready);
  void Unwatch(int fd);

  // Calls `task` about every `period` from now on.
  void Every(std::chrono::milliseconds period, Task task);

  // Runs `task` on the loop's thread, soon.
  void Post(Task task);

  // Until Stop, which a callback calls.
  void Run();
  void Stop() { running_ = false; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    short events;
    std::shared_ptr<Ready> ready;
  };
  struct Ticker {
    std::chrono::milliseconds period;
    Clock::time_point next;
    Task task;
  };

  explicit EventLoop(UniqueFd wake);
  [[nodiscard]] int Timeout() const;
  void Dispatch(const std::vector<pollfd>& polled);
  void Tick();
  void RunPosted();

  std::map<int, Watched> watched_;
  std::vector<Ticker> tickers_;
  UniqueFd wake_;  // an eventfd
  std::mutex mutex_;
  std::vector<Task> posted_;  // guarded by mutex_
  bool running_ = false;
};

}  // namespace rblitz
