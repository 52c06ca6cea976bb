// What a running server cannot change.
#include <algorithm>

#include "cli/config.h"

namespace rblitz {

namespace {

bool SamePorts(const io::DpdkConfig& a, const io::DpdkConfig& b) {
  return std::equal(a.ports.begin(), a.ports.end(), b.ports.begin(), b.ports.end(), [](const auto& x, const auto& y) {
    return x.port == y.port && x.addresses == y.addresses && x.kernel_port == y.kernel_port;
  });
}

}  // namespace

std::vector<std::string> NeedsRestart(const Config& running, const Config& next) {
  std::vector<std::string> keys;
  const auto differs = [&](bool same, const char* key) {
    if (!same) keys.emplace_back(key);
  };
  differs(running.server.io == next.server.io, "server.io");
  differs(running.server.listen == next.server.listen, "server.listen");
  differs(running.dpdk.workers == next.dpdk.workers, "server.workers");
  differs(running.dpdk.cores == next.dpdk.cores, "server.cores");
  differs(running.server.tcp.connections == next.server.tcp.connections, "server.tcp_connections");
  differs(running.server.tcp.per_source == next.server.tcp.per_source, "server.tcp_per_source");
  differs(running.server.tcp.idle_ms == next.server.tcp.idle_ms, "server.tcp_idle");
  differs(running.server.state == next.server.state, "server.state");
  differs(running.server.control == next.server.control, "server.control");
  differs(running.server.user == next.server.user, "server.user");
  differs(running.server.identity.version == next.server.identity.version, "server.version");
  differs(running.server.identity.id == next.server.identity.id, "server.identity");
  differs(running.dpdk.eal == next.dpdk.eal, "dpdk.eal");
  differs(SamePorts(running.dpdk, next.dpdk), "dpdk.ports");
  differs(running.dpdk.mbufs == next.dpdk.mbufs, "dpdk.mbufs");
  return keys;
}

}  // namespace rblitz
