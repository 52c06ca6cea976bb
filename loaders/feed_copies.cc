#include "loaders/feed_copies.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "loaders/inflating_source.h"

namespace rblitz {

namespace {

// Lists shrink to a third at the fastest level, and a copy must not keep a core from its work.
constexpr int kLevel = 1;
constexpr size_t kChunk = size_t{128} << 10;

tl::unexpected<Error> FailErrno(const std::string& path, const char* what) {
  return Fail(path + ": " + what + ": " + std::strerror(errno));
}

// Compresses into a file.
class ZstdFile {
 public:
  ZstdFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)), out_(ZSTD_CStreamOutSize()) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  [[nodiscard]] Status Write(std::string_view bytes) { return Compress(bytes, ZSTD_e_continue); }

  // Everything is on the disk afterwards.
  [[nodiscard]] Status Finish() {
    if (Status ended = Compress({}, ZSTD_e_end); !ended) return ended;
    if (fsync(fd_.get()) != 0) return FailErrno(path_, "cannot sync");
    return {};
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  Status Compress(std::string_view bytes, ZSTD_EndDirective end) {
    ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer out = {out_.data(), out_.size(), 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &out, &in, end);
      if (ZSTD_isError(left) != 0) return Fail(path_ + ": cannot compress: " + ZSTD_getErrorName(left));
      if (Status written = WriteAll({out_.data(), out.pos}); !written) return written;
      if (end == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
    }
  }

  Status WriteAll(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno != EINTR) return FailErrno(path_, "cannot write");
      if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
    }
    return {};
  }

  const std::string path_;
  const UniqueFd fd_;
  const std::unique_ptr<ZSTD_CCtx, Free> context_{ZSTD_createCCtx()};
  std::vector<char> out_;
};

using GoOn = FeedCopies::GoOn;

Status WriteFiles(ZstdFile* out, const CopyInfo& info, FeedFiles* files, const GoOn& go_on) {
  std::vector<char> chunk(kChunk);
  for (size_t i = 0; i < files->sources.size(); ++i) {
    uint64_t size = 0;
    for (;;) {
      if (go_on && !go_on()) return Fail("copying was stopped");
      const Result<size_t> n = files->sources[i]->Read(chunk.data(), chunk.size());
      if (!n) return tl::unexpected(n.error());
      if (Status written = out->Write({chunk.data(), *n}); !written) return written;
      size += *n;
      if (*n < chunk.size()) break;
    }
    if (size != info.identities[i].size) return Fail(info.paths[i] + ": changed while it was copied");
  }
  return {};
}

Status WriteCopy(const std::string& path, const CopyInfo& info, FeedFiles* files, const GoOn& go_on) {
  const Result<std::string> header = CopyHeader(info);
  if (!header) return tl::unexpected(header.error());
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return FailErrno(path, "cannot open");
  ZstdFile out(path, std::move(fd));
  if (Status written = out.Write(*header); !written) return written;
  if (Status written = WriteFiles(&out, info, files, go_on); !written) return written;
  return out.Finish();
}

Status Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return FailErrno(to, "cannot rename to this");
  return {};
}

// So that the names in it are on the disk.
Status SyncFolder(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) return FailErrno(path, "cannot sync");
  return {};
}

}  // namespace

Result<FeedCopy> ReadFeedCopy(const std::string& path) {
  Result<std::unique_ptr<FileSource>> file = FileSource::Open(path);
  if (!file) return tl::unexpected(file.error());
  Result<FeedCopy> copy = ReadCopy(std::make_unique<InflatingSource>(path, *std::move(file)));
  if (!copy) return Fail(path + ": " + copy.error().message);
  return copy;
}

Result<std::unique_ptr<FeedCopies>> FeedCopies::Open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail(folder + ": cannot be made: " + error.message());
  const std::string path = folder + "/.lock";
  UniqueFd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return FailErrno(path, "cannot open");
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return Fail(folder + ": is used by another server");
  return std::unique_ptr<FeedCopies>(new FeedCopies(folder, std::move(lock)));
}

std::string FeedCopies::Path(const std::string& feed, const char* name) const {
  return folder_ + "/" + feed + "/" + name;
}

std::string FeedCopies::Path(const std::string& feed, Age age) const {
  return Path(feed, age == Age::kCurrent ? "current" : "previous");
}

bool FeedCopies::Has(const std::string& feed, Age age) const { return access(Path(feed, age).c_str(), F_OK) == 0; }

Result<FeedCopy> FeedCopies::Read(const std::string& feed, Age age) const { return ReadFeedCopy(Path(feed, age)); }

Result<CopyInfo> FeedCopies::Info(const std::string& feed, Age age) const {
  Result<FeedCopy> copy = Read(feed, age);
  if (!copy) return tl::unexpected(copy.error());
  return std::move(copy->info);
}

Status FeedCopies::Keep(const std::string& feed, const CopyInfo& info, FeedFiles* files, const GoOn& go_on) const {
  if (const Result<CopyInfo> current = Info(feed, Age::kCurrent); current && *current == info) return {};
  const std::string folder = folder_ + "/" + feed;
  if (mkdir(folder.c_str(), 0700) == 0) {
    if (Status synced = SyncFolder(folder_); !synced) return synced;  // or a power cut takes the feed's folder with it
  } else if (errno != EEXIST) {
    return FailErrno(folder, "cannot make");
  }
  const std::string fresh = Path(feed, "new.tmp");
  if (Status written = WriteCopy(fresh, info, files, go_on); !written) {
    unlink(fresh.c_str());
    return written;
  }
  // There is a current copy at every moment: until the last rename both names are the old one's.
  if (Has(feed, Age::kCurrent)) {
    const std::string old = Path(feed, "old.tmp");
    unlink(old.c_str());
    if (link(Path(feed, Age::kCurrent).c_str(), old.c_str()) != 0) return FailErrno(old, "cannot link");
    if (Status renamed = Rename(old, Path(feed, Age::kPrevious)); !renamed) return renamed;
    // Renaming one name of a file over another name of the same file does nothing.
    unlink(old.c_str());
  }
  if (Status renamed = Rename(fresh, Path(feed, Age::kCurrent)); !renamed) return renamed;
  return SyncFolder(folder);
}

Status FeedCopies::Swap(const std::string& feed) const {
  const std::string current = Path(feed, Age::kCurrent);
  const std::string previous = Path(feed, Age::kPrevious);
  if (renameat2(AT_FDCWD, previous.c_str(), AT_FDCWD, current.c_str(), RENAME_EXCHANGE) != 0) {
    return FailErrno(current, "cannot exchange with the previous copy");
  }
  return SyncFolder(folder_ + "/" + feed);
}

}  // namespace rblitz
