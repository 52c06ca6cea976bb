// Files of the greylist's store that are not its own, that somebody removes, or that go on while others are written.
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "tests/grey_store_fixture.h"

namespace rblitz {
namespace {

// That it was told of lost files ends with a snapshot, which has all of them.
void ExpectASnapshotMakesUpForIt(std::unique_ptr<GreyStore>* store, const std::string& folder, const Rows& all) {
  ASSERT_TRUE((*store)->Snapshot(WalkOf(all)));
  EXPECT_FALSE((*store)->has_lost_files());
  store->reset();
  const auto loaded = LoadAll(folder);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(SetOf(loaded->rows), SetOf(all));
}

TEST_F(GreyStoreTest, RefusesWhatIsNotItsOwnAndLeavesItAlone) {
  const auto error_with = [&](const std::string& name, const std::string& bytes) {
    const std::string folder = temp.Path("of-") + name;
    std::filesystem::remove_all(folder);
    {
      auto store = GreyStore::Open(folder);
      EXPECT_TRUE((*store)->Append(SomeRows(1, 1)));
    }
    Write(folder + "/" + name, bytes);
    const auto loaded = LoadAll(folder);
    EXPECT_TRUE(loaded || BytesOf(folder + "/" + name) == bytes);
    return loaded ? "loaded" : loaded.error().message.substr(folder.size());
  };
  const auto changed = [](size_t at, char byte) {
    std::string header = GreyHeaderText({.kind = GreyFileKind::kSnapshot, .salt = 1, .seed = 2, .number = 3});
    header[at] = byte;
    return header;
  };
  EXPECT_EQ(error_with("snapshot", "a text that somebody put here, longer than a header of ours, which has 64 bytes"),
            "/snapshot: is no greylist of rblitz");
  EXPECT_EQ(error_with("snapshot", ""), "/snapshot: is no greylist of rblitz");
  EXPECT_EQ(error_with("snapshot", changed(8, 2)), "/snapshot: is of version 2, this program reads 1");
  EXPECT_EQ(error_with("snapshot", changed(12, 9)), "/snapshot: has keys of scheme 9, this program reads 1");
  EXPECT_EQ(error_with("snapshot", changed(30, 9)), "/snapshot: has a header with a wrong checksum");
  const std::string other = GreyHeaderText({.kind = GreyFileKind::kJournal, .salt = 1, .seed = 2, .number = 7});
  EXPECT_EQ(error_with("journal-7", other), "/journal-7: belongs to another store");
  EXPECT_EQ(error_with("journal-2", other.substr(0, 63)), "loaded");  // it was being made when the machine stopped
  EXPECT_EQ(error_with("journal-2", other.substr(0, 5)), "loaded");
  EXPECT_EQ(error_with("journal-2", std::string(63, '\0')), "loaded");
  EXPECT_EQ(error_with("journal-2", "short"), "/journal-2: is no greylist of rblitz");
  EXPECT_EQ(error_with("journal-x", "x"), "loaded");
}

// The journal that a snapshot began with had to be given up while the table was walked: it has rows that the walk may
// have passed by.
TEST_F(GreyStoreTest, ASnapshotKeepsEachJournalThatGoesOnMeanwhile) {
  const Rows first = SomeRows(10, 1);
  const Rows second = SomeRows(10, 2);
  const Rows third = SomeRows(10, 3);
  bool fails = false;
  DiskCalls calls = DiskCalls::Real();
  calls.sync = [&fails](int fd) {
    if (!std::exchange(fails, false)) return fdatasync(fd);
    errno = EIO;
    return -1;
  };
  {
    auto store = GreyStore::Open(folder(), calls);
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->Append(first));
    const auto walk = [&](const std::function<void(const TripletRow&)>& take) {
      for (const TripletRow& row : first) take(row);
      EXPECT_TRUE((*store)->Append(second));
      fails = true;
      EXPECT_FALSE((*store)->Append(third));
      EXPECT_TRUE((*store)->Append(third));
    };
    ASSERT_TRUE((*store)->Snapshot(walk));
    EXPECT_EQ((*store)->journal_bytes(), 2 * kGreyHeaderBytes + 3 * (kGreyBlockBytes + 10 * kGreyRowBytes));
  }
  const auto loaded = LoadAll(folder());
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Rows all = Both(Both(first, second), third);
  EXPECT_EQ(SetOf(loaded->rows), SetOf(all));
}

TEST_F(GreyStoreTest, NoticesThatItsFilesWereRemovedAndBeginsAnew) {
  const Rows first = SomeRows(10, 1);
  const Rows second = SomeRows(10, 2);
  auto store = GreyStore::Open(folder());
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->Append(first));
  EXPECT_FALSE((*store)->has_lost_files());
  std::filesystem::remove_all(folder());
  const Status lost = (*store)->Append(second);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().message, folder() + "/journal-1: is no longer there");
  EXPECT_TRUE((*store)->has_lost_files());
  ASSERT_TRUE((*store)->Append(second));
  EXPECT_TRUE((*store)->has_lost_files()) << "the first rows are not there";
  EXPECT_FALSE(GreyStore::Open(folder())) << "the new folder is this store's";
  const Rows all = Both(first, second);
  ExpectASnapshotMakesUpForIt(&*store, folder(), all);
}

