// The thread that owns loading: it reads feeds, builds their tables beside those being served and hands the result to a
// publisher.
//
// What is served changes only when a publisher took a snapshot. A feed that cannot be loaded keeps its data, a
// publisher that fails leaves everything as it was; both say why. A feed whose files are the ones last read is not read
// again unless forced: same device, inode, size, mtime and ctime, and the last change old enough that a further one
// would have moved the clock of the file system.
//
// Thread-safety: every member may be called by any thread. SetFeeds and Reload wait until their turn is done. Cancel
// does not wait: what is being read ends within a block of lines, a table that is being built is finished first.
// Lifetime: publishers run on the reloader's thread, where they may ask for nothing but Feeds(). Feeds() gives figures,
// not data, so that the last reference to replaced tables drops there.
// Errors: SetFeeds and Reload fail when nothing was published that should have been, or after Cancel; what became of a
// single feed is in its outcome.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loaders/feed.h"
#include "tables/result.h"
#include "tables/snapshot.h"

namespace rblitz {

enum class FeedState : uint8_t { kLoaded, kUnchanged, kFailed };

// What one request did to one feed.
struct FeedOutcome {
  std::string name;
  FeedState state = FeedState::kFailed;
  LoadReport report;      // of the last load, also when this request did not need one
  std::string error;      // why the load failed
  int64_t data_time = 0;  // of the data that is kept, Unix time; 0: there is none
};

// How much data a feed has.
struct FeedFigures {
  uint64_t entries = 0;
  uint64_t addresses = 0;
  uint64_t bytes = 0;     // of memory
  int64_t data_time = 0;  // Unix time
};

// A feed as it stands.
struct FeedStatus {
  FeedConfig config;
  std::optional<FeedFigures> data;  // nothing: never loaded
  bool expired = false;             // there is data, but its $TIMESTAMP forbids to serve it
  LoadReport report;                // of the last load that was tried
  std::string error;                // why that one failed; empty: it did not
  int64_t tried_at = 0;             // Unix time of it
  int64_t loaded_at = 0;            // of the last one that succeeded
};

// Makes a snapshot what is served. Feeds stand in the order given to SetFeeds; null where a feed is out.
using Publisher = std::function<Status(std::shared_ptr<const Snapshot>)>;

struct ReloaderOptions {
  // Run only when nothing else wants a core: for machines where packet workers occupy all of them.
  bool idle_priority = false;
  // How often to look for data that has expired.
  std::chrono::milliseconds tick = std::chrono::minutes(1);
  // Unix time; the system's clock when empty.
  std::function<int64_t()> now;
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

  // Loads the feeds named, or all when none is. Outcomes in the configuration's order.
  [[nodiscard]] Result<std::vector<FeedOutcome>> Reload(std::span<const std::string> names, bool force);

  // For a process that is about to end: the request that is running fails, as does every later one, and nothing that
  // is served changes any more.
  void Cancel();

  [[nodiscard]] std::vector<FeedStatus> Feeds() const;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace rblitz
