#include "loaders/file_watcher.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "loaders/feed_files.h"

namespace rblitz {

namespace {

namespace fs = std::filesystem;

// Without IN_EXCL_UNLINK a writer of a file that was replaced would look like a writer of the new one.
constexpr uint32_t kEvents =
    IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_EXCL_UNLINK;

FileChange::Kind KindOf(uint32_t mask) {
  if ((mask & IN_MOVED_TO) != 0) return FileChange::Kind::kPlaced;
  if ((mask & IN_MODIFY) != 0) return FileChange::Kind::kWritten;
  if ((mask & (IN_CREATE | IN_ATTRIB)) != 0) return FileChange::Kind::kTouched;
  return FileChange::Kind::kClosed;
}

}  // namespace

void FileWatcher::Watch(const std::vector<std::string>& paths) {
  inotify_ = UniqueFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  watched_.clear();
  paths_ = paths.size();
  complete_ = static_cast<bool>(inotify_);
  for (size_t i = 0; i < paths.size(); ++i) WatchPath(i, paths[i]);
}

void FileWatcher::WatchPath(size_t path, const std::string& text) {
  std::error_code error;
  if (fs::is_directory(text, error)) return WatchName(path, text, "");
  const fs::path file(text);
  WatchName(path, file.has_parent_path() ? file.parent_path().string() : ".", file.filename());
  if (!fs::is_symlink(file, error)) return;
  const fs::path target = fs::canonical(file, error);
  if (!error) WatchName(path, target.parent_path(), target.filename());
}

void FileWatcher::WatchName(size_t path, const std::string& folder, const std::string& name) {
  const int watch = inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
  if (watch < 0) {
    complete_ = false;
  } else {
    watched_.emplace(watch, Watched{path, name});
  }
}

std::vector<FileChange> FileWatcher::Read() {
  std::vector<FileChange> changes;
  alignas(inotify_event) char buffer[16 << 10];
  for (;;) {
    const ssize_t size = read(inotify_.get(), buffer, sizeof(buffer));
    if (size <= 0) return changes;
    for (const char* at = buffer; at < buffer + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof(event));
      const char* const name = at + sizeof(event);
      Add(event, {name, strnlen(name, event.len)}, &changes);
      at = name + event.len;
    }
  }
}

void FileWatcher::Add(const inotify_event& event, std::string_view name, std::vector<FileChange>* changes) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    for (size_t i = 0; i < paths_; ++i) changes->push_back({.path = i, .file = "", .kind = FileChange::Kind::kUnknown});
    return;
  }
  if ((event.mask & IN_IGNORED) != 0) complete_ = false;
  const auto [first, last] = watched_.equal_range(event.wd);
  for (auto at = first; at != last; ++at) {
    const auto& [path, wanted] = at->second;
    if (wanted.empty() ? !IsFeedFileName(name) : wanted != name) continue;
    changes->push_back(
        {.path = path, .file = std::to_string(event.wd) + "/" + std::string(name), .kind = KindOf(event.mask)});
  }
}

}  // namespace rblitz
