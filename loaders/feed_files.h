// Which files the paths of a feed name, and those files opened.
//
// A path is a file or a folder. A folder stands for its regular files in the order of their names (bytes compared);
// hidden files and what writers leave while they write (`*~`, `*.tmp`, `*.part`) are left out, as is what is no file.
//
// Thread-safety: pure but for the file system.
// Errors: a folder without any such file fails, so that a disk that is not mounted is no empty list; a link in it that
// leads nowhere is a file that is missing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/byte_source.h"
#include "loaders/file_identity.h"
#include "tables/result.h"

namespace rblitz {

// Whether a folder's file of this name belongs to a feed.
[[nodiscard]] bool IsFeedFileName(std::string_view name);

[[nodiscard]] Result<std::vector<std::string>> ListFeedFiles(const std::vector<std::string>& paths);

// Of all files as they are now; nothing if one cannot be had.
[[nodiscard]] std::optional<std::vector<FileIdentity>> IdentitiesOf(const std::vector<std::string>& paths);

// The files as they were opened, all before the first is read, so that a change of any of them from then on is seen.
struct FeedFiles {
  std::vector<std::string> paths;
  std::vector<FileIdentity> identities;
  std::vector<std::unique_ptr<FileSource>> sources;
};

[[nodiscard]] Result<FeedFiles> OpenFeedFiles(const std::vector<std::string>& paths);

// The same versions once more, from their start.
[[nodiscard]] Result<FeedFiles> Again(const FeedFiles& files);

}  // namespace rblitz
