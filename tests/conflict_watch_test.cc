#include "cli/conflict_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rblitz {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = ConflictWatch::Clock;

class ConflictWatchTest : public testing::Test {
 protected:
  ConflictWatchTest() {
    for (int i = 0; i < 2; ++i) workers_.push_back(std::make_unique<WorkerStats>());
  }

  void See(size_t worker, uint8_t last_byte, Clock::duration at = {}) {
    workers_[worker]->address_conflicts.Set(
        {{2, 0, 0, 0, 0, 1}, {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last_byte}, kStart + at});
  }
  std::string LookAt(Clock::duration at) {
    testing::internal::CaptureStderr();
    watch_.Look(workers_, kStart + at);
    return testing::internal::GetCapturedStderr();
  }
  static std::string Line(const std::string& address, int seen) {
    return "event=address_conflict address=" + address + " mac=02:00:00:00:00:01 seen=" + std::to_string(seen) + "\n";
  }

  static constexpr Clock::time_point kStart{std::chrono::hours(1)};
  std::vector<std::unique_ptr<WorkerStats>> workers_;
  ConflictWatch watch_;
};

TEST_F(ConflictWatchTest, AnAddressIsToldAtOnceAndThenOnceAMinute) {
  EXPECT_EQ(LookAt(seconds(0)), "");
  See(0, 1);
  EXPECT_EQ(LookAt(seconds(1)), Line("fd00::1", 1));
  EXPECT_EQ(LookAt(seconds(100)), "");
  See(0, 1);
  EXPECT_EQ(LookAt(seconds(101)), Line("fd00::1", 2));
  See(0, 1);
  EXPECT_EQ(LookAt(seconds(160)), "");
  EXPECT_EQ(LookAt(seconds(161)), Line("fd00::1", 3));
}

TEST_F(ConflictWatchTest, AnotherAddressIsToldAtOnceButNoMoreThanOneASecond) {
  See(0, 1);
  EXPECT_EQ(LookAt(seconds(1)), Line("fd00::1", 1));
  See(0, 2);
  EXPECT_EQ(LookAt(milliseconds(1999)), "");
  EXPECT_EQ(LookAt(seconds(2)), Line("fd00::2", 2));
  See(0, 2);
  EXPECT_EQ(LookAt(seconds(4)), "");
  See(1, 1);
  EXPECT_EQ(LookAt(seconds(4)), Line("fd00::1", 1)) << "each worker tells for itself";
}

TEST_F(ConflictWatchTest, TheLatestIsThatOfTheWorkerThatSawItLast) {
  EXPECT_EQ(LatestConflict(workers_), std::nullopt);
  See(1, 1, seconds(1));
  EXPECT_EQ(LatestConflict(workers_)->address.back(), 1);
  See(0, 2, seconds(2));
  EXPECT_EQ(LatestConflict(workers_)->address.back(), 2);
  See(1, 3, seconds(3));
  EXPECT_EQ(LatestConflict(workers_)->address.back(), 3);
}

}  // namespace
}  // namespace rblitz
