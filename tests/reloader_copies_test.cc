// The reloader with guards and last good copies: what a start, a refusal and a step back serve.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "loaders/reloader.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr FeedState kLoaded = FeedState::kLoaded;
constexpr FeedState kUnchanged = FeedState::kUnchanged;
constexpr FeedState kFailed = FeedState::kFailed;
constexpr FeedState kRefused = FeedState::kRefused;

class ReloaderCopiesTest : public testing::Test {
 protected:
  ReloaderCopiesTest() { Start(); }

  // A process of its own, as far as the reloader can tell. Copies of the one before are on the disk.
  void Start(std::chrono::milliseconds settle = 0ms) {
    if (reloader_ != nullptr) reloader_->FlushCopies();
    reloader_.reset();
    snapshot_.reset();
    reloader_ = std::make_unique<Reloader>(
        ReloaderOptions{.now = [this] { return now_; }, .copies = copies_.get(), .settle = settle});
  }
  FeedOutcome Serve() {
    const auto outcomes =
        reloader_->SetFeeds({config_}, {.publish = [this](std::shared_ptr<const Snapshot> snapshot) -> Status {
                              snapshot_ = std::move(snapshot);
                              return {};
                            }});
    return outcomes ? outcomes->at(0) : FeedOutcome{.error = "nothing: " + outcomes.error().message};
  }
  FeedOutcome Reload() { return reloader_->Reload({}, false).value().at(0); }
  FeedOutcome Check() { return reloader_->Check(std::vector<std::string>{"f"}).value().at(0); }
  FeedStatus Status1() { return reloader_->Feeds().at(0); }
  std::string Ask(std::string_view address) {
    if (snapshot_->feeds.at(0) == nullptr) return "out";
    return Loaded{.feed = snapshot_->feeds[0], .report = {}, .error = {}}.Ask(address);
  }
  // As a publisher should: whole, and long ago.
  void Place(const std::string& text) {
    const std::string path = folder_.Write("f.new", text);
    fs::last_write_time(path, fs::file_time_type::clock::now() - 1h);
    fs::rename(path, config_.paths[0]);
    std::this_thread::sleep_for(150ms);  // until its identity proves what it is
  }

  TempFolder folder_;
  std::unique_ptr<FeedCopies> copies_ = FeedCopies::Open(folder_.Path("state")).value();
  FeedConfig config_{.name = "f", .paths = {folder_.Path("f")}, .format = "cidr"};
  int64_t now_ = std::time(nullptr);
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Reloader> reloader_;
};

TEST_F(ReloaderCopiesTest, ServesTheLastGoodDataWhenTheFileIsGoneAtTheStart) {
  Place("1.1.1.1\n");
  EXPECT_EQ(Serve().state, kLoaded);
  fs::remove(config_.paths[0]);
  Start();
  const FeedOutcome outcome = Serve();
  EXPECT_EQ(outcome.state, kFailed);
  EXPECT_EQ(outcome.error, config_.paths[0] + ": cannot open: No such file or directory");
  EXPECT_EQ(Ask("1.1.1.1"), "127.0.0.2");
  EXPECT_EQ(Status1().origin, DataOrigin::kCopy);
  EXPECT_EQ(Status1().data->data_time, outcome.data_time);
  Place("2.2.2.2\n");
  EXPECT_EQ(Reload().state, kLoaded);
  EXPECT_EQ(Status1().origin, DataOrigin::kFiles);
  EXPECT_EQ(Ask("1.1.1.1") + Ask("2.2.2.2"), "-127.0.0.2");
}

TEST_F(ReloaderCopiesTest, ServesTheLastGoodDataWhenTheFileIsBadAtTheStart) {
  Place(Gzip("1.1.1.1\n"));
  EXPECT_EQ(Serve().state, kLoaded);
  Place(Gzip("2.2.2.2\n").substr(0, 15));
  Start();
  EXPECT_EQ(Serve().state, kFailed);
  EXPECT_EQ(Ask("1.1.1.1"), "127.0.0.2");
}

TEST_F(ReloaderCopiesTest, RemembersOverAStartHowManyEntriesThereWere) {
  config_.guards.max_shrink = 0.5;
  Place("1.1.1.1\n1.1.1.2\n1.1.1.3\n");
  EXPECT_EQ(Serve().state, kLoaded);
  Place("2.2.2.2\n");
  Start();
  const FeedOutcome outcome = Serve();
  EXPECT_EQ(outcome.state, kRefused);
  EXPECT_EQ(outcome.error, "refused: 1 entries instead of 3, 66.67 % fewer (max_shrink allows 50 %)");
  EXPECT_EQ(Ask("1.1.1.3"), "127.0.0.2");
}

TEST_F(ReloaderCopiesTest, IsOutWhenThereIsNeitherFileNorCopy) {
  EXPECT_EQ(Serve().state, kFailed);
  EXPECT_EQ(Ask("1.1.1.1"), "out");
}

