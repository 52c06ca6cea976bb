#include "loaders/feed_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace rblitz {

namespace {

namespace fs = std::filesystem;

Result<std::vector<std::string>> ListFolder(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!IsFeedFileName(at->path().filename().native())) continue;
    struct stat status;
    if (stat(at->path().c_str(), &status) != 0) {
      return Fail(at->path().native() + ": cannot open: " + std::strerror(errno));
    }
    if (S_ISREG(status.st_mode)) files.push_back(at->path().native());
  }
  if (error) return Fail(folder + ": cannot list: " + error.message());
  if (files.empty()) return Fail(folder + ": has no files in it");
  std::ranges::sort(files);
  return files;
}

}  // namespace

bool IsFeedFileName(std::string_view name) {
  return !name.empty() && name[0] != '.' && !name.ends_with('~') && !name.ends_with(".tmp") && !name.ends_with(".part");
}

Result<std::vector<std::string>> ListFeedFiles(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
      files.push_back(path);
      continue;
    }
    Result<std::vector<std::string>> listed = ListFolder(path);
    if (!listed) return listed;
    std::ranges::move(*listed, std::back_inserter(files));
  }
  return files;
}

std::optional<std::vector<FileIdentity>> IdentitiesOf(const std::vector<std::string>& paths) {
  const Result<std::vector<std::string>> files = ListFeedFiles(paths);
  if (!files) return std::nullopt;
  std::vector<FileIdentity> identities;
  for (const std::string& file : *files) {
    struct stat status;
    if (stat(file.c_str(), &status) != 0) return std::nullopt;
    identities.push_back(IdentityOf(status));
  }
  return identities;
}

Result<FeedFiles> OpenFeedFiles(const std::vector<std::string>& paths) {
  Result<std::vector<std::string>> listed = ListFeedFiles(paths);
  if (!listed) return tl::unexpected(listed.error());
  FeedFiles files{.paths = *std::move(listed), .identities = {}, .sources = {}};
  for (const std::string& path : files.paths) {
    Result<std::unique_ptr<FileSource>> source = FileSource::Open(path);
    if (!source) return tl::unexpected(source.error());
    files.identities.push_back((*source)->identity());
    files.sources.push_back(*std::move(source));
  }
  return files;
}

Result<FeedFiles> Again(const FeedFiles& files) {
  FeedFiles again{.paths = files.paths, .identities = files.identities, .sources = {}};
  for (const std::unique_ptr<FileSource>& file : files.sources) {
    Result<std::unique_ptr<FileSource>> source = file->Again();
    if (!source) return tl::unexpected(source.error());
    again.sources.push_back(*std::move(source));
  }
  return again;
}

}  // namespace rblitz
