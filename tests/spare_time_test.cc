#include "loaders/spare_time.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "loaders/work_thread.h"

namespace rblitz {
namespace {

void PinTo(pthread_t thread, size_t cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  pthread_setaffinity_np(thread, sizeof cpus, &cpus);
}

// As long as it lives, somebody with the usual priority wants all of a CPU.
class BusyCpu {
 public:
  BusyCpu()
      : thread_([this](const std::stop_token& stop) {
          PinTo(pthread_self(), cpu_);
          while (!stop.stop_requested()) std::atomic_signal_fence(std::memory_order_seq_cst);
        }) {}
  [[nodiscard]] size_t cpu() const { return cpu_; }

 private:
  const size_t cpu_ = static_cast<size_t>(sched_getcpu());
  std::jthread thread_;
};

bool MayLeaveIdle() {
  bool may = false;
  std::thread([&] {
    const sched_param none{};
    may = sched_setscheduler(0, SCHED_IDLE, &none) == 0 && sched_setscheduler(0, SCHED_OTHER, &none) == 0;
  }).join();
  return may && sched_getscheduler(0) == SCHED_OTHER;
}

class SpareTimeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!MayLeaveIdle()) GTEST_SKIP() << "needs CAP_SYS_NICE, or an RLIMIT_NICE of 20";
  }

  int Policy() {
    return thread_.Ask([] { return sched_getscheduler(0); });
  }
  // The same, where somebody else on this machine may starve it meanwhile: asked again.
  int PolicyAtLast() {
    int policy = Policy();
    for (int i = 0; i < 10 && policy != SCHED_IDLE; ++i) {
      std::this_thread::sleep_for(SpareTime::kWary);
      policy = Policy();
    }
    return policy;
  }

  WorkThread thread_{{.name = "spare", .spare_time = true, .idle_work = {}}};
};

// Until this thread is no longer in SCHED_IDLE; false: it still is after a minute.
bool WaitForTurns() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (sched_getscheduler(0) == SCHED_IDLE) {
    if (std::chrono::steady_clock::now() > end) return false;
  }
  return true;
}

TEST_F(SpareTimeTest, WorksWhenNothingElseWantsACore) {
  EXPECT_EQ(PolicyAtLast(), SCHED_IDLE);
  EXPECT_EQ(thread_.Ask([] { return getpriority(PRIO_PROCESS, 0); }), std::min(getpriority(PRIO_PROCESS, 0) + 10, 19));
}

TEST_F(SpareTimeTest, StarvedItTakesTurnsWithAllThreadsThatItStartedUntilTheWorkIsDone) {
  bool came_back = false, other_came_back = false;
  cpu_set_t all;
  CPU_ZERO(&all);
  sched_getaffinity(0, sizeof all, &all);
  {
    const BusyCpu busy;
    thread_.Ask([&] {
      std::atomic<bool> runs = false;
      std::thread other([&] {
        PinTo(pthread_self(), busy.cpu());
        runs = true;
        runs.notify_one();
        other_came_back = WaitForTurns();
      });
      runs.wait(false);
      PinTo(pthread_self(), busy.cpu());
      came_back = WaitForTurns();
      other.join();
      sched_setaffinity(0, sizeof all, &all);
    });
  }
  EXPECT_TRUE(came_back);
  EXPECT_TRUE(other_came_back);
  EXPECT_EQ(Policy(), SCHED_OTHER) << "it was starved a moment ago";
  std::this_thread::sleep_for(SpareTime::kWary);
  EXPECT_EQ(PolicyAtLast(), SCHED_IDLE);
}

// Others that are idle for reasons of their own stay so.
TEST_F(SpareTimeTest, LeavesThreadsOfOthersAlone) {
  std::atomic<pid_t> tid = 0;
  std::atomic<bool> ends = false;
  std::thread stranger([&] {
    const sched_param none{};
    sched_setscheduler(0, SCHED_IDLE, &none);
    tid = gettid();
    tid.notify_one();
    ends.wait(false);
  });
  tid.wait(0);
  bool came_back = false;
  {
    const BusyCpu busy;
    thread_.Ask([&] {
      PinTo(pthread_self(), busy.cpu());
      came_back = WaitForTurns();
    });
  }
  EXPECT_TRUE(came_back);
  EXPECT_EQ(sched_getscheduler(tid), SCHED_IDLE);
  ends = true;
  ends.notify_all();
  stranger.join();
}

// A load that waits for a disk is not starved. Whoever looks when it has just woken may think so.
TEST_F(SpareTimeTest, WhoSleepsIsLeftAsItIs) {
  int policy = SCHED_OTHER;
  for (int i = 0; i < 10 && policy != SCHED_IDLE; ++i) {
    policy = thread_.Ask([] {
      std::this_thread::sleep_for(SpareTime::kLook * 9 / 2);
      return sched_getscheduler(0);
    });
    if (policy != SCHED_IDLE) std::this_thread::sleep_for(SpareTime::kWary);
  }
  EXPECT_EQ(policy, SCHED_IDLE);
}

TEST_F(SpareTimeTest, IsBackWhenTheWorkIsDone) {
  pid_t tid = 0;
  thread_.Ask([&] { tid = gettid(); });
  thread_.Ask([] {});  // begins when the first has ended
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (sched_getscheduler(tid) == SCHED_IDLE && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(sched_getscheduler(tid), SCHED_OTHER);
}

TEST(SpareTime, WhoHasAnotherPolicyKeepsIt) {
  std::thread([] {
    const sched_param none{};
    sched_setscheduler(0, SCHED_BATCH, &none);
    SpareTime spare;
    spare.Begin();
    spare.Look();
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
    spare.End();
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
  }).join();
}

}  // namespace
}  // namespace rblitz
