#include "cli/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace rblitz {

Result<std::unique_ptr<EventLoop>> EventLoop::Create() {
  UniqueFd wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake) return Fail(std::string("eventfd: ") + std::strerror(errno));
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(wake)));
}

EventLoop::EventLoop(UniqueFd wake) : wake_(std::move(wake)) {
  Watch(wake_.get(), POLLIN, [this](short) { RunPosted(); });
}

void EventLoop::Watch(int fd, short events, Ready ready) {
  watched_[fd] = Watched{events, std::make_shared<Ready>(std::move(ready))};
}

void EventLoop::Unwatch(int fd) { watched_.erase(fd); }

void EventLoop::Every(std::chrono::milliseconds period, Task task) {
  tickers_.push_back(Ticker{period, Clock::now() + period, std::move(task)});
}

void EventLoop::Post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
}

void EventLoop::RunPosted() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = read(wake_.get(), &count, sizeof(count));
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (const Task& task : tasks) task();
}

void EventLoop::Run() {
  running_ = true;
  while (running_) {
    std::vector<pollfd> polled;
    for (const auto& [fd, watched] : watched_) polled.push_back({fd, watched.events, 0});
    if (poll(polled.data(), polled.size(), Timeout()) > 0) Dispatch(polled);
    Tick();
  }
}

// A callback may close descriptors of the same round, and their numbers may be given out again: only what is still
// watched by the same callback is called.
void EventLoop::Dispatch(const std::vector<pollfd>& polled) {
  std::vector<std::pair<pollfd, std::shared_ptr<Ready>>> ready;
  for (const pollfd& one : polled) {
    if (one.revents != 0) ready.emplace_back(one, watched_.at(one.fd).ready);
  }
  for (const auto& [one, callback] : ready) {
    const auto found = watched_.find(one.fd);
    if (found != watched_.end() && found->second.ready == callback) (*callback)(one.revents);
  }
}

int EventLoop::Timeout() const {
  if (tickers_.empty()) return -1;
  const auto next = std::min_element(tickers_.begin(), tickers_.end(),
                                     [](const Ticker& a, const Ticker& b) { return a.next < b.next; });
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next->next - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

void EventLoop::Tick() {
  const auto now = Clock::now();
  for (Ticker& ticker : tickers_) {
    if (now < ticker.next) continue;
    ticker.next = now + ticker.period;
    ticker.task();
  }
}

}  // namespace rblitz
