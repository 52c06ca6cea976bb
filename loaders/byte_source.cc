#include "loaders/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rblitz {

namespace {

int64_t Nanoseconds(const timespec& time) noexcept { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

tl::unexpected<Error> FailErrno(const std::string& path, const char* what) {
  return Fail(path + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

FileIdentity IdentityOf(const struct stat& status) noexcept {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<uint64_t>(status.st_size),
          .modified_ns = Nanoseconds(status.st_mtim),
          .changed_ns = Nanoseconds(status.st_ctim)};
}

Result<std::unique_ptr<FileSource>> FileSource::Open(const std::string& path) {
  // O_NONBLOCK: opening a FIFO that nobody writes to must not wait; regular files ignore it.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return FailErrno(path, "cannot open");
  struct stat status;
  if (fstat(fd, &status) != 0) {
    const auto failure = FailErrno(path, "cannot stat");
    close(fd);
    return failure;
  }
  std::unique_ptr<FileSource> source(new FileSource(path, fd, IdentityOf(status)));
  if (S_ISDIR(status.st_mode)) return Fail(path + ": is a directory");
  if (!S_ISREG(status.st_mode)) return Fail(path + ": is not a regular file");
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return source;
}

FileSource::FileSource(std::string path, int fd, const FileIdentity& identity)
    : path_(std::move(path)), fd_(fd), identity_(identity) {}

FileSource::~FileSource() { close(fd_); }

Result<size_t> FileSource::Read(char* out, size_t size) {
  size_t filled = 0;
  while (filled < size) {
    const ssize_t n = pread(fd_, out + filled, size - filled, offset_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(path_, "cannot read");
    if (n == 0) {
      if (const Status unchanged = CheckUnchanged(); !unchanged) return tl::unexpected(unchanged.error());
      break;
    }
    filled += static_cast<size_t>(n);
    offset_ += n;
  }
  return filled;
}

Result<std::unique_ptr<FileSource>> FileSource::Again() const {
  const int fd = fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return FailErrno(path_, "cannot open once more");
  return std::unique_ptr<FileSource>(new FileSource(path_, fd, identity_));
}

Status FileSource::CheckUnchanged() const {
  struct stat status;
  if (fstat(fd_, &status) != 0) return FailErrno(path_, "cannot stat");
  FileIdentity now = IdentityOf(status);
  // Replacing the file by rename changes the old inode's ctime, but not what is read from it.
  now.changed_ns = identity_.changed_ns;
  if (now != identity_) return Fail(path_ + ": changed while it was read");
  return {};
}

Result<size_t> MemorySource::Read(char* out, size_t size) {
  const size_t n = std::min(size, rest_.size());
  if (n > 0) std::memcpy(out, rest_.data(), n);
  rest_.remove_prefix(n);
  return n;
}

}  // namespace rblitz
