// Real files and inotify; the settle time is short, and waits are bounded by what a loaded machine may need.
#include "loaders/feed_checks.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = FeedChecks::Clock;
using Strings = std::vector<std::string>;

constexpr auto kShort = 300ms;

class FeedChecksTest : public testing::Test {
 protected:
  // Plans one feed of this path and waits until it was looked at for the first time.
  void Plan(const std::string& path, std::chrono::milliseconds every = 1h) {
    checks_.Plan({{.name = "f", .paths = {path}, .every = every}}, Clock::now());
    EXPECT_TRUE(WaitUntilDue(10s));
  }
  // Runs as the server's thread does. False if nothing is due for so long.
  bool WaitUntilDue(std::chrono::milliseconds most) {
    const Clock::time_point end = Clock::now() + most;
    while (Clock::now() < end) {
      const auto until = std::min(checks_.next(), end) - Clock::now();
      pollfd polled{checks_.fd(), POLLIN, 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until).count();
      poll(&polled, 1, static_cast<int>(std::max<int64_t>(left, 0)));
      if (checks_.Due(Clock::now()) == Strings{"f"}) return true;
    }
    return false;
  }
  void Place(const std::string& name, const std::string& text) {
    const std::string elsewhere = other_.Write("new", text);
    fs::rename(elsewhere, folder_.Path(name));
  }
  // As a file that was written long ago.
  void WriteOld(const std::string& name) {
    const std::string path = folder_.Write(name, "1.2.3.4\n");
    fs::last_write_time(path, fs::file_time_type::clock::now() - 1h);
  }

  TempFolder folder_;
  TempFolder other_;
  FeedChecks checks_{kShort};
};

TEST_F(FeedChecksTest, LookAtEveryFeedOnceAfterPlanning) {
  WriteOld("f");
  Plan(folder_.Path("f"));
  EXPECT_FALSE(WaitUntilDue(2 * kShort));
}

TEST_F(FeedChecksTest, NeverLookAtFeedsThatAreLoadedOnlyWhenAsked) {
  WriteOld("f");
  checks_.Plan({{.name = "f", .paths = {folder_.Path("f")}, .every = 0ms}}, Clock::now());
  EXPECT_EQ(checks_.next(), Clock::time_point::max());
  Place("f", "x\n");
  EXPECT_TRUE(checks_.Due(Clock::now() + 1h).empty());
}

TEST_F(FeedChecksTest, LoadAFileThatIsRenamedIntoPlaceWithoutSettling) {
  WriteOld("f");
  checks_ = FeedChecks(10s);
  checks_.Plan({{.name = "f", .paths = {folder_.Path("f")}, .every = 1h}}, Clock::now() - 10s);
  ASSERT_EQ(checks_.Due(Clock::now()), Strings{"f"});
  const Clock::time_point placed = Clock::now();
  Place("f", "new\n");
  EXPECT_TRUE(WaitUntilDue(9s));
  EXPECT_GE(Clock::now() - placed, FeedChecks::kPlacedDelay);
}

TEST_F(FeedChecksTest, SeeAFileThatIsPlacedWhereThereWasNone) {
  Plan(folder_.Path("f"));
  Place("f", "new\n");
  EXPECT_TRUE(WaitUntilDue(10s));
}

TEST_F(FeedChecksTest, LoadAFileThatIsWrittenOnlyOnceItHasSettled) {
  WriteOld("f");
  Plan(folder_.Path("f"));
  const Clock::time_point end = Clock::now() + 3 * kShort;
  Clock::time_point last = Clock::now();
  while (Clock::now() < end) {
    std::ofstream(folder_.Path("f"), std::ios::app) << "1.2.3.5\n";
    last = Clock::now();
    EXPECT_FALSE(WaitUntilDue(kShort / 10));
  }
  EXPECT_TRUE(WaitUntilDue(10s));
  EXPECT_GE(Clock::now() - last, kShort);
}

TEST_F(FeedChecksTest, WaitForAWriterThatPausesWithTheFileOpen) {
  WriteOld("f");
  Plan(folder_.Path("f"));
  std::ofstream writer(folder_.Path("f"));
  writer << "half" << std::flush;
  EXPECT_FALSE(WaitUntilDue(4 * kShort));
  writer << " and half\n";
  writer.close();
  EXPECT_TRUE(WaitUntilDue(10s));
}

TEST_F(FeedChecksTest, ForgetTheWriterOfAFileThatWasReplaced) {
  WriteOld("f");
  Plan(folder_.Path("f"));
  std::ofstream writer(folder_.Path("f"));
  writer << "half" << std::flush;
  EXPECT_FALSE(WaitUntilDue(2 * kShort));
  Place("f", "whole\n");
  EXPECT_TRUE(WaitUntilDue(10s));
  writer << "more" << std::flush;
  EXPECT_FALSE(WaitUntilDue(2 * kShort));
}

TEST_F(FeedChecksTest, TakeFilesThatArePlacedTogetherAsOneChange) {
  WriteOld("a");
  WriteOld("b");
  Plan(folder_.Path(""));
  Place("a", "1\n");
  Place("b", "2\n");
  EXPECT_TRUE(WaitUntilDue(10s));
  EXPECT_FALSE(WaitUntilDue(2 * kShort));
}

TEST_F(FeedChecksTest, IgnoreFilesThatAreNoneOfTheFeeds) {
  WriteOld("a");
  Plan(folder_.Path(""));
  for (const char* name : {".hidden", "a.tmp", "a.part", "a~"}) folder_.Write(name, "x");
  EXPECT_FALSE(WaitUntilDue(3 * kShort));
  folder_.Write("b", "x");
  EXPECT_TRUE(WaitUntilDue(10s));
}

TEST_F(FeedChecksTest, FollowALinkToWhereTheFileIs) {
  const std::string target = other_.Write("target", "1\n");
  fs::last_write_time(target, fs::file_time_type::clock::now() - 1h);
  fs::create_symlink(target, folder_.Path("f"));
  Plan(folder_.Path("f"));
  fs::rename(folder_.Write("new", "2\n"), target);
  EXPECT_TRUE(WaitUntilDue(10s));
}

TEST_F(FeedChecksTest, FindChangesByLookingWhereNothingTellsOfThem) {
  const std::string later = folder_.Path("later");
  Plan(later + "/f", kShort / 3);
  fs::create_directory(later);
  std::ofstream(later + "/f") << "1\n";
  // Each look finds it younger than the settle time, or as it was.
  EXPECT_TRUE(WaitUntilDue(10s));
  EXPECT_TRUE(fs::exists(later + "/f"));
}

TEST_F(FeedChecksTest, WatchAThousandFeedsInOneFolder) {
  std::vector<FeedChecks::Feed> feeds;
  for (int i = 0; i < 1000; ++i) {
    feeds.push_back({.name = std::to_string(i), .paths = {folder_.Path(std::to_string(i))}, .every = 1h});
  }
  checks_.Plan(feeds, Clock::now() - kShort);
  EXPECT_EQ(checks_.Due(Clock::now()).size(), 1000u);
  Place("77", "x\n");
  Strings due;
  for (int i = 0; i < 1000 && due.empty(); ++i) {
    std::this_thread::sleep_for(10ms);
    due = checks_.Due(Clock::now());
  }
  EXPECT_EQ(due, Strings{"77"});
}

}  // namespace
}  // namespace rblitz
