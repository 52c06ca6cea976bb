#include "cli/override_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <sstream>
#include <string_view>
#include <utility>

#include "cli/control_client.h"
#include "cli/whole_file.h"
#include "loaders/unique_fd.h"

namespace rblitz {

namespace {

constexpr int kVersion = 1;

Json Header(size_t count) { return {{"rblitz", "overrides"}, {"version", kVersion}, {"overrides", count}}; }

// Whole and on the disk before it takes the place of the one before; whatever ends the process or the machine, one of
// the two is there. What an earlier process left, or somebody else laid there, is not written to.
Status WriteFile(const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".tmp";
  unlink(fresh.c_str());
  {
    const UniqueFd fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return FailErrno(fresh, "cannot open");
    if (Status written = WriteAll(fresh, fd.get(), bytes); !written) return written;
    if (fsync(fd.get()) != 0) return FailErrno(fresh, "cannot sync");
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return FailErrno(path, "cannot rename to this");
  return {};
}

// That the file has its new name.
Status SyncFolder(const std::string& folder) {
  const UniqueFd directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || fsync(directory.get()) != 0) return FailErrno(folder, "cannot sync");
  return {};
}

Result<std::string> ReadFile(const std::string& path, int fd) {
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(path, "cannot read");
    if (n == 0) return text;
    text.append(buffer, static_cast<size_t>(n));
  }
}

}  // namespace

Result<OverrideStore> OverrideStore::Open(const std::string& folder) {
  OverrideStore store(folder);
  if (Status read = store.Read(); !read) return tl::unexpected<Error>(read.error());
  return store;
}

Status OverrideStore::Read() {
  // Without waiting: a pipe that somebody laid there would hold up the start.
  const UniqueFd fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return {};
  if (!fd) return FailErrno(path_, "cannot open");
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return FailErrno(path_, "cannot stat");
  if (!S_ISREG(status.st_mode)) return Fail(path_ + ": is no regular file");
  const Result<std::string> text = ReadFile(path_, fd.get());
  if (!text) return tl::unexpected<Error>(text.error());
  ReadLines(*text);
  return problems_.empty() ? Status() : KeepAside();
}

void OverrideStore::ReadLines(const std::string& text) {
  std::istringstream in(text);
  size_t number = 0;
  const auto wrong = [&](const std::string& what) {
    problems_.push_back(path_ + ":" + std::to_string(number) + ": " + what);
  };
  size_t promised = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const Json json = ParseJson(line);
    if (number == 1) {
      const bool is_ours = json.is_object() && json.value("rblitz", Json()) == "overrides" &&
                           json.value("version", Json()) == kVersion &&
                           json.value("overrides", Json()).is_number_unsigned();
      if (!is_ours) wrong("is no file of overrides of this version");
      if (is_ours) promised = json["overrides"].get<size_t>();
      continue;
    }
    Result<Override> override = OverrideFromJson(json);
    if (override) {
      overrides_.push_back(*std::move(override));
    } else {
      wrong(override.error().message);
    }
  }
  if (number == 0) wrong("is empty");
  if (problems_.empty() && overrides_.size() != promised) {
    wrong("has " + std::to_string(overrides_.size()) + " overrides, not " + std::to_string(promised));
  }
}

// Under a name that nobody has yet, so that a second start does not overwrite it.
Status OverrideStore::KeepAside() {
  std::string aside;
  struct stat status;
  for (int64_t stamp = std::time(nullptr);; ++stamp) {
    aside = path_ + ".broken-" + std::to_string(stamp);
    if (lstat(aside.c_str(), &status) != 0) break;
  }
  if (link(path_.c_str(), aside.c_str()) != 0) return FailErrno(aside, "cannot link");
  problems_.push_back(path_ + ": kept aside as " + aside);
  return Replace(overrides_);
}

Status OverrideStore::Replace(std::vector<Override> next) {
  if (next.size() > kMost)
    return Fail("there are " + std::to_string(kMost) + " overrides already: that is what a feed is for");
  std::string text = DumpJson(Header(next.size())) + "\n";
  for (const Override& override : next) text += DumpJson(OverrideJson(override)) + "\n";
  if (Status written = WriteFile(path_, text); !written) return written;
  // The file is the new one from here on, whatever becomes of its name in a crash: that is no failure any more.
  const Status synced = SyncFolder(folder_);
  unsynced_ = synced ? "" : synced.error().message;
  overrides_ = std::move(next);
  return {};
}

}  // namespace rblitz
