// Files of the greylist's store that are not its own, that somebody removes, or that go on while others are written.
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "tests/grey_store_fixture.h"

namespace rblitz {
namespace {

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
  Rows all = first;
  all.insert(all.end(), second.begin(), second.end());
  all.insert(all.end(), third.begin(), third.end());
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
  Rows all = first;
  all.insert(all.end(), second.begin(), second.end());
  ASSERT_TRUE((*store)->Snapshot(WalkOf(all)));
  EXPECT_FALSE((*store)->has_lost_files());
  store->reset();
  const auto loaded = LoadAll(folder());
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(SetOf(loaded->rows), SetOf(all));
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
