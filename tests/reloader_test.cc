#include "loaders/reloader.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

using namespace std::chrono_literals;

// Long enough that files written before it are told from later versions by their times alone.
constexpr auto kSettle = 150ms;

// The scheduling policy of this process's thread of that name; -1: there is none.
int PolicyOf(std::string_view name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::getline(std::ifstream(task.path() / "comm"), comm);
    if (comm == name) return sched_getscheduler(std::stoi(task.path().filename()));
  }
  return -1;
}

class ReloaderTest : public testing::Test {
 protected:
  FeedConfig Feed(const std::string& name, const std::string& text) {
    return {.name = name, .paths = {folder_.Write(name, text)}, .format = "ip4set"};
  }
  Publisher Keep() {
    return {.publish = [this](std::shared_ptr<const Snapshot> snapshot) -> Status {
      const std::lock_guard lock(mutex_);
      if (!publisher_error_.empty()) return Fail(publisher_error_);
      snapshot_ = std::move(snapshot);
      ++published_;
      changed_.notify_all();
      return {};
    }};
  }
  // What the feed answers; "out" when it is.
  std::string Ask(size_t feed, std::string_view address) {
    const std::lock_guard lock(mutex_);
    if (snapshot_->feeds.at(feed) == nullptr) return "out";
    return Loaded{.feed = snapshot_->feeds[feed], .report = {}, .error = {}}.Ask(address);
  }
  static std::vector<FeedState> States(const Result<std::vector<FeedOutcome>>& outcomes) {
    std::vector<FeedState> states;
    if (!outcomes) ADD_FAILURE() << outcomes.error().message;
    for (const FeedOutcome& outcome : outcomes.value_or(std::vector<FeedOutcome>{})) states.push_back(outcome.state);
    return states;
  }
  Result<std::vector<FeedOutcome>> Reload(const std::vector<std::string>& names = {}, bool force = false) {
    return reloader_.Reload(names, force);
  }

  TempFolder folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::string publisher_error_;
  int published_ = 0;
  std::atomic<int64_t> now_ = 1'800'000'000;
  Reloader reloader_{{.tick = 10ms, .now = [this] { return now_.load(); }}};
};

constexpr FeedState kLoaded = FeedState::kLoaded;
constexpr FeedState kUnchanged = FeedState::kUnchanged;
constexpr FeedState kFailed = FeedState::kFailed;

TEST_F(ReloaderTest, ServesFeedsInTheOrderGiven) {
  const auto outcomes = reloader_.SetFeeds({Feed("b", "1.1.1.1\n"), Feed("a", "2.2.2.2\nbad\n")}, Keep());
  EXPECT_EQ(States(outcomes), (std::vector{kLoaded, kLoaded}));
  EXPECT_EQ((*outcomes)[1].name, "a");
  EXPECT_EQ((*outcomes)[1].report.rejected, 1u);
  EXPECT_EQ((*outcomes)[1].report.lines, 2u);
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
  EXPECT_EQ(Ask(1, "2.2.2.2"), "127.0.0.2");
}

TEST_F(ReloaderTest, LeavesUnchangedFilesAlone) {
  const std::vector<FeedConfig> feeds = {Feed("a", "1.1.1.1\n"), Feed("b", "2.2.2.2\n")};
  std::this_thread::sleep_for(kSettle);
  ASSERT_EQ(States(reloader_.SetFeeds(feeds, Keep())), (std::vector{kLoaded, kLoaded}));
  EXPECT_EQ(States(Reload()), (std::vector{kUnchanged, kUnchanged}));
  EXPECT_EQ((*Reload())[0].report.lines, 1u);
  EXPECT_EQ(published_, 1);
  EXPECT_EQ(States(Reload({}, true)), (std::vector{kLoaded, kLoaded}));
  EXPECT_EQ(States(Reload({"b"}, true)), (std::vector{kLoaded}));
  folder_.Write("b", "2.2.2.2\n3.3.3.3\n");
  const auto outcomes = Reload();
  EXPECT_EQ(States(outcomes), (std::vector{kUnchanged, kLoaded}));
  EXPECT_EQ((*outcomes)[1].report.added, 1u);
  EXPECT_EQ((*outcomes)[1].report.removed, 0u);
  EXPECT_EQ(Ask(1, "3.3.3.3"), "127.0.0.2");
}

