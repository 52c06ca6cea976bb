// The thread that writes the last good copies (feed_copies.h): nobody who reloads waits for a disk.
//
// Thread-safety: every member may be called by any thread. Lifetime: `copies` must outlive it; its destructor gives up
// the copy that is being written, and those that wait: the copies there were stay. Errors: a copy that cannot be
// written leaves the one there was; error() says why. Cost: runs only when nothing else wants a core.
#pragma once

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
  void Run();

  const FeedCopies* const copies_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;                       // guarded by mutex_
  std::string writing_;                        // the feed that one more is written of, or empty; guarded by mutex_
  std::map<std::string, std::string> errors_;  // by feed; guarded by mutex_
  std::thread thread_;
};

}  // namespace rblitz
