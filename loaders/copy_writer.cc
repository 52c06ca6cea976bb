#include "loaders/copy_writer.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace rblitz {

CopyWriter::CopyWriter(const FeedCopies* copies) : copies_(copies), thread_([this] { Run(); }) {}

CopyWriter::~CopyWriter() {
  stop_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  thread_.join();
}

void CopyWriter::Keep(const std::string& feed, CopyInfo info, std::shared_ptr<FeedFiles> files) {
  const std::lock_guard lock(mutex_);
  std::erase_if(jobs_, [&](const Job& job) { return job.feed == feed; });
  jobs_.push_back({feed, std::move(info), std::move(files)});
  changed_.notify_all();
}

void CopyWriter::Flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return (jobs_.empty() && writing_.empty()) || stop_.stop_requested(); });
}

std::string CopyWriter::error(const std::string& feed) const {
  const std::lock_guard lock(mutex_);
  const auto found = errors_.find(feed);
  return found == errors_.end() ? "" : found->second;
}

bool CopyWriter::pending(const std::string& feed) const {
  const std::lock_guard lock(mutex_);
  return writing_ == feed || std::ranges::any_of(jobs_, [&](const Job& job) { return job.feed == feed; });
}

void CopyWriter::ChangePauses(int by) {
  const std::lock_guard lock(mutex_);
  pauses_ += by;
  changed_.notify_all();
}

void CopyWriter::WaitForPauses(std::unique_lock<std::mutex>& lock, Clock::duration* patience) {
  if (pauses_ == 0) return;
  const Clock::time_point begin = Clock::now();
  changed_.wait_for(lock, *patience, [this] { return pauses_ == 0 || stop_.stop_requested(); });
  *patience = std::max(*patience - (Clock::now() - begin), Clock::duration::zero());
}

void CopyWriter::Run() {
  pthread_setname_np(pthread_self(), "rblitz-copies");
  const sched_param none{};
  pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_.stop_requested() || !jobs_.empty(); });
    Clock::duration patience = kPatience;
    WaitForPauses(lock, &patience);
    if (stop_.stop_requested()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    writing_ = job.feed;
    lock.unlock();
    std::string error;
    try {
      const Status kept = copies_->Keep(job.feed, job.info, job.files.get(), [&] {
        std::unique_lock at_chunk(mutex_);
        WaitForPauses(at_chunk, &patience);
        return !stop_.stop_requested();
      });
      if (!kept) error = kept.error().message;
    } catch (const std::exception& thrown) {
      error = thrown.what();
    }
    job.files.reset();
    lock.lock();
    writing_.clear();
    errors_[job.feed] = std::move(error);
    changed_.notify_all();
  }
}

}  // namespace rblitz