TEST_F(ReloaderTest, SeesAFileRewrittenWithTheSameSizeAtOnce) {
  ASSERT_TRUE(reloader_.SetFeeds({Feed("a", "1.1.1.0\n")}, Keep()));
  for (int i = 1; i < 10; ++i) {
    folder_.Write("a", "1.1.1." + std::to_string(i) + "\n");
    EXPECT_EQ(States(Reload()), std::vector{kLoaded});
    EXPECT_EQ(Ask(0, "1.1.1." + std::to_string(i)), "127.0.0.2");
  }
}

TEST_F(ReloaderTest, SeesAFileRewrittenWithTheSameSizeAndTime) {
  const FeedConfig feed = Feed("a", "1.1.1.1\n");
  std::this_thread::sleep_for(kSettle);
  ASSERT_TRUE(reloader_.SetFeeds({feed}, Keep()));
  const auto time = std::filesystem::last_write_time(feed.paths[0]);
  folder_.Write("a", "1.1.1.2\n");
  std::filesystem::last_write_time(feed.paths[0], time);
  EXPECT_EQ(States(Reload()), std::vector{kLoaded});
  EXPECT_EQ(Ask(0, "1.1.1.2"), "127.0.0.2");
}

TEST_F(ReloaderTest, KeepsTheOldDataOfAFeedThatFails) {
  const std::vector<FeedConfig> feeds = {Feed("a", "1.1.1.1\n"), Feed("b", "2.2.2.2\n")};
  std::this_thread::sleep_for(kSettle);
  ASSERT_TRUE(reloader_.SetFeeds(feeds, Keep()));
  std::filesystem::remove(feeds[0].paths[0]);
  folder_.Write("b", "2.2.2.3\n");
  const auto outcomes = Reload();
  EXPECT_EQ(States(outcomes), (std::vector{kFailed, kLoaded}));
  EXPECT_EQ((*outcomes)[0].error, feeds[0].paths[0] + ": cannot open: No such file or directory");
  EXPECT_GT((*outcomes)[0].data_time, 0);
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
  EXPECT_EQ(Ask(1, "2.2.2.3"), "127.0.0.2");
  EXPECT_EQ(reloader_.Feeds()[0].error, (*outcomes)[0].error);
  EXPECT_EQ(reloader_.Feeds()[0].loaded_at, now_);
  EXPECT_EQ(States(Reload({"a"})), std::vector{kFailed});
  folder_.Write("a", "1.1.1.2\n");
  EXPECT_EQ(States(Reload({"a"})), std::vector{kLoaded});
  EXPECT_EQ(reloader_.Feeds()[0].error, "");
}

TEST_F(ReloaderTest, HasNoDataForAFeedThatNeverLoaded) {
  const FeedConfig missing{.name = "a", .paths = {folder_.Path("none")}, .format = "ip4set"};
  EXPECT_EQ(States(reloader_.SetFeeds({missing, Feed("b", "1.1.1.1\n")}, Keep())), (std::vector{kFailed, kLoaded}));
  EXPECT_EQ(Ask(0, "1.1.1.1"), "out");
  EXPECT_EQ(Ask(1, "1.1.1.1"), "127.0.0.2");
  EXPECT_FALSE(reloader_.Feeds()[0].data);
}

// A table that somebody else frees last would be freed on a thread that has better to do.
TEST_F(ReloaderTest, TellsFiguresOfDataThatOnlyItselfFrees) {
  ASSERT_TRUE(reloader_.SetFeeds({Feed("a", "1.1.1.1\n10.0.0.0/24\n")}, Keep()));
  const std::weak_ptr<const FeedData> data = snapshot_->feeds[0];
  const std::vector<FeedStatus> feeds = reloader_.Feeds();
  ASSERT_TRUE(feeds[0].data);
  EXPECT_EQ(feeds[0].data->entries, 2u);
  EXPECT_EQ(feeds[0].data->addresses, 257u);
  EXPECT_GE(feeds[0].data->bytes, 8u);
  EXPECT_EQ(feeds[0].data->data_time, data.lock()->data_time);
  folder_.Write("a", "1.1.1.2\n");
  EXPECT_EQ(States(Reload()), std::vector{kLoaded});
  EXPECT_TRUE(data.expired());
}

TEST_F(ReloaderTest, LeavesEverythingWhenThePublisherFails) {
  ASSERT_TRUE(reloader_.SetFeeds({Feed("a", "1.1.1.1\n")}, Keep()));
  folder_.Write("a", "1.1.1.2\n");
  publisher_error_ = "no memory for zones";
  auto outcomes = Reload();
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().message, "no memory for zones");
  outcomes = reloader_.SetFeeds({Feed("c", "3.3.3.3\n")}, Keep());
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(reloader_.Feeds().at(0).config.name, "a");
  EXPECT_EQ(reloader_.Feeds().size(), 1u);
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
  publisher_error_.clear();
  EXPECT_EQ(States(Reload()), std::vector{kLoaded});  // once more, as if nothing had been tried
  EXPECT_EQ(Ask(0, "1.1.1.2"), "127.0.0.2");
}

