// When the files of feeds are to be looked at, and when they may be loaded though nobody asked: a half-written file is
// not.
//
// Files are looked at every so often and when inotify tells of a change. A feed is due
//  - at once after a file was renamed into place (kPlacedDelay later, so that files placed together are one load);
//  - when its files have not changed for the settle time, and no writer that was seen still has one open.
//
// Thread-safety: none. Errors: without inotify changes are found by looking, with the same settle time.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loaders/feed_files.h"
#include "loaders/file_watcher.h"

namespace rblitz {

inline constexpr std::chrono::milliseconds kSettle{2000};

class FeedChecks {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPlacedDelay{100};

  struct Feed {
    std::string name;
    std::vector<std::string> paths;
    std::chrono::milliseconds every{0};  // 0: never
  };

  explicit FeedChecks(std::chrono::milliseconds settle = kSettle) : settle_(settle) {}

  // Looks after these from now on. Each is looked at soon: it may have changed since it was read.
  void Plan(const std::vector<Feed>& feeds, Clock::time_point now);

  // Readable when Due should be called before next(); -1: never.
  [[nodiscard]] int fd() const { return watcher_.fd(); }
  [[nodiscard]] Clock::time_point next() const;

  // Names of the feeds whose files may be loaded now. Files that are as they were are loaded by nobody: the reloader
  // compares.
  [[nodiscard]] std::vector<std::string> Due(Clock::time_point now);

 private:
  struct Planned {
    Feed feed;
    Clock::time_point regular;                      // when to look whatever happens
    std::optional<Clock::time_point> look;          // when to look because of a change
    bool placed = false;                            // that change is a rename, and there is no other
    std::set<std::string> open;                     // files that a writer has open
    std::optional<std::vector<FileIdentity>> seen;  // at the last look
  };
  void TakeChanges(Clock::time_point now);
  void Take(const FileChange& change, Clock::time_point now);
  [[nodiscard]] bool IsDue(Planned* planned, Clock::time_point now);
  void WatchAll();

  std::chrono::milliseconds settle_;
  FileWatcher watcher_;
  std::vector<Planned> planned_;
  std::vector<size_t> owners_;  // of the watcher's paths: indices into planned_
};

}  // namespace rblitz
