// The last good copies of all feeds, in a folder of their own: FOLDER/FEED/current and FOLDER/FEED/previous, whose
// format is feed_copy.h's.
//
// A copy is written beside the others, forced to disk and then renamed: whatever ends the process or the machine, there
// is a whole copy afterwards if there was one before.
//
// Thread-safety: one process uses a folder at a time (Open locks it), and one thread at a time a feed.
// Errors: name the file.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "loaders/feed_copy.h"
#include "loaders/unique_fd.h"
#include "tables/result.h"

namespace rblitz {

// A copy by its path, whoever keeps it.
[[nodiscard]] Result<FeedCopy> ReadFeedCopy(const std::string& path);

class FeedCopies {
 public:
  enum class Age : uint8_t { kCurrent, kPrevious };

  // Makes the folder where it is missing.
  [[nodiscard]] static Result<std::unique_ptr<FeedCopies>> Open(const std::string& folder);

  [[nodiscard]] bool Has(const std::string& feed, Age age) const;
  [[nodiscard]] Result<FeedCopy> Read(const std::string& feed, Age age) const;
  // The copy, only its header read.
  [[nodiscard]] Result<CopyInfo> Info(const std::string& feed, Age age) const;

  // Asked from time to time while a copy is written; false gives it up. Empty: always true.
  using GoOn = std::function<bool()>;

  // Makes these files, read to their ends, the current copy, and the current one the previous. Nothing is done when the
  // current copy is of these files.
  [[nodiscard]] Status Keep(const std::string& feed, const CopyInfo& info, FeedFiles* files, const GoOn& go_on) const;

  // Makes the previous copy the current one and the other way round.
  [[nodiscard]] Status Swap(const std::string& feed) const;

 private:
  FeedCopies(std::string folder, UniqueFd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  [[nodiscard]] std::string Path(const std::string& feed, const char* name) const;
  [[nodiscard]] std::string Path(const std::string& feed, Age age) const;

  std::string folder_;
  UniqueFd lock_;
};

}  // namespace rblitz