TEST_F(ReloaderTest, PublishesWhatCouldNotBePrepared) {
  Publisher publisher = Keep();
  publisher.prepare = [](const Snapshot&) -> std::shared_ptr<const void> { throw std::bad_alloc(); };
  ASSERT_TRUE(reloader_.SetFeeds({Feed("a", "1.1.1.1\n")}, publisher));
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
}

TEST_F(ReloaderTest, GoesOnWhenThePublisherThrows) {
  bool throws = false;
  const Publisher publisher = {.publish = [&, keep = Keep()](std::shared_ptr<const Snapshot> snapshot) -> Status {
    if (throws) throw std::bad_alloc();
    return keep.publish(std::move(snapshot));
  }};
  ASSERT_TRUE(reloader_.SetFeeds({Feed("a", "1.1.1.1\n")}, publisher));
  folder_.Write("a", "1.1.1.2\n");
  throws = true;
  const auto outcomes = Reload();
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().message, "publishing: std::bad_alloc");
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
  throws = false;
  EXPECT_EQ(States(Reload()), std::vector{kLoaded});
  EXPECT_EQ(Ask(0, "1.1.1.2"), "127.0.0.2");
}

// Nobody asks for what happens at a tick, so nobody can be told either.
TEST(Reloader, OutlivesATickThatThrows) {
  std::atomic<int> ticks = 0;
  Reloader reloader({.tick = 1ms, .now = [&]() -> int64_t {
                       ++ticks;
                       throw std::bad_alloc();
                     }});
  while (ticks < 3) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(reloader.Feeds().empty());
}

TEST_F(ReloaderTest, KeepsDataOfUnchangedFeedsWhenTheListChanges) {
  const FeedConfig a = Feed("a", "1.1.1.1\n");
  FeedConfig b = Feed("b", "2.2.2.2\n");
  std::this_thread::sleep_for(kSettle);
  ASSERT_TRUE(reloader_.SetFeeds({a, b}, Keep()));
  const auto table = snapshot_->feeds[0];
  b.a_be = htonl(0x7f000009);
  EXPECT_EQ(States(reloader_.SetFeeds({Feed("c", "3.3.3.3\n"), b, a}, Keep())),
            (std::vector{kLoaded, kLoaded, kUnchanged}));
  EXPECT_EQ(snapshot_->feeds[2], table);
  EXPECT_EQ(Ask(0, "3.3.3.3"), "127.0.0.2");
  EXPECT_EQ(Ask(1, "2.2.2.2"), "127.0.0.9");
  EXPECT_EQ(Ask(2, "1.1.1.1"), "127.0.0.2");
  EXPECT_EQ(States(reloader_.SetFeeds({a}, Keep())), std::vector{kUnchanged});
  EXPECT_EQ(published_, 3);
  EXPECT_EQ(snapshot_->feeds.size(), 1u);
}

TEST_F(ReloaderTest, GoesOnWithTheOldDataWhileANewConfigurationFails) {
  FeedConfig a = Feed("a", "1.1.1.1\n");
  ASSERT_TRUE(reloader_.SetFeeds({a}, Keep()));
  a.paths = {folder_.Path("none")};
  EXPECT_EQ(States(reloader_.SetFeeds({a}, Keep())), std::vector{kFailed});
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
}

TEST_F(ReloaderTest, RefusesToReloadWhatItDoesNotKnow) {
  ASSERT_TRUE(reloader_.SetFeeds({Feed("a", "1.1.1.1\n")}, Keep()));
  const auto outcomes = Reload({"a", "x"});
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().message, "no feed is named 'x'");
}

TEST_F(ReloaderTest, WithdrawsDataWhenItExpires) {
  now_ = 1'600'000'000;  // 2020:09:13:12:26:40
  const FeedConfig a = Feed("a", "$TIMESTAMP 2020:09:13 2020:09:13:12:30\n1.1.1.1\n");
  std::this_thread::sleep_for(kSettle);
  ASSERT_TRUE(reloader_.SetFeeds({a, Feed("b", "2.2.2.2\n")}, Keep()));
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
  now_ += 200;
  {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 10s, [this] { return published_ == 2; }));
  }
  EXPECT_EQ(Ask(0, "1.1.1.1"), "out");
  EXPECT_EQ(Ask(1, "2.2.2.2"), "127.0.0.2");
  EXPECT_EQ(States(Reload({"a"})), std::vector{kUnchanged});
  EXPECT_TRUE(reloader_.Feeds()[0].expired);
  folder_.Write("a", "1.1.1.1\n");
  EXPECT_EQ(States(Reload({"a"})), std::vector{kLoaded});
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
  EXPECT_FALSE(reloader_.Feeds()[0].expired);
}

