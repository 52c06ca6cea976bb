#include "loaders/grey_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "loaders/unique_fd.h"

namespace rblitz {

namespace {

constexpr size_t kReadBytes = size_t{8} << 20;
static_assert(kReadBytes > 2 * kMaxGreyBlockBytes);

tl::unexpected<Error> FailErrno(const std::string& path, const char* what) {
  return Fail(path + ": " + what + ": " + std::strerror(errno));
}

// What of a file is not read yet, a block at a time.
class Reader {
 public:
  Reader(std::string path, UniqueFd fd)
      : path_(std::move(path)), fd_(std::move(fd)), bytes_(std::make_unique_for_overwrite<char[]>(kReadBytes)) {}

  // At least one block's worth, unless the file ends before.
  [[nodiscard]] Result<std::string_view> Peek() {
    if (!ended_ && end_ - at_ < kMaxGreyBlockBytes) {
      if (Status read = Refill(); !read) return tl::unexpected(read.error());
    }
    return std::string_view(&bytes_[at_], end_ - at_);
  }
  void Take(size_t bytes) {
    at_ += bytes;
    taken_ += bytes;
  }
  [[nodiscard]] uint64_t taken() const { return taken_; }

 private:
  Status Refill() {
    std::memmove(&bytes_[0], &bytes_[at_], end_ - at_);
    end_ -= std::exchange(at_, 0);
    while (end_ < kReadBytes) {
      const ssize_t got = read(fd_.get(), &bytes_[end_], kReadBytes - end_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return FailErrno(path_, "cannot read");
      ended_ = got == 0;
      if (ended_) break;
      end_ += static_cast<size_t>(got);
    }
    return {};
  }

  std::string path_;
  UniqueFd fd_;
  std::unique_ptr<char[]> bytes_;
  size_t at_ = 0;
  size_t end_ = 0;
  bool ended_ = false;
  uint64_t taken_ = 0;
};

// What a file has that could not be taken from it.
struct Damage {
  std::string what;      // the first of it; empty: none
  uint64_t bytes = 0;    // that are left out
  bool is_torn = false;  // a write that was not ended is all of it
};

// A damaged file gets a second name, under which it stays when a snapshot makes it needless.
std::string NoteOf(const std::string& path, const Damage& damage) {
  std::string note = path + ": " + damage.what + ": " + std::to_string(damage.bytes) + " bytes are left out";
  if (!damage.is_torn) {
    const std::string kept = path + ".damaged";
    unlink(kept.c_str());
    if (link(path.c_str(), kept.c_str()) == 0)
      note += ", which no stop in the middle of a write explains: kept as " + kept;
  }
  return note;
}

}  // namespace

Result<GreyHeader> ReadGreyHeader(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return FailErrno(path, "cannot open");
  char bytes[kGreyHeaderBytes];
  const ssize_t got = pread(fd.get(), bytes, sizeof(bytes), 0);
  if (got < 0) return FailErrno(path, "cannot read");
  Result<GreyHeader> header = ParseGreyHeader({bytes, static_cast<size_t>(got)});
  if (!header) return Fail(path + ": " + header.error().message);
  return header;
}

Result<GreyFileRead> ReadGreyFile(const std::string& path, bool is_last, const TakeGreyRows& take) {
  const Result<GreyHeader> header = ReadGreyHeader(path);
  if (!header) return tl::unexpected(header.error());
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) return FailErrno(path, "cannot open");
  const bool is_snapshot = header->kind == GreyFileKind::kSnapshot;
  GreyFileRead result{.header = *header};
  Reader reader(path, std::move(fd));
  uint64_t number = 0;
  std::vector<TripletRow> block_rows;
  Damage damage;
  for (bool ended = false; !ended;) {
    const Result<std::string_view> bytes = reader.Peek();
    if (!bytes) return tl::unexpected(bytes.error());
    if (bytes->empty()) {
      if (is_snapshot && damage.what.empty()) damage.what = "has no end";
      break;
    }
    if (reader.taken() == 0) {
      reader.Take(std::min(kGreyHeaderBytes, bytes->size()));
      continue;
    }
    const Result<size_t> block = ParseGreyBlock(*bytes, header->salt, number++, &block_rows);
    if (block) {
      take(block_rows);
      result.rows += block_rows.size();
      reader.Take(*block);
      ended = is_snapshot && block_rows.empty();
      continue;
    }
    if (damage.what.empty()) damage.what = block.error().message;
    // 0: nobody knows where the next block begins.
    const size_t skipped = DamagedGreyBlock(*bytes, number - 1).value_or(0);
    damage.is_torn = skipped == 0 && damage.bytes == 0 && !is_snapshot && (is_last || IsCutShortGreyBlock(*bytes));
    damage.bytes += skipped != 0 ? skipped : static_cast<uint64_t>(status.st_size) - reader.taken();
    reader.Take(skipped);
    ended = skipped == 0;
  }
  result.bytes = reader.taken();
  result.cut_bytes = damage.bytes;
  if (!damage.what.empty()) result.note = NoteOf(path, damage);
  return result;
}

}  // namespace rblitz
