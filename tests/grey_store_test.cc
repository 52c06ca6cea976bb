#include <unistd.h>

#include <cerrno>
#include <map>

#include "tests/grey_store_fixture.h"

namespace rblitz {
namespace {

TEST_F(GreyStoreTest, GivesBackWhatWasAppendedAndWhatASnapshotHad) {
  const Rows rows = SomeRows(100000, 1);
  const Rows walked = SomeRows(10000, 2);
  uint64_t seed = 0;
  {
    auto store = GreyStore::Open(folder());
    ASSERT_TRUE(store) << store.error().message;
    seed = (*store)->seed();
    ASSERT_TRUE((*store)->Append(rows));
    ASSERT_TRUE((*store)->Append({}));
  }
  ASSERT_EQ(LoadAll(folder())->rows, rows);
  {
    auto store = GreyStore::Open(folder());
    EXPECT_EQ((*store)->seed(), seed);
    ASSERT_TRUE((*store)->Load([](std::span<const TripletRow>) {}));
    EXPECT_GT((*store)->journal_bytes(), rows.size() * kGreyRowBytes);
    ASSERT_TRUE((*store)->Snapshot(WalkOf(walked)));
    EXPECT_EQ((*store)->journal_bytes(), kGreyHeaderBytes);
    ASSERT_TRUE((*store)->Append({&rows[7], 1}));
  }
  const auto loaded = LoadAll(folder());
  ASSERT_TRUE(loaded);
  Rows expected = walked;
  expected.push_back(rows[7]);
  EXPECT_EQ(loaded->rows, expected);
  EXPECT_EQ(loaded->load.snapshot_rows, walked.size());
  EXPECT_EQ(loaded->load.journal_rows, 1u);
  EXPECT_TRUE(loaded->load.notes.empty());
}

// However blocks fall into what is read at once.
TEST_F(GreyStoreTest, GivesBackBlocksOfAllLengths) {
  Rows rows;
  {
    auto store = GreyStore::Open(folder());
    for (const size_t count :
         std::vector<size_t>{45000, 65536, 1, 40000, 65536, 60000, 65536, 65536, 63000, 65536, 70000}) {
      const Rows some = SomeRows(count, count);
      ASSERT_TRUE((*store)->Append(some));
      rows.insert(rows.end(), some.begin(), some.end());
    }
  }
  const auto loaded = LoadAll(folder());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->rows.size(), rows.size());
  EXPECT_EQ(loaded->rows, rows);
  EXPECT_TRUE(loaded->load.notes.empty());
}

// As a journal of an hour has them: what a block costs does not depend on where it stands in the file.
TEST_F(GreyStoreTest, GivesBackManySmallBlocks) {
  const Rows rows = SomeRows(20000, 1);
  {
    auto store = GreyStore::Open(folder());
    for (const TripletRow& row : rows) ASSERT_TRUE((*store)->Append({&row, 1}));
  }
  EXPECT_EQ(LoadAll(folder())->rows, rows);
}

TEST_F(GreyStoreTest, LeavesOutATailThatIsTornAnywhere) {
  const Rows rows = SomeRows(5, 1);
  {
    auto store = GreyStore::Open(folder());
    for (const TripletRow& row : rows) ASSERT_TRUE((*store)->Append({&row, 1}));
  }
  const std::string whole = BytesOf(path("journal-1"));
  constexpr size_t kBlock = kGreyBlockBytes + kGreyRowBytes;
  ASSERT_EQ(whole.size(), kGreyHeaderBytes + rows.size() * kBlock);
  for (size_t size = kGreyHeaderBytes; size < whole.size(); ++size) {
    Write(path("journal-1"), whole.substr(0, size));
    const auto loaded = LoadAll(folder());
    ASSERT_TRUE(loaded) << loaded.error().message;
    const size_t blocks = (size - kGreyHeaderBytes) / kBlock;
    ASSERT_EQ(loaded->rows, Rows(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(blocks)));
    const size_t cut = (size - kGreyHeaderBytes) % kBlock;
    ASSERT_EQ(loaded->load.cut_bytes, cut);
    ASSERT_EQ(loaded->load.notes.size(), cut == 0 ? 0u : 1u);
  }
}

TEST_F(GreyStoreTest, LoadsNoRowThatWasNotWrittenWhateverBitFlips) {
  const Rows rows = SomeRows(40, 1);
  {
    auto store = GreyStore::Open(folder());
    ASSERT_TRUE((*store)->Append({rows.data(), 20}));
    ASSERT_TRUE((*store)->Snapshot(WalkOf(rows)));
    ASSERT_TRUE((*store)->Append({rows.data(), 20}));
  }
  const std::set<TripletRow> known = SetOf(rows);
  size_t refused = 0;
  for (const char* name : {"snapshot", "journal-2"}) {
    const std::string whole = BytesOf(path(name));
    for (size_t bit = 0; bit < whole.size() * 8; bit += 37) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      Write(path(name), flipped);
      const auto loaded = LoadAll(folder());
      if (!loaded) {
        ASSERT_LT(bit / 8, kGreyHeaderBytes) << loaded.error().message;
        ++refused;
        continue;
      }
      for (const TripletRow& row : loaded->rows) ASSERT_TRUE(known.contains(row));
      ASSERT_EQ(loaded->load.notes.size(), 1u) << name << " " << bit;
    }
    Write(path(name), whole);
  }
  EXPECT_GT(refused, 20u);
  EXPECT_EQ(SetOf(LoadAll(folder())->rows), known);
}

