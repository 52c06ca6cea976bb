#include "cli/workers.h"

#include <pthread.h>

#include <chrono>

#include "dataplane/io/dpdk_eal_args.h"

namespace rblitz {

Result<std::unique_ptr<Workers>> Workers::Open(const Config& config) {
  std::unique_ptr<Workers> workers(new Workers);
  workers->cpus_ = io::AllowedCpus().size();  // before DPDK, which takes the cores of its workers from this thread
  if (config.server.io == IoKind::kDpdk) {
    auto dpdk = io::Dpdk::Open(config.dpdk);
    if (!dpdk) return tl::unexpected<Error>(dpdk.error());
    workers->dpdk_ = *std::move(dpdk);
    workers->dpdk_workers_ = config.dpdk.workers;
    for (uint32_t i = 0; i < config.dpdk.workers; ++i) {
      workers->ios_.push_back(workers->dpdk_->io(i, workers->AddStats()));
    }
  }
  // Here the TAPs of kernel_port are up with their addresses (config.dpdk.ports): whoever listens there binds from here
  // on.
  for (const io::SocketConfig& socket : config.server.sockets) {
    auto io = io::SocketIo::Open(socket, workers->AddStats());
    if (!io) return tl::unexpected<Error>(io.error());
    workers->sockets_.push_back(io->get());
    workers->ios_.push_back(*std::move(io));
  }
  return workers;
}

Workers::~Workers() {
  Stop();
  ios_.clear();  // those of DPDK must go before their ports
}

void Workers::Launch(const Published<Serving>* serving) {
  for (size_t i = 0; i < ios_.size(); ++i) {
    Worker* const worker =
        workers_.emplace_back(std::make_unique<Worker>(ios_[i].get(), serving, stats_[i].get())).get();
    const auto work = [worker, this] { worker->Run(stop_); };
    if (i < dpdk_workers_) {
      dpdk_->Launch(static_cast<uint32_t>(i), work);
    } else {
      threads_.emplace_back(work);
      pthread_setname_np(threads_.back().native_handle(), "socket");
    }
  }
}

// Still for this long means that what had arrived before is answered.
void Workers::Drain() const {
  constexpr auto kStill = std::chrono::milliseconds(50);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  uint64_t before = Sum(&WorkerStats::received);
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kStill);
    const uint64_t now = Sum(&WorkerStats::received);
    if (now == before) return;
    before = now;
  }
}

void Workers::Stop() {
  if (workers_.empty() || stop_.load()) return;
  Drain();
  stop_.store(true);
  for (std::thread& thread : threads_) thread.join();
  if (dpdk_workers_ > 0) dpdk_->Join();
}

uint64_t Workers::Sum(Counter WorkerStats::*counter) const {
  uint64_t sum = 0;
  for (const auto& stats : stats_) sum += ((*stats).*counter).value();
  return sum;
}

uint64_t Workers::socket_losses() const {
  uint64_t sum = 0;
  for (const io::SocketIo* const socket : sockets_) sum += socket->losses();
  return sum;
}

std::vector<io::DpdkPortInfo> Workers::ports() const {
  return dpdk_ ? dpdk_->ports() : std::vector<io::DpdkPortInfo>();
}

}  // namespace rblitz
