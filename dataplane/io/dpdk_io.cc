#include "dataplane/io/dpdk_io.h"

#include <rte_alarm.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <semaphore>
#include <set>
#include <string_view>
#include <thread>

#include "dataplane/io/dpdk_eal_args.h"
#include "dataplane/io/dpdk_io_frames.h"
#include "dataplane/io/dpdk_io_port.h"

namespace rblitz::io {

namespace {

// Buffers that a worker keeps at hand without asking the pool.
constexpr unsigned kMaxPoolCache = 256;

// Lcore 0 is the main thread (dpdk_eal_args.h).
constexpr unsigned LcoreOf(uint32_t worker) noexcept { return worker + 1; }

Status CheckPorts(const std::vector<DpdkPortConfig>& ports) {
  if (ports.empty()) return Fail("ports: at least one is needed");
  std::set<uint16_t> seen;
  for (const DpdkPortConfig& port : ports) {
    if (!seen.insert(port.port).second) return Fail("ports: port " + std::to_string(port.port) + " is named twice");
  }
  return {};
}

Status InitEal(const DpdkConfig& config) {
  Result<std::vector<std::string>> arguments = EalArguments(config, AllowedCpus());
  if (!arguments) return tl::unexpected(arguments.error());
  std::vector<char*> argv;
  for (std::string& argument : *arguments) argv.push_back(argument.data());
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
    // rte_errno is often that of a step that was tried and is not needed.
    return Fail("dpdk.eal: DPDK does not start, its lines above say why (no huge pages: nr_hugepages, or --no-huge)");
  }
  return {};
}

// Without huge pages the library lets no buffer cross the border of a page, for devices that know memory by other
// addresses than its own: each gets 4 KiB, and what is read of a burst's 64 buffers stands at one place of their pages,
// so that it shares a few lines of the first-level cache. These drivers copy, by the processor's addresses.
bool MayCrossPages(const DpdkConfig& config) {
  constexpr std::string_view kCopying[] = {"net_af_packet", "net_memif", "net_null", "net_pcap", "net_ring", "net_tap"};
  const auto is_copying = [&](const DpdkPortConfig& port) {
    rte_eth_dev_info info = {};
    return rte_eth_dev_info_get(port.port, &info) == 0 && std::ranges::count(kCopying, info.driver_name) > 0;
  };
  return rte_eal_has_hugepages() == 0 && std::ranges::all_of(config.ports, is_copying);
}

// rte_pktmbuf_pool_create, with flags.
rte_mempool* CreatePool(uint32_t mbufs, int node, unsigned flags) {
  // The library wants at least one and a half caches of buffers.
  const unsigned cache = std::min(kMaxPoolCache, mbufs / 2);
  rte_pktmbuf_pool_private about = {};
  about.mbuf_data_room_size = RTE_MBUF_DEFAULT_BUF_SIZE;
  rte_mempool* const pool = rte_mempool_create_empty("rblitz", mbufs, sizeof(rte_mbuf) + about.mbuf_data_room_size,
                                                     cache, sizeof about, node, flags);
  if (pool == nullptr) return nullptr;
  const int chosen = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), nullptr);
  if (chosen == 0) rte_pktmbuf_pool_init(pool, &about);
  const int filled = chosen == 0 ? rte_mempool_populate_default(pool) : chosen;
  if (filled < 0) {
    rte_mempool_free(pool);
    rte_errno = -filled;
    return nullptr;
  }
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
  return pool;
}

Result<rte_mempool*> CreatePool(const DpdkConfig& config, int node) {
  rte_mempool* const pool =
      CreatePool(config.mbufs, node, MayCrossPages(config) ? unsigned{RTE_MEMPOOL_F_NO_IOVA_CONTIG} : 0);
  if (pool == nullptr) {
    return Fail("mbufs: no memory for " + std::to_string(config.mbufs) + " packet buffers: " + rte_strerror(rte_errno));
  }
  return pool;
}

// Until the library's interrupt thread sleeps again. Closing ports wakes it to look through all handles that it has,
// some in memory that the library unmaps when it is cleaned up, while that thread goes on. An alarm is that thread's to
// run: then it has been through all before, and mostly needs some microseconds more.
void AwaitInterruptThread() {
  constexpr auto kPatience = std::chrono::seconds(1);
  constexpr auto kToSleep = std::chrono::milliseconds(20);
  static std::binary_semaphore done(0);  // should the alarm be late, it is there still
  const auto tell = [](void* /*argument*/) { done.release(); };
  if (rte_eal_alarm_set(1, tell, nullptr) == 0) static_cast<void>(done.try_acquire_for(kPatience));
  std::this_thread::sleep_for(kToSleep);
}

