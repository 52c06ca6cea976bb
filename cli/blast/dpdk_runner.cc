#include "cli/blast/dpdk_runner.h"

#include <algorithm>

namespace rblitz::blast {

namespace {

constexpr uint64_t kPatience = 5 * kSecond;  // a link may only just come up

net::Ip6 BytesOf(const io::SocketAddress& address) {
  net::Ip6 bytes = {};
  const io::ClientAddress client = address.client();
  if (address.is_ip6()) return client;
  std::copy(client.begin() + 12, client.end(), bytes.begin());
  return bytes;
}

}  // namespace

Result<std::unique_ptr<DpdkRunner>> DpdkRunner::Open(const Settings& settings) {
  const DpdkSettings& wanted = *settings.dpdk;
  const Result<io::SocketAddress> server = io::ResolveListen(settings.server);
  if (!server) return tl::unexpected(server.error());
  std::unique_ptr<DpdkRunner> runner(new DpdkRunner());
  auto dpdk = io::Dpdk::Open({.eal = wanted.eal,
                              .ports = {{.port = wanted.port, .addresses = {wanted.address}, .kernel_port = ""}},
                              .mbufs = wanted.mbufs,
                              .workers = 1,
                              .cores = {}});
  if (!dpdk) return tl::unexpected(dpdk.error());
  runner->dpdk_ = *std::move(dpdk);
  runner->io_ = runner->dpdk_->frames();
  FrameConfig config = {.mac = runner->io_->mac(),
                        .server_mac = wanted.server_mac.value_or(net::Mac{}),
                        .own = wanted.own,
                        .sources = settings.sources.value_or(wanted.own),
                        .ports = settings.ports,
                        .server = BytesOf(*server),
                        .server_port = server->port(),
                        .may_be_partial = runner->io_->may_be_partial()};
  runner->link_ = std::make_unique<FrameLink>(config, *runner->io_);
  if (wanted.server_mac) return runner;
  const net::Ip6 next = wanted.gateway ? wanted.gateway->at(0) : config.server;
  if (Status found = runner->link_->Resolve(next, kPatience); !found) return tl::unexpected(found.error());
  return runner;
}

Result<Counts> DpdkRunner::Run(const Load& load, const QuestionSet& set, const Oracle* oracle,
                               const std::atomic<bool>& stop) {
  if (Status room = CheckRoom(load, link_->flows()); !room) return tl::unexpected(room.error());
  Asker asker(set, oracle, load, *link_, &stop);
  Counts counts;
  dpdk_->Launch(0, [&] { counts = asker.Run(); });
  dpdk_->Join();
  return counts;
}

}  // namespace rblitz::blast
