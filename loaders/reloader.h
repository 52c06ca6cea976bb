// The threads that own loading: one reads feeds and builds their tables beside those being served, the other hands the
// result to a publisher.
//
// What is served changes only when a publisher took a snapshot. A feed that cannot be loaded, or that its guards
// refuse, keeps its data; a publisher that fails leaves everything as it was; both say why. A feed that has no data yet
// is served from its last good copy then (feed_copies.h). A feed whose files are the ones last read is not read again
// unless forced: same device, inode, size, mtime and ctime, and the last change old enough that a further one would
// have moved the clock of the file system.
//
// Thread-safety: every member may be called by any thread. SetFeeds and Reload wait until their turn is done. Cancel
// does not wait: what is being read ends within a block of lines, a table that is being built is finished first.
// Lifetime: publishers run on the reloader's threads, where they may ask for nothing but Feeds(). Feeds() gives
// figures, not data, so that the last reference to replaced tables drops here. Errors: SetFeeds and Reload fail when
// nothing was published that should have been, or after Cancel; what became of a single feed is in its outcome.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "loaders/feed.h"
#include "loaders/feed_copies.h"
#include "loaders/feed_status.h"
#include "tables/result.h"
#include "tables/snapshot.h"

namespace rblitz {

// Makes a snapshot what is served. Feeds stand in the order given to SetFeeds; null where a feed is out.
struct Publisher {
  std::function<Status(std::shared_ptr<const Snapshot>)> publish;
  // What takes time of it, on a thread that leaves the cores to others; empty: nothing does. What it returns is kept as
  // long as the snapshot is served, and dropped on that thread. What it throws means that it is not done.
  std::function<std::shared_ptr<const void>(const Snapshot&)> prepare = {};
};

struct ReloaderOptions {
  // Read, build and free only when nothing else wants a core, however little that is: for machines where packet workers
  // occupy all of them. Otherwise as spare_time.h says.
  bool idle_priority = false;
  // How often to look for data that has expired.
  std::chrono::milliseconds tick = std::chrono::minutes(1);
  // Unix time; the system's clock when empty.
  std::function<int64_t()> now;
  // Where the last good copies are; must outlive the reloader. Null: none are kept.
  const FeedCopies* copies = nullptr;
  // How long a file must not have changed to be loaded at the first SetFeeds, if there is a copy.
  std::chrono::milliseconds settle{0};
};

// What is being read.
struct LoadProgress {
  std::string feed;  // empty: nothing
  uint64_t lines = 0;
};

class Reloader {
 public:
  explicit Reloader(ReloaderOptions options = {});
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Serves these feeds from now on. Feeds whose configuration is the same as before keep their data and are only read
  // again when their files changed; `publish` replaces the publisher, because zones and feeds change together. Nothing
  // is replaced on failure.
  [[nodiscard]] Result<std::vector<FeedOutcome>> SetFeeds(std::vector<FeedConfig> feeds, Publisher publish);

  // Loads the feeds named, or all when none is. Outcomes in the configuration's order. `force`: files that have not
  // changed too, and whatever max_shrink and max_bad say.
  [[nodiscard]] Result<std::vector<FeedOutcome>> Reload(std::span<const std::string> names, bool force);

  // The same for feeds that may have changed, though nobody asked: what a guard has refused is left alone.
  [[nodiscard]] Result<std::vector<FeedOutcome>> Check(std::span<const std::string> names);

  // What Reload would do to this feed; nothing is published and nothing remembered.
  [[nodiscard]] Result<FeedOutcome> Diff(const std::string& name);

  // Serves the copy before the one that is served, until the files of the feed change. Once more: back again.
  [[nodiscard]] Result<FeedOutcome> RollBack(const std::string& name);

  // Waits until the copies of what is served are on the disk.
  void FlushCopies();

  // For a process that is about to end: the request that is running fails, as does every later one, and nothing that
  // is served changes any more.
  void Cancel();

  [[nodiscard]] std::vector<FeedStatus> Feeds() const;
  [[nodiscard]] LoadProgress Progress() const;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace rblitz