TEST_F(ReloaderTest, WithdrawsBeforeItPrepares) {
  now_ = 1'600'000'000;
  const FeedConfig a = Feed("a", "$TIMESTAMP 2020:09:13 2020:09:13:12:30\n1.1.1.1\n");
  std::vector<bool> out_while_prepared;
  Publisher publisher = Keep();
  publisher.prepare = [&](const Snapshot&) -> std::shared_ptr<const void> {
    const std::lock_guard lock(mutex_);
    if (snapshot_ != nullptr) out_while_prepared.push_back(snapshot_->feeds.at(0) == nullptr);
    return nullptr;
  };
  ASSERT_TRUE(reloader_.SetFeeds({a, Feed("b", "2.2.2.2\n")}, publisher));
  now_ += 200;
  std::unique_lock lock(mutex_);
  ASSERT_TRUE(changed_.wait_for(lock, 10s, [this] { return published_ == 3; }));
  EXPECT_EQ(out_while_prepared, std::vector{true});
}

TEST_F(ReloaderTest, TakesRequestsFromManyThreads) {
  ASSERT_TRUE(reloader_.SetFeeds({Feed("a", "1.1.1.1\n")}, Keep()));
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto outcomes = Reload({"a"}, true);
        answered += outcomes && outcomes->at(0).state == kLoaded && reloader_.Feeds().size() == 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 200);
  EXPECT_EQ(published_, 201);
}

TEST_F(ReloaderTest, CancelEndsALoadHalfwayAndKeepsTheOldData) {
  ASSERT_TRUE(reloader_.SetFeeds({Feed("a", "1.1.1.1\n"), Feed("b", "2.2.2.2\n")}, Keep()));
  folder_.Write("a", "1.1.1.2\n");
  folder_.Write("b", EndlessFeed());
  auto loading = std::async(std::launch::async, [this] { return Reload(); });
  EXPECT_EQ(loading.wait_for(200ms), std::future_status::timeout);
  reloader_.Cancel();
  const auto cancelled = std::chrono::steady_clock::now();
  const auto outcomes = loading.get();
  EXPECT_LT(std::chrono::steady_clock::now() - cancelled, 5s);
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().message, "loading was stopped");
  EXPECT_EQ(published_, 1);
  EXPECT_EQ(Ask(0, "1.1.1.1"), "127.0.0.2");
  EXPECT_EQ(reloader_.Feeds()[1].error, "");
  EXPECT_FALSE(Reload({"a"}));
  EXPECT_FALSE(reloader_.SetFeeds({Feed("c", "3.3.3.3\n")}, Keep()));
  EXPECT_EQ(reloader_.Feeds().size(), 2u);
}

// Publishing takes a lock that others wait for; what can be done before is.
TEST(Reloader, LoadsAndPreparesWithIdlePriorityAndPublishesWithout) {
  const TempFolder folder;
  std::vector<int> policies;
  Reloader reloader({.idle_priority = true});
  const FeedConfig feed{.name = "a", .paths = {folder.Write("a", "1.1.1.1\n")}, .format = "ip4set"};
  const auto note = [&] { policies.push_back(sched_getscheduler(0)); };
  const auto outcomes = reloader.SetFeeds({feed}, {.publish = [&](const std::shared_ptr<const Snapshot>&) -> Status {
                                                     note();
                                                     return {};
                                                   },
                                                   .prepare =
                                                       [&](const Snapshot&) {
                                                         note();
                                                         return nullptr;
                                                       }});
  ASSERT_TRUE(outcomes);
  EXPECT_EQ(policies, (std::vector<int>{SCHED_IDLE, SCHED_OTHER}));
  EXPECT_EQ(PolicyOf("rblitz-load"), SCHED_IDLE);
}

TEST(Reloader, StopsWithoutHavingBeenAskedAnything) {
  const Reloader reloader({.idle_priority = true});
  EXPECT_TRUE(reloader.Feeds().empty());
}

}  // namespace
}  // namespace rblitz