// Moved, so that what is open still has a name, elsewhere; before and after the first write since the start.
TEST_F(GreyStoreTest, NoticesThatItsFolderWasMovedAndBeginsAnew) {
  const Rows first = SomeRows(10, 1);
  const Rows second = SomeRows(10, 2);
  const Rows all = Both(first, second);
  for (const bool writes_before : {true, false}) {
    for (const bool is_made_again : {true, false}) {
      std::filesystem::remove_all(folder());
      std::filesystem::remove_all(temp.Path("moved"));
      auto store = GreyStore::Open(folder());
      ASSERT_TRUE(store);
      if (writes_before) {
        ASSERT_TRUE((*store)->Append(first));
      }
      std::filesystem::rename(folder(), temp.Path("moved"));
      if (is_made_again) std::filesystem::create_directory(folder());
      EXPECT_EQ(static_cast<bool>((*store)->Append(second)), !writes_before);
      EXPECT_TRUE((*store)->has_lost_files());
      ASSERT_TRUE((*store)->Append(second));
      EXPECT_FALSE(GreyStore::Open(folder())) << "the new folder is this store's";
      ExpectASnapshotMakesUpForIt(&*store, folder(), all);
    }
  }
}

TEST_F(GreyStoreTest, ASnapshotThatIsGoneIsMissed) {
  const Rows rows = SomeRows(10, 1);
  auto store = GreyStore::Open(folder());
  ASSERT_TRUE((*store)->Snapshot(WalkOf(rows)));
  ASSERT_TRUE((*store)->Append(rows));
  EXPECT_FALSE((*store)->has_lost_files());
  std::filesystem::remove(path("snapshot"));
  ASSERT_TRUE((*store)->Append(rows));
  EXPECT_TRUE((*store)->has_lost_files());
}