TEST_F(ReloaderCopiesTest, TakesThePreviousCopyWhenTheLastIsDamaged) {
  Place("1.1.1.1\n");
  EXPECT_EQ(Serve().state, kLoaded);
  reloader_->FlushCopies();
  Place("2.2.2.2\n");
  EXPECT_EQ(Reload().state, kLoaded);
  fs::remove(config_.paths[0]);
  Start();
  fs::resize_file(folder_.Path("state/f/current"), 20);
  EXPECT_EQ(Serve().state, kFailed);
  EXPECT_EQ(Ask("1.1.1.1"), "127.0.0.2");
}

TEST_F(ReloaderCopiesTest, ReadsNoCopyOfAnotherFormat) {
  Place("1.1.1.1\n");
  EXPECT_EQ(Serve().state, kLoaded);
  fs::remove(config_.paths[0]);
  config_.format = "ip4set";
  Start();
  EXPECT_EQ(Serve().state, kFailed);
  EXPECT_EQ(Ask("1.1.1.1"), "out");
}

TEST_F(ReloaderCopiesTest, KeepsTheDataOfAFeedThatIsRefusedAndCounts) {
  config_.guards = {.max_shrink = 0.5, .max_bad = 0.2};
  Place("1.1.1.1\n1.1.1.2\n1.1.1.3\n");
  EXPECT_EQ(Serve().state, kLoaded);
  Place("1.1.1.1\n");
  EXPECT_EQ(Check().state, kRefused);
  EXPECT_EQ(Check().state, kRefused);
  EXPECT_EQ(Status1().refused_loads, 1u) << "a check reads a file once that is refused";
  EXPECT_EQ(Reload().state, kRefused);
  EXPECT_EQ(Status1().refused_loads, 2u) << "who asks gets it read again";
  EXPECT_EQ(Ask("1.1.1.3"), "127.0.0.2");
  Place("1.1.1.1\n1.1.1.2\n1.1.1.3\nbad\n");
  EXPECT_EQ(Check().state, kRefused);
  EXPECT_EQ(Status1().error,
            "refused: 1 of 4 entries are bad lines, 25 % (max_bad allows 20 %), the first f:4: bad address "
            "'bad'");
  Place("1.1.1.1\n1.1.1.2\n");
  EXPECT_EQ(Check().state, kLoaded);
  EXPECT_EQ(Status1().error, "");
  EXPECT_EQ(Status1().loads, 2u);
}

TEST_F(ReloaderCopiesTest, LetsAnOperatorOverruleDoubtsButNotLimits) {
  config_.guards = {.max_shrink = 0.5, .max_bad = 0.1, .max_age_seconds = 7200};
  Place("1.1.1.1\n1.1.1.2\n1.1.1.3\n");
  EXPECT_EQ(Serve().state, kLoaded);
  Place("1.1.1.1\nbad\n");
  EXPECT_EQ(Reload().state, kRefused);
  EXPECT_EQ(reloader_->Reload({}, true).value().at(0).state, kLoaded);
  EXPECT_EQ(Ask("1.1.1.3"), "-");
  now_ += 3 * 3600;
  EXPECT_EQ(reloader_->Reload({}, true).value().at(0).state, kRefused);
}

TEST_F(ReloaderCopiesTest, ComparesNothingWithTheDataOfAnotherList) {
  config_.guards.max_shrink = 0.1;
  Place("1.1.1.1\n1.1.1.2\n1.1.1.3\n");
  EXPECT_EQ(Serve().state, kLoaded);
  config_.paths = {folder_.Write("g", "2.2.2.2\n")};
  EXPECT_EQ(Serve().state, kLoaded);
}

TEST_F(ReloaderCopiesTest, RefusesDataThatIsTooOldAndWithdrawsWhatGrowsTooOld) {
  config_.guards.max_age_seconds = 2 * 3600;
  Place("1.1.1.1\n");
  EXPECT_EQ(Serve().state, kLoaded);
  EXPECT_EQ(Ask("1.1.1.1"), "127.0.0.2");
  now_ += 3 * 3600;
  EXPECT_EQ(Check().state, kUnchanged);
  EXPECT_EQ(Ask("1.1.1.1"), "out");
  EXPECT_TRUE(Status1().expired);
  Place("2.2.2.2\n");
  EXPECT_EQ(Check().state, kRefused);
  EXPECT_EQ(Ask("2.2.2.2"), "out");
}

TEST_F(ReloaderCopiesTest, ServesTheCopyAtTheStartWhileAFileMayBeHalfWritten) {
  Place("1.1.1.1\n");
  EXPECT_EQ(Serve().state, kLoaded);
  Start(1h);
  folder_.Write("f", "2.2.2.2\n");
  EXPECT_EQ(Serve().state, kFailed);
  EXPECT_EQ(Ask("1.1.1.1") + Ask("2.2.2.2"), "127.0.0.2-");
  EXPECT_EQ(Check().state, kLoaded);
  EXPECT_EQ(Ask("1.1.1.1") + Ask("2.2.2.2"), "-127.0.0.2");
}

