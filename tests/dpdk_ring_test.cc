// Workers on net_ring, a port within the process: 16 queues, each of which sends into the ring that it receives from.
// What is answered comes back as a frame for somebody else.
#include <gtest/gtest.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/io/dpdk_eal_args.h"
#include "dataplane/io/dpdk_io.h"
#include "tests/echo.h"
#include "tests/frames.h"

namespace rblitz::io {
namespace {

constexpr size_t kQueues = 16;   // RTE_PMD_RING_MAX_RX_RINGS
constexpr size_t kFrames = 100;  // in each queue

void Work(PacketIo& io, WorkerStats& stats, const std::atomic<bool>& stop) {
  Burst burst;
  while (!stop.load(std::memory_order_relaxed)) {
    io.Receive(burst);
    if (burst.count == 0) continue;
    test::Echo(burst, stats);
    io.Send(burst);
  }
}

test::FrameBytes Question(const std::string& mac) {
  test::FrameBytes frame = test::UdpFrame({}, {}, {4, 'e', 'v', 'e', 'n'});
  std::array<unsigned, 6> bytes{};
  std::sscanf(mac.c_str(), "%x:%x:%x:%x:%x:%x", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &bytes[4], &bytes[5]);
  std::copy(bytes.begin(), bytes.end(), frame.begin());
  return frame;
}

// Before the workers run: each ring has one sender only.
void Fill(size_t queue, const test::FrameBytes& frame) {
  rte_ring* const ring = rte_ring_lookup(("ETH_RXTX" + std::to_string(queue) + "_net_ring0").c_str());
  rte_mempool* const pool = rte_mempool_lookup("rblitz");
  ASSERT_NE(ring, nullptr);
  ASSERT_NE(pool, nullptr);
  for (size_t i = 0; i < kFrames; ++i) {
    rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool);
    ASSERT_NE(mbuf, nullptr);
    std::memcpy(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(frame.size())), frame.data(), frame.size());
    ASSERT_EQ(rte_ring_enqueue(ring, mbuf), 0);
  }
}

uint64_t SumOf(const std::vector<std::unique_ptr<WorkerStats>>& stats) {
  uint64_t sum = 0;
  for (const auto& one : stats) sum += one->received.value();
  return sum;
}

std::chrono::nanoseconds CpuTimeOfThread() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST(DpdkRing, QueuesAreSharedOutAndAnsweredWhereTheyCameAndWhoWaitsSleeps) {
  const auto workers = static_cast<uint32_t>(std::min<size_t>(AllowedCpus().size(), 2));
  const auto dpdk = Dpdk::Open({.eal = {"--no-pci", "--no-huge", "--in-memory", "--no-telemetry", "--vdev=net_ring0"},
                                .ports = {{.port = 0, .addresses = {"10.53.0.53/24"}}},
                                .mbufs = 65536,
                                .workers = workers});
  ASSERT_TRUE(dpdk) << dpdk.error().message;
  const DpdkPortInfo port = (*dpdk)->ports().at(0);
  EXPECT_EQ(port.driver, "net_ring");
  EXPECT_EQ(port.queues, kQueues);
  EXPECT_TRUE(port.link_up);
  for (size_t queue = 0; queue < kQueues; ++queue) Fill(queue, Question(port.mac));
  std::vector<std::unique_ptr<WorkerStats>> stats;
  std::vector<std::unique_ptr<PacketIo>> ios;
  std::atomic<bool> stop = false;
  for (uint32_t worker = 0; worker < workers; ++worker) {
    stats.push_back(std::make_unique<WorkerStats>());
    ios.push_back((*dpdk)->io(worker, stats.back().get()));
  }
  for (uint32_t worker = 0; worker < workers; ++worker) {
    (*dpdk)->Launch(worker, [&, worker] { Work(*ios[worker], *stats[worker], stop); });
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (SumOf(stats) < 2 * kQueues * kFrames && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stop = true;
  (*dpdk)->Join();
  for (const auto& one : stats) {
    EXPECT_EQ(one->answered.value(), kQueues / workers * kFrames);
    EXPECT_EQ(one->dropped[static_cast<size_t>(DropReason::kOtherMac)].value(), kQueues / workers * kFrames);
    EXPECT_EQ(one->received.value(), 2 * kQueues / workers * kFrames);
  }

  // Whoever waits for a worker sleeps: both may have to share one core.
  (*dpdk)->Launch(0, [] { std::this_thread::sleep_for(std::chrono::milliseconds(500)); });
  const auto before = CpuTimeOfThread();
  (*dpdk)->Join();
  EXPECT_LT(CpuTimeOfThread() - before, std::chrono::milliseconds(250));
}

}  // namespace
}  // namespace rblitz::io