// A bit that flips on the disk costs its block, not what stands behind it, and the file is kept.
TEST_F(GreyStoreTest, ADamagedBlockIsSkippedAndItsFileKept) {
  const std::vector<Rows> blocks = {SomeRows(10, 1), SomeRows(20, 2), SomeRows(30, 3)};
  {
    auto store = GreyStore::Open(folder());
    for (const Rows& block : blocks) ASSERT_TRUE((*store)->Append(block));
  }
  std::string bytes = BytesOf(path("journal-1"));
  const size_t second = kGreyHeaderBytes + kGreyBlockBytes + 10 * kGreyRowBytes;
  bytes[second + kGreyBlockBytes + 5] ^= 4;
  Write(path("journal-1"), bytes);
  const Rows rest = Both(blocks[0], blocks[2]);
  for (int start = 0; start < 2; ++start) {
    const auto loaded = LoadAll(folder());
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(SetOf(loaded->rows), SetOf(rest));
    EXPECT_EQ(loaded->load.cut_bytes, kGreyBlockBytes + 20 * kGreyRowBytes);
    ASSERT_EQ(loaded->load.notes.size(), 1u);
    EXPECT_TRUE(loaded->load.notes[0].ends_with(": kept as " + path("journal-1.damaged"))) << loaded->load.notes[0];
    EXPECT_EQ(BytesOf(path("journal-1.damaged")), bytes);
  }
  {
    auto store = GreyStore::Open(folder());
    ASSERT_TRUE((*store)->Load([](std::span<const TripletRow>) {}));
    ASSERT_TRUE((*store)->Snapshot(WalkOf(rest)));
  }
  EXPECT_FALSE(std::filesystem::exists(path("journal-1")));
  EXPECT_EQ(BytesOf(path("journal-1.damaged")), bytes);
}

// Whoever tries again has it all.
TEST_F(GreyStoreTest, OfFilesThatCannotBeReadTheOthersAreRead) {
  const Rows first = SomeRows(10, 1);
  const Rows second = SomeRows(10, 2);
  for (const Rows* rows : {&first, &second}) {
    auto store = GreyStore::Open(folder());
    ASSERT_TRUE((*store)->Load([](std::span<const TripletRow>) {}));
    ASSERT_TRUE((*store)->Append(*rows));
  }
  auto store = GreyStore::Open(folder());
  std::filesystem::rename(path("journal-1"), temp.Path("away"));
  Rows rows;
  const auto take = [&](std::span<const TripletRow> some) { rows.insert(rows.end(), some.begin(), some.end()); };
  const auto failed = (*store)->Load(take);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, path("journal-1") + ": cannot open: No such file or directory");
  EXPECT_EQ(SetOf(rows), SetOf(second));
  std::filesystem::rename(temp.Path("away"), path("journal-1"));
  ASSERT_TRUE((*store)->Load(take));
  const Rows all = Both(first, second);
  EXPECT_EQ(SetOf(rows), SetOf(all));
  EXPECT_EQ((*store)->journal_bytes(), 2 * (kGreyHeaderBytes + kGreyBlockBytes + 10 * kGreyRowBytes));
}

TEST_F(GreyStoreTest, SnapshotsThatFailLeaveNoTrailOfJournals) {
  bool fails = false;
  DiskCalls calls = DiskCalls::Real();
  calls.write = [&fails](int fd, const void* bytes, size_t size) -> ssize_t {
    if (!fails) return ::write(fd, bytes, size);
    errno = ENOSPC;
    return -1;
  };
  const Rows rows = SomeRows(10, 1);
  auto store = GreyStore::Open(folder(), calls);
  ASSERT_TRUE((*store)->Append(rows));
  const auto walk = [&](const std::function<void(const TripletRow&)>& take) {
    fails = true;
    for (const TripletRow& row : rows) take(row);
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE((*store)->Snapshot(walk));
    fails = false;
  }
  EXPECT_TRUE(std::filesystem::exists(path("journal-2")));
  EXPECT_FALSE(std::filesystem::exists(path("journal-3")));
  store->reset();
  EXPECT_EQ(SetOf(LoadAll(folder())->rows), SetOf(rows));
}

TEST_F(GreyStoreTest, BelongsToOneServer) {
  auto store = GreyStore::Open(folder());
  ASSERT_TRUE(store);
  const auto second = GreyStore::Open(folder());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, folder() + ": is used by another server");
}

TEST_F(GreyStoreTest, SaysWhyAFolderCannotBeMade) {
  Write(temp.Path("file"), "");
  const auto store = GreyStore::Open(temp.Path("file/grey"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().message, temp.Path("file/grey: cannot make this folder: Not a directory"));
}

// A disk on which every n-th call fails, after some of its bytes, and which keeps only what was synced when power

}  // namespace
}  // namespace rblitz
