// What a greylist's keeper writes at its end, when disks fail, and what waits for it.
#include "cli/grey_keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/grey_store_fixture.h"

namespace rblitz {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint32_t kRarely = 60000;  // milliseconds: only an end, or somebody who waits, writes before

class GreyKeeperTest : public GreyStoreTest {
 protected:
  std::unique_ptr<GreyKeeper> Keep(DiskCalls calls = DiskCalls::Real()) {
    auto store = GreyStore::Open(folder(), std::move(calls));
    EXPECT_TRUE(store) << store.error().message;
    state_ = std::make_shared<Greylist>(Greylist::Setup{
        .max_triplets = 1000, .seed = (*store)->seed(), .masks = {}, .workers = 1, .keeps_journal = true});
    auto keeper = std::make_unique<GreyKeeper>("grey.test", state_, *std::move(store), TripletRules(), kRarely);
    keeper->Start();
    return keeper;
  }

  void WaitUntilReady() const {
    for (int i = 0; i < 1000 && !state_->is_ready(); ++i) std::this_thread::sleep_for(milliseconds(10));
    ASSERT_TRUE(state_->is_ready());
  }

  // As a worker does.
  void Decide(uint64_t first, uint64_t last) {
    for (uint64_t i = first; i < last; ++i) {
      const TripletQuestion question{.network = kIp4Network | i << 8, .client = i << 8, .triplet = i + 1, .sender = i};
      GreyDecision decision;
      state_->table().Decide({&question, 1}, TripletRules(), Now(), state_->worker(0).changes.get(), &decision);
      ASSERT_EQ(decision.answer, GreyAnswer::kDefer);
    }
  }

  [[nodiscard]] size_t RowsOnDisk() const {
    const auto loaded = LoadAll(folder());
    return loaded ? SetOf(loaded->rows).size() : 0;
  }

  static uint32_t Now() { return static_cast<uint32_t>(std::time(nullptr)); }

  std::shared_ptr<Greylist> state_;
};

size_t ResidentBytes() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Else a worker zeroes 2 MiB while a burst waits.
TEST_F(GreyKeeperTest, TheTablesMemoryIsThereBeforeTheFirstAnswer) {
  for (const bool is_stored : {false, true}) {
    SCOPED_TRACE(is_stored);
    auto store = is_stored ? *GreyStore::Open(folder()) : nullptr;
    state_ = std::make_shared<Greylist>(
        Greylist::Setup{.max_triplets = 1000000, .seed = 7, .masks = {}, .workers = 1, .keeps_journal = is_stored});
    GreyKeeper keeper("grey.test", state_, std::move(store), TripletRules(), kRarely);
    const size_t before = ResidentBytes();
    keeper.Start();
    WaitUntilReady();
    EXPECT_GE(ResidentBytes(), before + state_->table().bytes() / 10 * 9);
  }
}

TEST_F(GreyKeeperTest, AnEndLosesNothing) {
  auto keeper = Keep();
  WaitUntilReady();
  Decide(0, 100);
  keeper->Stop();
  keeper.reset();
  EXPECT_EQ(RowsOnDisk(), 100u);
}

// The last write fails: the next one is in a new file.
TEST_F(GreyKeeperTest, AnEndTriesOnceMoreWhatFails) {
  for (const bool is_sync : {false, true}) {
    std::filesystem::remove_all(folder());
    std::atomic<bool> fails = false;
    DiskCalls calls = DiskCalls::Real();
    const auto failing = [&fails] {
      errno = EIO;
      return fails.exchange(false);
    };
    if (is_sync) calls.sync = [failing](int fd) { return failing() ? -1 : fdatasync(fd); };
    if (!is_sync) {
      calls.write = [failing](int fd, const void* bytes, size_t size) -> ssize_t {
        return failing() ? -1 : ::write(fd, bytes, size);
      };
    }
    auto keeper = Keep(calls);
    WaitUntilReady();
    Decide(0, 100);
    fails = true;
    keeper->Stop();
    EXPECT_FALSE(fails);
    EXPECT_EQ(keeper->figures().error, "");
    keeper.reset();
    EXPECT_EQ(RowsOnDisk(), 100u) << is_sync;
  }
}

TEST_F(GreyKeeperTest, AFolderThatWasRemovedIsFilledAgainAtTheEnd) {
  auto keeper = Keep();
  WaitUntilReady();
  Decide(0, 50);
  std::promise<Status> written;
  keeper->Submit({}, [&](const Status& status) { written.set_value(status); });
  ASSERT_TRUE(written.get_future().get());
  std::filesystem::remove_all(folder());
  Decide(50, 60);
  keeper->Stop();
  EXPECT_EQ(keeper->figures().error, "");
  keeper.reset();
  EXPECT_EQ(RowsOnDisk(), 60u);
}

// Whoever waits need not wait for the interval.
TEST_F(GreyKeeperTest, WhatIsSubmittedIsWrittenAtOnce) {
  auto keeper = Keep();
  WaitUntilReady();
  const TripletRow row{.key = {.network = kIp4Network, .fingerprint = 7}, .first = Now(), .last_minutes = 1};
  std::promise<Status> written;
  keeper->Submit({row}, [&](const Status& status) { written.set_value(status); });
  auto done = written.get_future();
  ASSERT_EQ(done.wait_for(seconds(20)), std::future_status::ready);
  EXPECT_TRUE(done.get());
  EXPECT_EQ(keeper->figures().written_rows, 1u);
}

// Nothing is deferred as long as some of it is unread, and nothing on the disk is touched.
TEST_F(GreyKeeperTest, WhatCannotBeReadKeepsItFromBeingReady) {
  {
    auto store = GreyStore::Open(folder());
    ASSERT_TRUE((*store)->Append(SomeRows(10, 1)));
  }
  auto store = GreyStore::Open(folder());
  std::filesystem::rename(path("journal-1"), temp.Path("away"));
  state_ = std::make_shared<Greylist>(Greylist::Setup{
      .max_triplets = 1000, .seed = (*store)->seed(), .masks = {}, .workers = 1, .keeps_journal = true});
  GreyKeeper keeper("grey.test", state_, *std::move(store), TripletRules(), kRarely);
  keeper.Start();
  for (int i = 0; i < 1000 && keeper.figures().error.empty(); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(keeper.figures().error, path("journal-1") + ": cannot open: No such file or directory");
  EXPECT_FALSE(state_->is_ready());
  keeper.Stop();
  EXPECT_FALSE(std::filesystem::exists(path("snapshot")));
  EXPECT_FALSE(std::filesystem::exists(path("journal-2")));
}

}  // namespace
}  // namespace rblitz
