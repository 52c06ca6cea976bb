// The thread that writes the last good copies (feed_copies.h): nobody who reloads waits for a disk.
//
// Thread-safety: every member may be called by any thread. Lifetime: `copies` must outlive it; its destructor gives up
// the copy that is being written, and those that wait: the copies there were stay. Errors: a copy that cannot be
// written leaves the one there was; error() says why. Cost: runs only when nothing else wants a core, and not beside a
// load, which is at idle priority too and would get half of the core.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "loaders/feed_copies.h"

namespace rblitz {

class CopyWriter {
 public:
  explicit CopyWriter(const FeedCopies* copies);
  ~CopyWriter();
  CopyWriter(const CopyWriter&) = delete;
  CopyWriter& operator=(const CopyWriter&) = delete;

  // While one of these lives nothing is written; but no copy waits longer than kPatience once it is its turn, so that
  // feeds that are loaded all the time are kept too. `writer` may be null.
  class Pause {
   public:
    explicit Pause(CopyWriter* writer) : writer_(writer) {
      if (writer_ != nullptr) writer_->ChangePauses(1);
    }
    ~Pause() {
      if (writer_ != nullptr) writer_->ChangePauses(-1);
    }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    CopyWriter* const writer_;
  };
  static constexpr std::chrono::seconds kPatience{60};

  // Soon. A copy of the same feed that has not been begun is left out.
  void Keep(const std::string& feed, CopyInfo info, std::shared_ptr<FeedFiles> files);

  // Waits until all that was asked for is written or has failed.
  void Flush();

  // Why the newest copy of the feed was not kept; empty: it was, or will be.
  [[nodiscard]] std::string error(const std::string& feed) const;
  // Whether a copy of the feed is still to be written.
  [[nodiscard]] bool pending(const std::string& feed) const;

 private:
  struct Job {
    std::string feed;
    CopyInfo info;
    std::shared_ptr<FeedFiles> files;
  };
  using Clock = std::chrono::steady_clock;

  void Run();
  void ChangePauses(int by);
  // Takes what it waits from `patience`.
  void WaitForPauses(std::unique_lock<std::mutex>& lock, Clock::duration* patience);

  const FeedCopies* const copies_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;                       // guarded by mutex_
  int pauses_ = 0;                             // guarded by mutex_
  std::string writing_;                        // the feed that one more is written of, or empty; guarded by mutex_
  std::map<std::string, std::string> errors_;  // by feed; guarded by mutex_
  std::thread thread_;
};

}  // namespace rblitz
