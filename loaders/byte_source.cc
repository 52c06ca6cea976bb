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

constexpr size_t kInputBytes = size_t{64} << 10;
constexpr int kGzipOnly = 16 + MAX_WBITS;  // zlib.h: "add 16 to decode only the gzip format"

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
    const ssize_t n = read(fd_, out + filled, size - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(path_, "cannot read");
    if (n == 0) {
      if (const Status unchanged = CheckUnchanged(); !unchanged) return tl::unexpected(unchanged.error());
      break;
    }
    filled += static_cast<size_t>(n);
  }
  return filled;
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

InflatingSource::InflatingSource(std::string name, std::unique_ptr<ByteSource> compressed)
    : name_(std::move(name)), compressed_(std::move(compressed)), input_(new char[kInputBytes]) {}

InflatingSource::~InflatingSource() { inflateEnd(&stream_); }

Result<size_t> InflatingSource::Read(char* out, size_t size) {
  if (mode_ == Mode::kUnknown) {
    if (const Status detected = Detect(); !detected) return tl::unexpected(detected.error());
  }
  switch (mode_) {
    case Mode::kPlain:
      return ReadPlain(out, size);
    case Mode::kGzip:
      return ReadGzip(out, size);
    default:
      return size_t{0};
  }
}

Status InflatingSource::Detect() {
  if (Status filled = Refill(); !filled) return filled;
  const bool gzip = stream_.avail_in >= 2 && stream_.next_in[0] == 0x1f && stream_.next_in[1] == 0x8b;
  mode_ = gzip ? Mode::kGzip : Mode::kPlain;
  if (gzip && inflateInit2(&stream_, kGzipOnly) != Z_OK) return Fail(name_ + ": cannot inflate: out of memory");
  return {};
}

// REQUIRES: all input is used. Leaves none at the end of the source.
Status InflatingSource::Refill() {
  const Result<size_t> n = compressed_->Read(input_.get(), kInputBytes);
  if (!n) return tl::unexpected(n.error());
  stream_.next_in = reinterpret_cast<Bytef*>(input_.get());
  stream_.avail_in = static_cast<uInt>(*n);
  return {};
}

Result<size_t> InflatingSource::ReadPlain(char* out, size_t size) {
  const size_t kept = std::min<size_t>(size, stream_.avail_in);
  std::memcpy(out, stream_.next_in, kept);
  stream_.next_in += kept;
  stream_.avail_in -= static_cast<uInt>(kept);
  if (kept == size) return size;
  Result<size_t> n = compressed_->Read(out + kept, size - kept);
  if (!n) return n;
  return kept + *n;
}

Result<size_t> InflatingSource::ReadGzip(char* out, size_t size) {
  stream_.next_out = reinterpret_cast<Bytef*>(out);
  stream_.avail_out = static_cast<uInt>(size);
  while (stream_.avail_out > 0 && mode_ == Mode::kGzip) {
    if (stream_.avail_in == 0) {
      if (const Status filled = Refill(); !filled) return tl::unexpected(filled.error());
      if (stream_.avail_in == 0) return Fail(name_ + ": truncated gzip data");
    }
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      if (const Status next = NextMember(); !next) return tl::unexpected(next.error());
    } else if (code != Z_OK) {
      return Fail(name_ + ": corrupt gzip data: " + (stream_.msg != nullptr ? stream_.msg : zError(code)));
    }
  }
  return size - stream_.avail_out;
}

// A gzip file is a series of members (RFC 1952 section 2.2); some writers pad it with zeros, as gzip(1) expects.
Status InflatingSource::NextMember() {
  for (;;) {
    if (stream_.avail_in == 0) {
      if (Status filled = Refill(); !filled) return filled;
    }
    if (stream_.avail_in == 0) {
      mode_ = Mode::kEnd;
      return {};
    }
    if (*stream_.next_in != 0) break;
    ++stream_.next_in;
    --stream_.avail_in;
  }
  if (*stream_.next_in != 0x1f) return Fail(name_ + ": corrupt gzip data: garbage after its end");
  inflateReset(&stream_);
  return {};
}

}  // namespace rblitz
