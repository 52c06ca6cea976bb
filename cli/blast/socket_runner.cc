#include "cli/blast/socket_runner.h"

#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "cli/blast/socket_link.h"

namespace rblitz::blast {

namespace {

uint64_t Part(uint64_t whole, unsigned i, unsigned n) { return whole / n + (i < whole % n ? 1 : 0); }

// A socket a flow: as many descriptors as the system lets us have.
void WantDescriptors() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace

Load ShareOf(const Load& load, unsigned i, unsigned n, size_t questions) {
  Load share = load;
  share.millirate = Part(load.millirate, i, n);
  share.window = std::max<uint64_t>(Part(load.window, i, n), 1);
  share.count = Part(load.count, i, n);
  share.seed = load.seed + i;
  share.first = load.first + questions / n * i;
  return share;
}

Result<Counts> RunOnSockets(const Settings& settings, const Load& load, const QuestionSet& set, const Oracle* oracle,
                            const std::atomic<bool>& stop) {
  WantDescriptors();
  const Result<io::SocketAddress> server = io::ResolveListen(settings.server);
  if (!server) return tl::unexpected(server.error());
  std::vector<std::unique_ptr<SocketLink>> links;
  std::vector<std::unique_ptr<Asker>> askers;
  for (unsigned i = 0; i < settings.threads; ++i) {
    auto link = SocketLink::Open({.server = *server, .sources = settings.sources, .ports = settings.ports});
    if (!link) return tl::unexpected(link.error());
    const Load share = ShareOf(load, i, settings.threads, set.size());
    if (Status room = CheckRoom(share, (*link)->flows()); !room) return tl::unexpected(room.error());
    links.push_back(*std::move(link));
    askers.push_back(std::make_unique<Asker>(set, oracle, share, *links.back(), &stop));
  }
  std::vector<Counts> counts(askers.size());
  std::vector<std::thread> threads;
  for (size_t i = 1; i < askers.size(); ++i) threads.emplace_back([&, i] { counts[i] = askers[i]->Run(); });
  counts[0] = askers[0]->Run();
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 1; i < counts.size(); ++i) counts[0].Add(counts[i]);
  return std::move(counts[0]);
}

}  // namespace rblitz::blast
