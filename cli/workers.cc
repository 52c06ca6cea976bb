#include "cli/workers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <chrono>
#include <utility>

#include "cli/activation.h"
#include "cli/log.h"
#include "dataplane/io/dpdk_eal_args.h"
#include "dataplane/io/socket_set.h"

namespace rblitz {

namespace {

// Descriptors for everything but connections: sockets, files that are read, clients of the control socket.
constexpr rlim_t kOtherDescriptors = 256;

// Makes room for so many connections, as far as the hard limit goes.
void RaiseDescriptorLimit(size_t connections) {
  const rlim_t wanted = connections + kOtherDescriptors;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    LogLine("few_descriptors").Add("limit", uint64_t{limit.rlim_cur}).Add("wanted", uint64_t{wanted});
  }
}

void Pin(std::thread& thread, int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<size_t>(core), &cores);
  pthread_setaffinity_np(thread.native_handle(), sizeof cores, &cores);
}

// A link-local address is one of a link, which has to be named (RFC 4007 section 11.2).
std::string AddressOn(const std::string& device, const std::string& address) {
  in6_addr bytes{};
  const bool is_of_link = inet_pton(AF_INET6, address.c_str(), &bytes) == 1 && IN6_IS_ADDR_LINKLOCAL(&bytes);
  return is_of_link ? address + '%' + device : address;
}

// The TAPs of ports that the kernel has too are up by now, and have the ports' addresses: TCP comes to them. Whether
// there are any.
bool AddKernelPorts(const io::DpdkConfig& config, std::vector<io::SocketConfig>* listen) {
  bool has_any = false;
  for (const io::DpdkPortConfig& port : config.ports) {
    if (port.kernel_port.empty()) continue;
    has_any = true;
    for (const std::string& address : port.addresses) {
      listen->push_back({.address = AddressOn(port.kernel_port, address.substr(0, address.find('/'))), .port = 53});
    }
  }
  return has_any;
}

}  // namespace

Result<std::unique_ptr<Workers>> Workers::Open(const Config& config) {
  std::unique_ptr<Workers> workers(new Workers);
  const std::vector<int> allowed =
      io::AllowedCpus();  // before DPDK, which takes the cores of its workers from this thread
  workers->cpus_ = allowed.size();
  const bool dpdk = config.server.io == IoKind::kDpdk;
  if (dpdk) {
    if (Status opened = workers->OpenPorts(config.dpdk); !opened) return tl::unexpected(opened.error());
  } else if (!config.dpdk.cores.empty()) {
    auto cores = io::WorkerCores(config.dpdk, allowed);
    if (!cores) return Fail("server." + cores.error().message);
    workers->cores_ = *std::move(cores);
  }
  Result<ServedSockets> sockets = ChooseSockets(config.server.sockets, config.server.passed);
  if (!sockets) return tl::unexpected(sockets.error());
  if (Status opened = workers->OpenUdp(&sockets->udp, dpdk ? 1 : config.dpdk.workers); !opened) {
    return tl::unexpected(opened.error());
  }
  workers->packet_workers_ = workers->ios_.size();
  io::TcpConfig tcp = config.server.tcp;
  // A port that UDP was given is TCP's, too.
  for (size_t i = 0; i < sockets->tcp.size() && !config.server.sockets.empty(); ++i) {
    sockets->tcp[i].port = sockets->udp[i].port;
  }
  tcp.listen = std::move(sockets->tcp);
  const bool has_kernel_port = AddKernelPorts(config.dpdk, &tcp.listen);
  if (Status opened = workers->OpenTcp(std::move(tcp)); !opened) {
    if (!has_kernel_port) return tl::unexpected(opened.error());
    return Fail(opened.error().message + " (a kernel_port answers TCP too; tcp_connections = 0 ends that)");
  }
  return workers;
}

