// The greylist on disk: a journal of changed rows, and snapshots that make older journals needless.
//
// A folder has `lock`, `journal-N` and `snapshot`. A new row is in the journal once Append has returned; a snapshot is
// walked while the journal goes on in a new file, and takes its name only when it is on the disk as a whole, with all
// that it makes needless still there. Rows join in any order, any number of times (tables/triplet_row.h), so what
// stands in both is no harm. Kept is what was appended: kill -9 and loss of power cost what was not.
//
// Loading reads the snapshot, then the journals. A torn tail is left out and told of; so is a damaged block, and what
// follows where nobody knows the next one's beginning. Both stay on the disk until the next snapshot; a damaged file
// keeps a second name, with .damaged at its end, until somebody removes it. A file that is something else, or of
// another version or scheme of keys, is an error and is left alone.
//
// After a write that failed, what was half written is cut off again and the same rows can be given once more; after a
// sync that failed, the file is given up, because its pages may be lost (fsync(2)), and the journal goes on in a new
// one.
//
// Thread-safety: one thread. Errors: with the file's name and the reason; nothing that is on disk is lost by one.
// Cost: Append writes and syncs once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "loaders/grey_format.h"
#include "loaders/grey_reader.h"
#include "loaders/unique_fd.h"
#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

// The calls that can fail on a disk; tests put their own in.
struct DiskCalls {
  std::function<ssize_t(int, const void*, size_t)> write;
  std::function<int(int)> sync;

  static DiskCalls Real();
};

struct GreyLoad {
  uint64_t snapshot_rows = 0;
  uint64_t journal_rows = 0;
  uint64_t cut_bytes = 0;          // torn tails, and what followed damage
  std::vector<std::string> notes;  // one for each file that was not whole
};

class GreyStore {
 public:
  // Makes the folder, or finds what is there. Errors: another server has it; it cannot be written; a foreign file.
  [[nodiscard]] static Result<std::unique_ptr<GreyStore>> Open(const std::string& folder,
                                                               DiskCalls calls = DiskCalls::Real());

  // Of the table that the rows are for.
  [[nodiscard]] uint64_t seed() const { return seed_; }

  using TakeRows = TakeGreyRows;
  // All rows, a block at a time, in the order in which they stand. Call it once, before the first Append.
  [[nodiscard]] Result<GreyLoad> Load(const TakeRows& take);

  // On the disk when it returns without an error.
  [[nodiscard]] Status Append(std::span<const TripletRow> rows);

  // `walk` calls its argument with every row of the table; the journal has gone on in a new file by then, and may be
  // appended to in between.
  // No step takes long, and `between` is called between them, for the same.
  [[nodiscard]] Status Snapshot(
      const std::function<void(const std::function<void(const TripletRow&)>&)>& walk,
      const std::function<void()>& between = [] {});

  // Somebody has removed or moved what had been written: until a snapshot is made, the disk lacks rows.
  [[nodiscard]] bool has_lost_files() const { return has_lost_files_; }

  // Of all journals, since the last snapshot.
  [[nodiscard]] uint64_t journal_bytes() const { return journal_bytes_; }

 private:
  struct File {
    UniqueFd fd;
    std::string path;
    GreyHeader header;
    uint64_t blocks = 0;
    uint64_t bytes = 0;  // on the disk, whole blocks only
  };

  GreyStore(std::string folder, UniqueFd lock, DiskCalls calls)
      : folder_(std::move(folder)), lock_(std::move(lock)), calls_(std::move(calls)) {}

  [[nodiscard]] static Result<UniqueFd> Lock(const std::string& folder);
  [[nodiscard]] Status FindFiles();
  [[nodiscard]] Status FindFolder();
  [[nodiscard]] Status LoadFile(const std::string& path, bool is_last, uint64_t* rows, GreyLoad* load,
                                const TakeRows& take);
  [[nodiscard]] Result<File> Create(const std::string& path, GreyFileKind kind, uint64_t number);
  [[nodiscard]] Status NextJournal();
  [[nodiscard]] Status WriteBlock(File* file, std::span<const TripletRow> rows);
  [[nodiscard]] Status WriteAll(const File& file, const std::string& text);
  [[nodiscard]] Status SyncFolder();
  [[nodiscard]] std::string JournalPath(uint64_t number) const;

  const std::string folder_;
  UniqueFd lock_;
  const DiskCalls calls_;
  uint64_t seed_ = 0;
  std::vector<uint64_t> journals_;  // their numbers, ascending; the last may be open in journal_
  bool has_snapshot_ = false;
  bool has_lost_files_ = false;
  File journal_;
  uint64_t journal_bytes_ = 0;
  std::string text_;  // of the block that is being written
};

}  // namespace rblitz
