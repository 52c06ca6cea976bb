// Tells when watched files change: inotify on the folders that they are in, so that a file that is replaced by rename,
// or is not there yet, is seen too.
//
// A path may be a file, a folder (then all files of it that a feed reads, feed_files.h), or a link to either.
//
// Thread-safety: none. Errors: what cannot be watched (a folder that is missing, no inotify left) is not seen: whoever
// needs to know looks at the files now and then as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/unique_fd.h"

struct inotify_event;

namespace rblitz {

struct FileChange {
  enum class Kind : uint8_t {
    kPlaced,   // a whole file has got this name: renamed
    kWritten,  // something has been written to it; its writer has it open
    kClosed,   // by a writer; or it is gone
    kTouched,  // made, or changed in another way than by writing
    kUnknown,  // anything may have happened to any file of the path
  };
  size_t path = 0;   // the index of the path that was given
  std::string file;  // tells the files of one path from each other
  Kind kind = Kind::kUnknown;
};

class FileWatcher {
 public:
  // Watches these paths from now on instead of those before.
  void Watch(const std::vector<std::string>& paths);

  // Readable when something has happened; -1 without inotify.
  [[nodiscard]] int fd() const { return inotify_.get(); }
  // False when some path is not watched, for now.
  [[nodiscard]] bool complete() const { return complete_; }

  // What has happened since the last call, in order.
  [[nodiscard]] std::vector<FileChange> Read();

 private:
  struct Watched {
    size_t path;
    std::string name;  // of the file in the folder; empty: every file of a feed
  };
  void WatchName(size_t path, const std::string& folder, const std::string& name);
  void WatchPath(size_t path, const std::string& text);
  void Add(const inotify_event& event, std::string_view name, std::vector<FileChange>* changes);

  UniqueFd inotify_;
  std::multimap<int, Watched> watched_;  // by watch descriptor
  size_t paths_ = 0;
  bool complete_ = false;
};

}  // namespace rblitz