TEST_F(ReloaderCopiesTest, LoadsAFreshFileAtTheStartWhenThereIsNoCopy) {
  Start(1h);
  folder_.Write("f", "2.2.2.2\n");
  EXPECT_EQ(Serve().state, kLoaded);
}

TEST_F(ReloaderCopiesTest, RollsBackUntilTheFilesChange) {
  Place("1.1.1.1\n");
  Serve();
  reloader_->FlushCopies();
  Place("2.2.2.2\n");
  EXPECT_EQ(Reload().state, kLoaded);
  const auto rolled = reloader_->RollBack("f");
  ASSERT_TRUE(rolled);
  EXPECT_EQ(rolled->state, kLoaded) << rolled->error;
  EXPECT_EQ(rolled->report.added, 1u);
  EXPECT_EQ(Ask("1.1.1.1") + Ask("2.2.2.2"), "127.0.0.2-");
  EXPECT_EQ(Status1().origin, DataOrigin::kRolledBack);
  EXPECT_EQ(Check().state, kUnchanged);
  EXPECT_EQ(Reload().state, kUnchanged);
  Start(1h);
  EXPECT_EQ(Serve().state, kUnchanged) << "a start is no reason to go forward again";
  EXPECT_EQ(Ask("1.1.1.1") + Ask("2.2.2.2"), "127.0.0.2-");
  EXPECT_EQ(Status1().origin, DataOrigin::kRolledBack);
  EXPECT_EQ(Check().state, kUnchanged);
  Place("3.3.3.3\n");
  EXPECT_EQ(Check().state, kLoaded);
  EXPECT_EQ(Ask("3.3.3.3"), "127.0.0.2");
  EXPECT_EQ(Status1().origin, DataOrigin::kFiles);
}

TEST_F(ReloaderCopiesTest, RollsForwardAgain) {
  Place("1.1.1.1\n");
  Serve();
  reloader_->FlushCopies();
  Place("2.2.2.2\n");
  Reload();
  ASSERT_TRUE(reloader_->RollBack("f"));
  ASSERT_TRUE(reloader_->RollBack("f"));
  EXPECT_EQ(Ask("1.1.1.1") + Ask("2.2.2.2"), "-127.0.0.2");
  EXPECT_EQ(Status1().origin, DataOrigin::kFiles);
  EXPECT_EQ(Reload().state, kUnchanged);
}

TEST_F(ReloaderCopiesTest, CannotRollBackWithoutAPredecessor) {
  Place("1.1.1.1\n");
  Serve();
  const auto rolled = reloader_->RollBack("f");
  ASSERT_TRUE(rolled);
  EXPECT_EQ(rolled->state, kFailed);
  EXPECT_EQ(rolled->error, "there is no copy before the one that is served");
  EXPECT_EQ(Ask("1.1.1.1"), "127.0.0.2");
  EXPECT_FALSE(reloader_->RollBack("g"));
}

TEST_F(ReloaderCopiesTest, SaysWhatALoadWouldChangeAndChangesNothing) {
  config_.guards.max_shrink = 0.5;
  Place("10.0.0.0/8\n1.1.1.1\n1.1.1.2\n");
  Serve();
  const auto served = snapshot_;
  Place("10.0.0.0/8\n1.1.1.1\n11.0.0.0/8\n1.1.1.3\nbad\n");
  auto diff = reloader_->Diff("f");
  ASSERT_TRUE(diff);
  EXPECT_EQ(diff->state, kLoaded);
  EXPECT_EQ(diff->report.added, 2u);
  EXPECT_EQ(diff->report.removed, 1u);
  EXPECT_EQ(diff->report.rejected, 1u);
  EXPECT_EQ(diff->report.widest, std::vector<std::string>{"11.0.0.0/8"});
  Place("");
  diff = reloader_->Diff("f");
  ASSERT_TRUE(diff);
  EXPECT_EQ(diff->state, kRefused);
  fs::remove(config_.paths[0]);
  EXPECT_EQ(reloader_->Diff("f")->state, kFailed);
  EXPECT_EQ(snapshot_, served);
  EXPECT_EQ(Status1().failed_loads + Status1().refused_loads, 0u);
  EXPECT_EQ(Status1().error, "");
  EXPECT_FALSE(reloader_->Diff("g"));
}

TEST_F(ReloaderCopiesTest, SaysWhyACopyWasNotKept) {
  Place("1.1.1.1\n");
  folder_.Write("state/f", "in the way");
  Serve();
  reloader_->FlushCopies();
  EXPECT_NE(Status1().copy_error.find("Not a directory"), std::string::npos) << Status1().copy_error;
}

}  // namespace
}  // namespace rblitz
