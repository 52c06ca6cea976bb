#include "loaders/grey_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "loaders/grey_reader.h"

namespace rblitz {

namespace {

constexpr std::string_view kJournalPrefix = "journal-";
constexpr const char* kLock = "/lock";
constexpr const char* kSnapshot = "/snapshot";
constexpr const char* kSnapshotBeingWritten = "/snapshot.new";
constexpr size_t kSnapshotBlockRows = 4096;
// Written at once, so that no sync takes so long that the journal waits.
constexpr size_t kUnsyncedBlocks = 32;

tl::unexpected<Error> FailErrno(const std::string& path, const char* what) {
  return Fail(path + ": " + what + ": " + std::strerror(errno));
}

uint64_t RandomNumber() {
  uint64_t number = 0;
  while (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
  }
  return number;
}

std::optional<uint64_t> JournalNumber(std::string_view name) {
  if (!name.starts_with(kJournalPrefix)) return std::nullopt;
  name.remove_prefix(kJournalPrefix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number == 0) return std::nullopt;
  return number;
}

// A file that was being made when the machine stopped: nothing was appended to it yet, and what there is of its header
// is ours, or zeros that a file system left.
bool IsUnfinished(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char bytes[kGreyHeaderBytes];
  const ssize_t got = fd ? pread(fd.get(), bytes, sizeof(bytes), 0) : -1;
  if (got < 0 || got == static_cast<ssize_t>(sizeof(bytes))) return false;
  const std::string_view text(bytes, static_cast<size_t>(got));
  const std::string ours = GreyHeaderText({.kind = GreyFileKind::kJournal});
  const size_t magic = std::min(text.size(), kGreyMagicBytes);
  return text.substr(0, magic) == std::string_view(ours).substr(0, magic) ||
         text.find_first_not_of('\0') == std::string_view::npos;
}

// Neither removed nor moved, nor its folder.
bool IsAt(const UniqueFd& file, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return fstat(file.get(), &opened) == 0 && stat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

}  // namespace

DiskCalls DiskCalls::Real() {
  return {.write = [](int fd, const void* bytes, size_t size) { return ::write(fd, bytes, size); },
          .sync = [](int fd) { return fdatasync(fd); }};
}

Result<std::unique_ptr<GreyStore>> GreyStore::Open(const std::string& folder, DiskCalls calls) {
  Result<UniqueFd> lock = Lock(folder);
  if (!lock) return tl::unexpected(lock.error());
  std::unique_ptr<GreyStore> store(new GreyStore(folder, *std::move(lock), std::move(calls)));
  if (Status found = store->FindFiles(); !found) return tl::unexpected(found.error());
  return store;
}

// Of a folder that is made if need be.
Result<UniqueFd> GreyStore::Lock(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail(folder + ": cannot make this folder: " + error.message());
  UniqueFd lock(open((folder + kLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return FailErrno(folder + kLock, "cannot open");
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return Fail(folder + ": is used by another server");
  return lock;
}

// One that somebody has removed is made again, if nobody else has meanwhile.
Status GreyStore::FindFolder() {
  if (IsAt(lock_, folder_ + kLock)) return {};
  has_lost_files_ = true;
  Result<UniqueFd> lock = Lock(folder_);
  if (!lock) return tl::unexpected(lock.error());
  lock_ = *std::move(lock);
  return {};
}

std::string GreyStore::JournalPath(uint64_t number) const {
  return folder_ + "/" + std::string(kJournalPrefix) + std::to_string(number);
}

// Looks into every header, so that a file that is not ours is told of before anything is changed.
Status GreyStore::FindFiles() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (const auto number = JournalNumber(entry.path().filename().string())) journals_.push_back(*number);
  }
  if (error) return Fail(folder_ + ": cannot list this folder: " + error.message());
  std::sort(journals_.begin(), journals_.end());
  if (!journals_.empty() && IsUnfinished(JournalPath(journals_.back()))) {
    const std::string path = JournalPath(journals_.back());
    if (unlink(path.c_str()) != 0) return FailErrno(path, "cannot remove");
    journals_.pop_back();
  }
  unlink((folder_ + kSnapshotBeingWritten).c_str());  // whoever wrote it is gone
  has_snapshot_ = std::filesystem::exists(folder_ + kSnapshot, error);
  std::vector<std::string> paths;
  if (has_snapshot_) paths.push_back(folder_ + kSnapshot);
  for (const uint64_t number : journals_) paths.push_back(JournalPath(number));
  for (const std::string& path : paths) {
    const Result<GreyHeader> header = ReadGreyHeader(path);
    if (!header) return tl::unexpected(header.error());
    if (seed_ != 0 && header->seed != seed_) return Fail(path + ": belongs to another store");
    seed_ = header->seed;
  }
  while (seed_ == 0) seed_ = RandomNumber();
  return {};
}

Result<GreyLoad> GreyStore::Load(const TakeRows& take) {
  GreyLoad load;
  Status all;
  journal_bytes_ = 0;
  const auto read = [&](const std::string& path, bool is_last, uint64_t* rows) {
    const Status loaded = LoadFile(path, is_last, rows, &load, take);
    if (!loaded && all) all = loaded;
  };
  if (has_snapshot_) read(folder_ + kSnapshot, false, &load.snapshot_rows);
  for (const uint64_t number : journals_) {
    read(JournalPath(number), number == journals_.back(), &load.journal_rows);
  }
  if (!all) return tl::unexpected(all.error());
  return load;
}

Status GreyStore::LoadFile(const std::string& path, bool is_last, uint64_t* rows, GreyLoad* load,
                           const TakeRows& take) {
  Result<GreyFileRead> read = ReadGreyFile(path, is_last, take);
  if (!read) return tl::unexpected(read.error());
  *rows += read->rows;
  load->cut_bytes += read->cut_bytes;
  if (!read->note.empty()) load->notes.push_back(std::move(read->note));
  if (read->header.kind == GreyFileKind::kJournal) journal_bytes_ += read->bytes;
  return {};
}

Result<GreyStore::File> GreyStore::Create(const std::string& path, GreyFileKind kind, uint64_t number) {
  File file;
  file.path = path;
  file.header = {.kind = kind, .salt = RandomNumber(), .seed = seed_, .number = number};
  file.fd = UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.fd) return FailErrno(path, "cannot create");
  if (Status written = WriteAll(file, GreyHeaderText(file.header)); !written) return tl::unexpected(written.error());
  if (calls_.sync(file.fd.get()) != 0) return FailErrno(path, "cannot sync");
  file.bytes = kGreyHeaderBytes;
  return file;
}

Status GreyStore::NextJournal() {
  if (Status found = FindFolder(); !found) return found;
  const uint64_t number = journals_.empty() ? 1 : journals_.back() + 1;
  Result<File> next = Create(JournalPath(number), GreyFileKind::kJournal, number);
  if (!next) {
    unlink(JournalPath(number).c_str());
    return tl::unexpected(next.error());
  }
  if (Status synced = SyncFolder(); !synced) return synced;
  journal_ = *std::move(next);
  journals_.push_back(number);
  journal_bytes_ += journal_.bytes;
  return {};
}

Status GreyStore::WriteAll(const File& file, const std::string& text) {
  for (std::string_view left = text; !left.empty();) {
    const ssize_t written = calls_.write(file.fd.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = ENOSPC;
    if (written <= 0) return FailErrno(file.path, "cannot write");
    left.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status GreyStore::WriteBlock(File* file, std::span<const TripletRow> rows) {
  text_.clear();
  AppendGreyBlock(rows, file->header.salt, file->blocks, &text_);
  if (Status written = WriteAll(*file, text_); !written) {
    // Back to where the file was whole. If that fails too, the next load cuts it off.
    if (ftruncate(file->fd.get(), static_cast<off_t>(file->bytes)) != 0 ||
        lseek(file->fd.get(), static_cast<off_t>(file->bytes), SEEK_SET) < 0) {
      file->fd = UniqueFd();
    }
    return written;
  }
  file->blocks += 1;
  file->bytes += text_.size();
  return {};
}

Status GreyStore::Append(std::span<const TripletRow> rows) {
  if (!journal_.fd) {
    if (Status next = NextJournal(); !next) return next;
  }
  if (has_snapshot_ && access((folder_ + kSnapshot).c_str(), F_OK) != 0) has_lost_files_ = true;
  while (!rows.empty()) {
    const auto block = rows.first(std::min<size_t>(rows.size(), kMaxGreyBlockRows));
    if (Status written = WriteBlock(&journal_, block); !written) return written;
    journal_bytes_ += text_.size();
    rows = rows.subspan(block.size());
  }
  if (calls_.sync(journal_.fd.get()) != 0) {
    const auto failed = FailErrno(journal_.path, "cannot sync");
    journal_.fd = UniqueFd();
    return failed;
  }
  if (!IsAt(journal_.fd, journal_.path)) {
    has_lost_files_ = true;
    journal_.fd = UniqueFd();
    return Fail(journal_.path + ": is no longer there");
  }
  return {};
}

Status GreyStore::Snapshot(const std::function<void(const std::function<void(const TripletRow&)>&)>& walk,
                           const std::function<void()>& between) {
  // The last journal, of which the snapshot has all, ends here. One without blocks serves on, so that snapshots that
  // fail leave no trail of journals.
  if (!journal_.fd || journal_.blocks > 0 || !IsAt(journal_.fd, journal_.path)) {
    if (Status next = NextJournal(); !next) return next;
  }
  const uint64_t bytes_before = journal_bytes_ - journal_.bytes;
  const std::string path = folder_ + kSnapshotBeingWritten;
  Result<File> file = Create(path, GreyFileKind::kSnapshot, journal_.header.number);
  if (!file) return tl::unexpected(file.error());
  std::vector<TripletRow> rows;
  Status status;
  const auto sync = [&] {
    if (status && calls_.sync(file->fd.get()) != 0) status = FailErrno(path, "cannot sync");
  };
  const auto flush = [&] {
    if (status && !rows.empty()) status = WriteBlock(&*file, rows);
    if (file->blocks % kUnsyncedBlocks == 0) sync();
    rows.clear();
  };
  walk([&](const TripletRow& row) {
    rows.push_back(row);
    if (rows.size() == kSnapshotBlockRows) flush();
  });
  flush();
  if (status) status = WriteBlock(&*file, {});
  between();
  sync();
  between();
  if (status && rename(path.c_str(), (folder_ + kSnapshot).c_str()) != 0) status = FailErrno(path, "cannot rename");
  if (status) status = SyncFolder();
  if (!status) {
    unlink(path.c_str());
    return status;
  }
  has_snapshot_ = true;
  has_lost_files_ = false;
  // Only now: until here each row is in the old snapshot or in a journal.
  while (journals_.front() != file->header.number) {
    const std::string old = JournalPath(journals_.front());
    if (unlink(old.c_str()) != 0 && errno != ENOENT) return FailErrno(old, "cannot remove");
    between();
    journals_.erase(journals_.begin());
  }
  journal_bytes_ -= bytes_before;
  return {};
}

Status GreyStore::SyncFolder() {
  const UniqueFd fd(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || calls_.sync(fd.get()) != 0) return FailErrno(folder_, "cannot sync this folder");
  return {};
}

}  // namespace rblitz
