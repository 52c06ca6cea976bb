#include "cli/grey_merge.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "loaders/grey_store.h"

namespace rblitz {

namespace {

using Rows = std::vector<TripletRow>;

constexpr uint64_t kProgressRows = 1 << 16;

// The process as the owner of a folder, where it may be that: files that root made there would be of no use to a server
// that is not root.
class AsOwner {
 public:
  [[nodiscard]] static Result<AsOwner> Of(const std::string& folder) {
    struct stat status {};
    if (geteuid() != 0 || stat(folder.c_str(), &status) != 0) return AsOwner();
    if (setegid(status.st_gid) != 0 || seteuid(status.st_uid) != 0) {
      return Fail(folder + ": cannot become its owner: " + std::strerror(errno));
    }
    return AsOwner(true);
  }
  AsOwner(AsOwner&& other) noexcept : changed_(std::exchange(other.changed_, false)) {}
  AsOwner& operator=(AsOwner&&) = delete;
  ~AsOwner() {
    if (changed_ && (seteuid(getuid()) != 0 || setegid(getgid()) != 0)) std::terminate();
  }

 private:
  explicit AsOwner(bool changed = false) : changed_(changed) {}

  bool changed_;
};

// What a store's folder has, apart from what is not a store's.
bool IsOfStore(const std::string& name) {
  return name == "lock" || name == "snapshot" || name == "snapshot.new" || name.starts_with("journal-");
}

// Opening makes a store of any folder; a mistyped one must not become one.
Status CheckStore(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (IsOfStore(entry.path().filename().string())) return {};
  }
  return Fail(folder + ": " + (error ? error.message() : "there is no store of a greylist"));
}

// A folder that is not there, or has at most what a merge that was killed has left.
Status CheckTarget(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return {};
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!IsOfStore(name) || name == "snapshot") return Fail(folder + ": is not empty");
  }
  if (error) return Fail(folder + ": " + error.message());
  return {};
}

// One row for each key.
void SortAndJoin(Rows* rows) {
  std::sort(rows->begin(), rows->end(), [](const TripletRow& a, const TripletRow& b) { return a.key < b.key; });
  size_t kept = 0;
  for (const TripletRow& row : *rows) {
    if (kept > 0 && (*rows)[kept - 1].key == row.key) {
      (*rows)[kept - 1] = Join((*rows)[kept - 1], row);
    } else {
      (*rows)[kept++] = row;
    }
  }
  rows->resize(kept);
}

// At most as many as its files have room for.
size_t RowsIn(const std::string& folder) {
  std::error_code error;
  uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::error_code gone;
    const uintmax_t size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone && IsOfStore(entry.path().filename().string())) bytes += size;
  }
  return static_cast<size_t>(bytes / kGreyRowBytes);
}

class Merging {
 public:
  Merging(const GreyMerge& merge, const GreyProgress& progress) : merge_(merge), progress_(progress) {}

  [[nodiscard]] Result<Rows> Load(const std::string& folder, GreyStore* store) {
    Rows rows;
    rows.reserve(RowsIn(folder));
    uint64_t read = 0;
    const auto loaded = store->Load([&](std::span<const TripletRow> some) {
      for (const TripletRow& row : some) {
        if (++read % kProgressRows == 0 && progress_) progress_("reading " + folder, read);
        const TripletRow clamped = Clamped(row, merge_.now);
        if (!IsExpired(clamped, merge_.rules, merge_.now)) rows.push_back(clamped);
      }
    });
    if (!loaded) return tl::unexpected(loaded.error());
    merged_.notes.insert(merged_.notes.end(), loaded->notes.begin(), loaded->notes.end());
    SortAndJoin(&rows);
    return rows;
  }

  // Of a store that is only read.
  [[nodiscard]] Result<Rows> LoadFrom(const std::string& folder) {
    const auto store = GreyStore::Open(folder);
    if (!store) return tl::unexpected(store.error());
    return Load(folder, store->get());
  }

  // Both are sorted.
  [[nodiscard]] Result<GreyMerged> Write(const Rows& a, const Rows& b, const std::string& folder, GreyStore* store) {
    merged_.rows_a = a.size();
    merged_.rows_b = b.size();
    const Status written = store->Snapshot([&](const std::function<void(const TripletRow&)>& take) {
      auto at_b = b.begin();
      const auto put = [&](const TripletRow& row) {
        take(row);
        if (++merged_.rows % kProgressRows == 0 && progress_) progress_("writing " + folder, merged_.rows);
      };
      for (const TripletRow& row : a) {
        while (at_b != b.end() && at_b->key < row.key) put(*at_b++);
        const bool is_both = at_b != b.end() && at_b->key == row.key;
        put(is_both ? Join(row, *at_b++) : row);
      }
      while (at_b != b.end()) put(*at_b++);
    });
    if (!written) return tl::unexpected(written.error());
    return std::move(merged_);
  }

 private:
  const GreyMerge& merge_;
  const GreyProgress& progress_;
  GreyMerged merged_;
};

Result<GreyMerged> MergeInto(const GreyMerge& merge, const Rows& b, Merging* merging) {
  const Result<Rows> a = merging->LoadFrom(merge.a);
  if (!a) return tl::unexpected(a.error());
  const auto store = GreyStore::Open(merge.into);
  if (!store) return tl::unexpected(store.error());
  // A journal may be there, and none of its rows are known here.
  const auto loaded = (*store)->Load([](std::span<const TripletRow>) {});
  if (!loaded) return tl::unexpected(loaded.error());
  if (loaded->journal_rows > 0) return Fail(merge.into + ": is not empty");
  return merging->Write(*a, b, merge.into, store->get());
}

Result<GreyMerged> MergeIntoFirst(const GreyMerge& merge, const Rows& b, Merging* merging) {
  const Result<AsOwner> owner = AsOwner::Of(merge.a);
  if (!owner) return tl::unexpected(owner.error());
  const auto store = GreyStore::Open(merge.a);
  if (!store) return tl::unexpected(store.error());
  const Result<Rows> a = merging->Load(merge.a, store->get());
  if (!a) return tl::unexpected(a.error());
  return merging->Write(*a, b, merge.a, store->get());
}

}  // namespace

Result<GreyMerged> MergeGreyStores(const GreyMerge& merge, const GreyProgress& progress) {
  for (const std::string& folder : {merge.a, merge.b}) {
    if (Status is_store = CheckStore(folder); !is_store) return tl::unexpected(is_store.error());
  }
  std::error_code error;
  if (std::filesystem::equivalent(merge.a, merge.b, error)) return Fail(merge.b + ": is the same store");
  if (!merge.into.empty()) {
    if (Status is_free = CheckTarget(merge.into); !is_free) return tl::unexpected(is_free.error());
  }
  Merging merging(merge, progress);
  const Result<Rows> b = merging.LoadFrom(merge.b);
  if (!b) return tl::unexpected(b.error());
  return merge.into.empty() ? MergeIntoFirst(merge, *b, &merging) : MergeInto(merge, *b, &merging);
}

}  // namespace rblitz