TEST_F(GreyStoreTest, SaysWhatIsWrongWithABlock) {
  const Rows rows = SomeRows(2, 1);
  const auto error_of = [&](const std::string& bytes) {
    Rows parsed;
    const auto block = ParseGreyBlock(bytes, 1, 0, &parsed);
    return block ? "" : block.error().message;
  };
  const auto block_of = [](const Rows& of, uint64_t number) {
    std::string text;
    AppendGreyBlock(of, 1, number, &text);
    return text;
  };
  EXPECT_EQ(error_of(block_of(rows, 0)), "");
  EXPECT_EQ(error_of(block_of(rows, 1)), "has a block out of order");
  EXPECT_EQ(error_of(block_of(rows, 0).substr(0, 20)), "is cut short");
  EXPECT_EQ(error_of(block_of(rows, 0).substr(0, 90)), "is cut short in a block");
  EXPECT_EQ(error_of(std::string(200, '\xff')), "has a block of an impossible length");
  Rows nothing = rows;
  nothing[1].first = 0;
  EXPECT_EQ(error_of(block_of(nothing, 0)), "has a row that is none");
}

TEST_F(GreyStoreTest, TellsOfASnapshotWithoutItsEnd) {
  const Rows rows = SomeRows(3, 1);
  {
    auto store = GreyStore::Open(folder());
    ASSERT_TRUE((*store)->Snapshot(WalkOf(rows)));
  }
  const std::string whole = BytesOf(path("snapshot"));
  Write(path("snapshot"), whole.substr(0, whole.size() - kGreyBlockBytes));
  const auto loaded = LoadAll(folder());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->rows, rows);
  ASSERT_EQ(loaded->load.notes.size(), 1u);
  EXPECT_TRUE(loaded->load.notes[0].starts_with(path("snapshot") + ": has no end")) << loaded->load.notes[0];
}

// fails.
class BadDisk {
 public:
  explicit BadDisk(uint64_t fails_at) : fails_at_(fails_at) {}

  [[nodiscard]] DiskCalls Calls() {
    return {.write = [this](int fd, const void* bytes, size_t size) -> ssize_t {
              if (++calls_ == fails_at_) {
                errno = ENOSPC;
                return -1;
              }
              // Writes are short: the rest comes with the next call.
              return ::write(fd, bytes, calls_ % 3 == 0 ? std::max<size_t>(1, size / 2) : size);
            },
            .sync =
                [this](int fd) {
                  if (++calls_ == fails_at_) {
                    errno = EIO;
                    return -1;
                  }
                  if (!std::filesystem::is_directory(PathOf(fd)))
                    synced_[PathOf(fd)] = std::filesystem::file_size(PathOf(fd));
                  return fdatasync(fd);
                }};
  }

  // What was written and not synced is gone.
  void LosePower(const std::string& folder) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().filename() == "lock" || entry.path().filename() == "snapshot") continue;
      const auto found = synced_.find(entry.path().string());
      std::filesystem::resize_file(entry.path(), found == synced_.end() ? 0 : found->second);
    }
  }
  [[nodiscard]] bool has_failed() const { return calls_ >= fails_at_; }

 private:
  static std::string PathOf(int fd) { return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)); }

  const uint64_t fails_at_;
  uint64_t calls_ = 0;
  std::map<std::string, uint64_t> synced_;
};

TEST_F(GreyStoreTest, KeepsWhatItSaidIsKeptWhicheverCallFails) {
  const Rows rows = SomeRows(60, 1);
  size_t failures = 0;
  for (uint64_t fails_at = 1; fails_at < 200; ++fails_at) {
    SCOPED_TRACE(fails_at);
    std::filesystem::remove_all(folder());
    BadDisk disk(fails_at);
    Rows kept;
    {
      auto store = GreyStore::Open(folder(), disk.Calls());
      ASSERT_TRUE(store);
      for (size_t i = 0; i < rows.size(); ++i) {
        const std::span<const TripletRow> row(&rows[i], 1);
        if (!(*store)->Append(row)) {
          ++failures;
          ASSERT_TRUE((*store)->Append(row));  // given once more, it is kept
        }
        kept.push_back(rows[i]);
        if (i % 20 == 19 && !(*store)->Snapshot(WalkOf(kept))) ++failures;
      }
    }
    disk.LosePower(folder());
    const auto loaded = LoadAll(folder());
    ASSERT_TRUE(loaded) << loaded.error().message;
    ASSERT_EQ(SetOf(loaded->rows), SetOf(kept));
    if (!disk.has_failed()) break;
  }
  EXPECT_GT(failures, 100u);
}

}  // namespace
}  // namespace rblitz