Status Workers::OpenPorts(const io::DpdkConfig& config) {
  auto dpdk = io::Dpdk::Open(config);
  if (!dpdk) return tl::unexpected<Error>(dpdk.error());
  dpdk_ = *std::move(dpdk);
  dpdk_workers_ = config.workers;
  for (const io::DpdkPortInfo& port : dpdk_->ports()) {
    if (config.idle != io::IdleMode::kInterrupt || port.has_interrupts) continue;
    LogLine("no_interrupts").Add("port", uint64_t{port.port}).Add("driver", port.driver).Add("idle", "adaptive");
  }
  for (uint32_t i = 0; i < config.workers; ++i) ios_.push_back(dpdk_->io(i, AddStats()));
  return {};
}

// Each worker gets a socket of every address. Of one that was passed there is only one: all take from it.
Status Workers::OpenUdp(std::vector<io::SocketConfig>* configs, size_t workers) {
  for (size_t worker = 0; worker < workers && !configs->empty(); ++worker) {
    WorkerStats* const stats = AddStats();
    std::vector<std::unique_ptr<io::SocketIo>> sockets;
    for (io::SocketConfig& config : *configs) {
      const bool is_passed = config.fd >= 0;
      if (worker > 0 && !is_passed) config.sharing = io::Sharing::kJoins;
      if (worker == 0 && workers > 1 && !is_passed) config.sharing = io::Sharing::kFirst;
      const int passed = config.fd;
      if (is_passed && worker + 1 < workers) config.fd = fcntl(passed, F_DUPFD_CLOEXEC, 0);
      auto io = io::SocketIo::Open({.address = config.address,
                                    .port = config.port,
                                    .receive_buffer = config.receive_buffer,
                                    .sharing = config.sharing,
                                    .fd = passed},
                                   stats);
      if (!io) return tl::unexpected<Error>(io.error());
      config.port = (*io)->port();
      udp_sockets_.push_back({io->get(), io::ListenText(config), worker, is_passed && worker > 0});
      sockets.push_back(*std::move(io));
    }
    ios_.push_back(std::make_unique<io::SocketSet>(std::move(sockets)));
  }
  return {};
}

Status Workers::OpenTcp(io::TcpConfig config) {
  if (config.listen.empty() || config.connections == 0) return {};
  RaiseDescriptorLimit(config.connections);
  auto io = io::TcpIo::Open(config, AddStats(), &tcp_);
  if (!io) return tl::unexpected<Error>(io.error());
  for (size_t i = 0; i < config.listen.size(); ++i) {
    config.listen[i].port = (*io)->ports()[i];
    tcp_addresses_.push_back(io::ListenText(config.listen[i]));
  }
  has_tcp_ = true;
  ios_.push_back(*std::move(io));
  return {};
}

Workers::~Workers() {
  Stop();
  ios_.clear();  // those of DPDK must go before their ports
}

void Workers::Launch(const Published<Serving>* serving) {
  for (size_t i = 0; i < ios_.size(); ++i) {
    Worker* const worker =
        workers_.emplace_back(std::make_unique<Worker>(ios_[i].get(), serving, stats_[i].get(), i)).get();
    const auto work = [worker, this] { worker->Run(stop_); };
    if (i < dpdk_workers_) {
      dpdk_->Launch(static_cast<uint32_t>(i), work);
      continue;
    }
    threads_.emplace_back(work);
    const bool is_udp = i < packet_workers_;
    pthread_setname_np(threads_.back().native_handle(), is_udp ? "socket" : "tcp");
    if (is_udp && !cores_.empty()) Pin(threads_.back(), cores_[i]);
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

std::vector<Workers::Socket> Workers::sockets() const {
  std::vector<Socket> sockets;
  for (const auto& [io, address, worker, is_shared] : udp_sockets_) {
    sockets.push_back({.address = address, .worker = worker, .lost = is_shared ? 0 : io->losses()});
  }
  for (const std::string& address : tcp_addresses_) sockets.push_back({.address = address, .is_tcp = true});
  return sockets;
}

std::vector<io::DpdkPortInfo> Workers::ports() const {
  return dpdk_ ? dpdk_->ports() : std::vector<io::DpdkPortInfo>();
}

}  // namespace rblitz
