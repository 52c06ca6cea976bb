#include "cli/grey_merge.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "loaders/grey_store.h"

namespace rblitz {
namespace {

using Rows = std::vector<TripletRow>;

constexpr uint32_t kNow = 1800000000;
constexpr TripletRules kRules;

// Rows of few keys, so that both stores have many of them: around the ends of window and lifetime, of the future,
// forgotten, of several epochs.
Rows SomeRows(size_t count, uint64_t seed, uint64_t networks = 40) {
  std::mt19937_64 random(seed);
  const uint32_t ends[] = {0, kRules.delay_seconds, kRules.window_seconds, kRules.lifetime_seconds};
  const auto time = [&] { return static_cast<uint32_t>(kNow - ends[random() % 4] + random() % 7200 - 3600); };
  Rows rows;
  for (size_t i = 0; i < count; ++i) {
    TripletRow row;
    row.key = {
        .network = random() % networks, .fingerprint = random() % 3, .kind = static_cast<TripletKind>(random() % 4)};
    row.first = time();
    row.last_minutes = MinutesOf(std::max(row.first, time()));
    row.epoch = static_cast<uint16_t>(random() % 3);
    row.forgotten = random() % 5 == 0;
    const bool is_triplet = row.key.kind == TripletKind::kNetwork || row.key.kind == TripletKind::kDomain;
    row.passed = is_triplet && !row.forgotten && random() % 2 == 0;
    for (size_t n = row.forgotten ? 0 : random() % 4; n-- > 0;) {
      if (row.key.kind == TripletKind::kClient) {
        row.payload = WithCredit(row, row.first + static_cast<uint32_t>(random() % 100000));
      }
      if (row.key.kind == TripletKind::kSenderDomain) row.payload = WithSender(row.payload, random() % 5);
    }
    rows.push_back(row);
  }
  return rows;
}

// What the rows are together, one after the other.
Rows Joined(const Rows& rows) {
  std::map<TripletKey, TripletRow> joined;
  for (const TripletRow& row : rows) {
    const TripletRow clamped = Clamped(row, kNow);
    if (IsExpired(clamped, kRules, kNow)) continue;
    const auto [at, is_new] = joined.emplace(row.key, clamped);
    if (!is_new) at->second = Join(at->second, clamped);
  }
  Rows result;
  for (const auto& [key, row] : joined) result.push_back(row);
  return result;
}

Rows Both(Rows a, const Rows& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class GreyMergeTest : public testing::Test {
 protected:
  GreyMergeTest() {
    char name[] = "/tmp/rblitz-merge-XXXXXX";
    folder_ = mkdtemp(name);
    chmod(folder_.c_str(), 0755);
  }
  ~GreyMergeTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  // A store of which a part is in a snapshot and a part in journals.
  void Write(const std::string& name, const Rows& rows) {
    auto store = GreyStore::Open(Path(name)).value();
    const auto half = rows.begin() + static_cast<ptrdiff_t>(rows.size() / 2);
    ASSERT_TRUE(store->Snapshot([&](const auto& take) { std::for_each(rows.begin(), half, take); }));
    ASSERT_TRUE(store->Append(std::span(half, rows.end())));
  }

  // As they stand.
  [[nodiscard]] Rows Read(const std::string& name) const {
    Rows rows;
    auto store = GreyStore::Open(Path(name)).value();
    EXPECT_TRUE(
        store->Load([&](std::span<const TripletRow> some) { rows.insert(rows.end(), some.begin(), some.end()); }));
    return rows;
  }

  Result<GreyMerged> Merge(const std::string& a, const std::string& b, const std::string& into = "") {
    return MergeGreyStores(
        {.a = Path(a), .b = Path(b), .into = into.empty() ? "" : Path(into), .rules = kRules, .now = kNow});
  }
  std::string Error(const std::string& a, const std::string& b, const std::string& into = "") {
    const auto merged = Merge(a, b, into);
    return merged ? "merged" : merged.error().message;
  }

  // All that a store's folder has.
  [[nodiscard]] std::map<std::string, std::string> Files(const std::string& name) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(Path(name))) {
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return files;
  }

  std::string folder_;
};

TEST_F(GreyMergeTest, MakesTheFirstTheJoinOfBothAndLeavesTheSecondAlone) {
  const Rows a = SomeRows(700, 1);
  const Rows b = SomeRows(500, 2);
  Write("a", a);
  Write("b", b);
  const auto before = Files("b");
  const auto merged = Merge("a", "b");
  ASSERT_TRUE(merged) << merged.error().message;
  const Rows joined = Joined(Both(a, b));
  EXPECT_TRUE(Read("a") == joined);
  EXPECT_EQ(merged->rows_a, Joined(a).size());
  EXPECT_EQ(merged->rows_b, Joined(b).size());
  EXPECT_EQ(merged->rows, joined.size());
  EXPECT_LT(merged->rows, merged->rows_a + merged->rows_b);
  EXPECT_TRUE(merged->notes.empty());
  EXPECT_EQ(Files("b"), before);
}

TEST_F(GreyMergeTest, IntoAThirdLeavesBothAlone) {
  const Rows a = SomeRows(300, 3);
  const Rows b = SomeRows(300, 4);
  Write("a", a);
  Write("b", b);
  const auto before_a = Files("a");
  const auto before_b = Files("b");
  ASSERT_TRUE(Merge("a", "b", "c"));
  EXPECT_TRUE(Read("c") == Joined(Both(a, b)));
  EXPECT_EQ(Files("a"), before_a);
  EXPECT_EQ(Files("b"), before_b);
}

TEST_F(GreyMergeTest, IsCommutativeAssociativeAndIdempotent) {
  for (uint64_t seed = 10; seed < 16; ++seed) {
    const Rows rows[] = {SomeRows(200, 3 * seed), SomeRows(200, 3 * seed + 1), SomeRows(200, 3 * seed + 2)};
    const std::string s = std::to_string(seed);
    for (size_t i = 0; i < 3; ++i) Write("abc"[i] + s, rows[i]);
    ASSERT_TRUE(Merge("a" + s, "b" + s, "ab" + s));
    ASSERT_TRUE(Merge("b" + s, "a" + s, "ba" + s));
    EXPECT_TRUE(Read("ab" + s) == Read("ba" + s)) << "commutative, seed " << seed;

    ASSERT_TRUE(Merge("b" + s, "c" + s, "bc" + s));
    ASSERT_TRUE(Merge("ab" + s, "c" + s, "ab_c" + s));
    ASSERT_TRUE(Merge("a" + s, "bc" + s, "a_bc" + s));
    EXPECT_TRUE(Read("ab_c" + s) == Read("a_bc" + s)) << "associative, seed " << seed;

    const Rows once = Read("ab" + s);
    ASSERT_TRUE(Merge("ab" + s, "b" + s));
    ASSERT_TRUE(Merge("ab" + s, "ba" + s));
    EXPECT_TRUE(Read("ab" + s) == once) << "idempotent, seed " << seed;
  }
}

TEST_F(GreyMergeTest, RefusesWhatIsNoStoreAndWhatAServerHas) {
  Write("a", SomeRows(10, 1));
  Write("b", SomeRows(10, 2));
  std::filesystem::create_directory(Path("empty"));
  std::filesystem::create_directory(Path("other"));
  std::ofstream(Path("other") + "/letters") << "dear";
  std::filesystem::create_directory_symlink(Path("a"), Path("again"));
  EXPECT_EQ(Error("a", "none"), Path("none") + ": No such file or directory");
  EXPECT_EQ(Error("none", "a"), Path("none") + ": No such file or directory");
  EXPECT_EQ(Error("a", "empty"), Path("empty") + ": there is no store of a greylist");
  EXPECT_EQ(Error("other", "a"), Path("other") + ": there is no store of a greylist");
  EXPECT_EQ(Error("a", "a"), Path("a") + ": is the same store");
  EXPECT_EQ(Error("a", "again"), Path("again") + ": is the same store");
  EXPECT_EQ(Error("a", "b", "other"), Path("other") + ": is not empty");
  EXPECT_EQ(Error("a", "b", "b"), Path("b") + ": is not empty");
  EXPECT_FALSE(std::filesystem::exists(Path("none")));
  EXPECT_TRUE(std::filesystem::is_empty(Path("empty")));
  const auto server = GreyStore::Open(Path("b")).value();
  for (const auto& [first, second] : {std::pair("a", "b"), std::pair("b", "a")}) {
    EXPECT_EQ(Error(first, second), Path("b") + ": is used by another server");
  }
}

TEST_F(GreyMergeTest, RefusesATargetWithRows) {
  Write("a", SomeRows(10, 1));
  Write("b", SomeRows(10, 2));
  ASSERT_TRUE(GreyStore::Open(Path("c")).value()->Append(SomeRows(1, 3)));
  EXPECT_EQ(Error("a", "b", "c"), Path("c") + ": is not empty");
  std::filesystem::create_directory(Path("d"));
  EXPECT_EQ(Error("a", "b", "d"), "merged");
}

TEST_F(GreyMergeTest, TellsOfFilesThatAreNotWhole) {
  Write("a", SomeRows(10, 1));
  Write("b", SomeRows(100, 2));
  for (const auto& [name, bytes] : Files("b")) {
    if (name.starts_with("journal-")) std::filesystem::resize_file(Path("b") + "/" + name, bytes.size() - 1);
  }
  const auto merged = Merge("a", "b");
  ASSERT_TRUE(merged) << merged.error().message;
  ASSERT_EQ(merged->notes.size(), 1u);
  EXPECT_NE(merged->notes[0].find("is cut short in a block"), std::string::npos) << merged->notes[0];
}

TEST_F(GreyMergeTest, TellsHowFarItIs) {
  Write("a", SomeRows(70000, 1, uint64_t{1} << 40));
  Write("b", SomeRows(70000, 2, uint64_t{1} << 40));
  std::map<std::string, uint64_t> told;
  ASSERT_TRUE(MergeGreyStores({.a = Path("a"), .b = Path("b"), .into = {}, .rules = kRules, .now = kNow},
                              [&](const std::string& what, uint64_t rows) { told[what] = rows; }));
  EXPECT_EQ(told,
            (std::map<std::string, uint64_t>{
                {"reading " + Path("a"), 65536}, {"reading " + Path("b"), 65536}, {"writing " + Path("a"), 65536}}));
}

// Whenever it is killed, the first store has its own rows, all of them, or those of both.
TEST_F(GreyMergeTest, ThatIsKilledHasChangedNothingOrIsDone) {
  const Rows a = SomeRows(6000, 1, 1 << 20);
  const Rows b = SomeRows(6000, 2, 1 << 20);
  const Rows joined = Joined(Both(a, b));
  Write("b", b);
  Write("a", a);
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i) {
    std::filesystem::copy(Path("a"), Path("t"), std::filesystem::copy_options::recursive);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) _exit(Merge("t", "b") ? 0 : 1);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    // Journals that the snapshot has made needless may be there still: their rows change nothing.
    const Rows rows = Joined(Read("t"));
    EXPECT_TRUE(rows == joined || rows == Joined(a)) << rows.size();
    ASSERT_TRUE(Merge("t", "b"));
    EXPECT_TRUE(Read("t") == joined);
    std::filesystem::remove_all(Path("t"));
  }
}

// The server that has the store is not root.
TEST_F(GreyMergeTest, AsRootWritesAsTheOwnerOfTheFolder) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  constexpr uid_t kOwner = 65534;
  Write("a", SomeRows(10, 1));
  Write("b", SomeRows(10, 2));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("a"))) {
    ASSERT_EQ(chown(entry.path().c_str(), kOwner, kOwner), 0);
  }
  ASSERT_EQ(chown(Path("a").c_str(), kOwner, kOwner), 0);
  EXPECT_EQ(Error("a", "b"), "merged");
  EXPECT_EQ(geteuid(), 0u);
  for (const auto& entry : std::filesystem::directory_iterator(Path("a"))) {
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, kOwner) << entry.path();
    EXPECT_EQ(status.st_gid, kOwner) << entry.path();
  }
}

}  // namespace
}  // namespace rblitz