// Deals the queues of all ports out like cards. Whoever got none would burn its core for nothing.
Status ShareQueues(const std::vector<std::unique_ptr<DpdkPort>>& ports, uint32_t workers) {
  uint32_t queues = 0;
  for (const std::unique_ptr<DpdkPort>& port : ports) {
    port->first_worker = queues % workers;
    queues += port->queues;
  }
  if (queues >= workers) return {};
  std::string message = "workers: " + std::to_string(workers) + " wanted, but there " +
                        (queues == 1 ? "is 1 queue:" : "are " + std::to_string(queues) + " queues:");
  for (const std::unique_ptr<DpdkPort>& port : ports) {
    message += " port " + std::to_string(port->id) + " (" + port->driver + ") has " + std::to_string(port->queues);
  }
  return Fail(message);
}

// Packets are brought to the memory of the node that the port is attached to.
int NodeOf(const DpdkConfig& config) {
  const uint16_t port = config.ports.front().port;
  const int node = rte_eth_dev_is_valid_port(port) != 0 ? rte_eth_dev_socket_id(port) : SOCKET_ID_ANY;
  return node == SOCKET_ID_ANY ? static_cast<int>(rte_socket_id()) : node;
}

}  // namespace

struct Dpdk::Rep {
  ~Rep() {
    ports.clear();
    for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; ++port) {  // those that nobody opened too
      if (rte_eth_dev_is_valid_port(port) != 0) static_cast<void>(rte_eth_dev_close(port));
    }
    AwaitInterruptThread();
    rte_mempool_free(pool);
    rte_eal_cleanup();
  }

  rte_mempool* pool = nullptr;
  std::vector<std::unique_ptr<DpdkPort>> ports;
  std::vector<std::function<void()>> work;  // by worker
  std::atomic<uint32_t> running = 0;        // workers
  IdleMode idle = IdleMode::kPoll;
};

Dpdk::Dpdk(std::unique_ptr<Rep> rep) noexcept : rep_(std::move(rep)) {}

Dpdk::~Dpdk() = default;

Result<std::unique_ptr<Dpdk>> Dpdk::Open(const DpdkConfig& config) {
  if (Status status = CheckPorts(config.ports); !status) return tl::unexpected(status.error());
  if (Status status = InitEal(config); !status) return tl::unexpected(status.error());
  auto rep = std::make_unique<Rep>();
  rep->work.resize(config.workers);
  rep->idle = config.idle;
  const Result<rte_mempool*> pool = CreatePool(config, NodeOf(config));
  if (!pool) return tl::unexpected(pool.error());
  rep->pool = *pool;
  for (const DpdkPortConfig& port_config : config.ports) {
    Result<std::unique_ptr<DpdkPort>> port = DpdkPort::Open(port_config, config.workers, rep->pool, config.idle);
    if (!port) return tl::unexpected(port.error());
    rep->ports.push_back(std::move(*port));
  }
  if (Status status = ShareQueues(rep->ports, config.workers); !status) return tl::unexpected(status.error());
  return std::unique_ptr<Dpdk>(new Dpdk(std::move(rep)));
}

std::unique_ptr<PacketIo> Dpdk::io(uint32_t worker, WorkerStats* stats) {
  assert(worker < rep_->work.size());
  return std::make_unique<DpdkPacketIo>(rep_->ports, worker, static_cast<uint32_t>(rep_->work.size()), rep_->idle,
                                        stats);
}

std::unique_ptr<FrameIo> Dpdk::frames() { return std::make_unique<DpdkFrameIo>(rep_->ports.front().get()); }

void Dpdk::Launch(uint32_t worker, std::function<void()> work) {
  assert(worker < rep_->work.size() && rte_eal_get_lcore_state(LcoreOf(worker)) == WAIT);
  rep_->work[worker] = [rep = rep_.get(), work = std::move(work)] {
    work();
    if (rep->running.fetch_sub(1) == 1) rep->running.notify_one();
  };
  ++rep_->running;
  const auto run = [](void* argument) {
    (*static_cast<std::function<void()>*>(argument))();
    return 0;
  };
  const int result = rte_eal_remote_launch(run, &rep_->work[worker], LcoreOf(worker));
  assert(result == 0);
  static_cast<void>(result);
}

// DPDK waits for its threads without a sleep: it would take from them the core that this thread may share with one.
void Dpdk::Join() {
  for (uint32_t running = rep_->running; running != 0; running = rep_->running) rep_->running.wait(running);
  rte_eal_mp_wait_lcore();
}

std::vector<DpdkPortInfo> Dpdk::ports() const {
  std::vector<DpdkPortInfo> infos;
  for (const std::unique_ptr<DpdkPort>& port : rep_->ports) infos.push_back(port->Info());
  return infos;
}

}  // namespace rblitz::io
