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

const GreylistConfig* FindGreylist(const Config& config, std::string_view zone) {
  const auto found =
      std::ranges::find_if(config.greylists, [&](const GreylistConfig& g) { return g.zone.name == zone; });
  return found == config.greylists.end() ? nullptr : &*found;
}

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
  differs(running.dpdk.idle == next.dpdk.idle, "dpdk.idle");
  for (const GreylistConfig& greylist : next.greylists) {
    const GreylistConfig* const before = FindGreylist(running, greylist.zone.name);
    const auto is_other = [&](bool same, const std::string& key) {
      if (!same) keys.push_back("greylist." + key + " of " + greylist.zone.name);
    };
    is_other(before != nullptr, "zone");
    if (before == nullptr) continue;
    is_other(before->store == greylist.store, "store");
    is_other(before->max_triplets == greylist.max_triplets, "max_triplets");
    is_other(before->masks.ip4 == greylist.masks.ip4, "mask_v4");
    is_other(before->masks.ip6 == greylist.masks.ip6, "mask_v6");
  }
  return keys;
}

void KeepUntilRestart(const Config& running, Config* next) {
  next->server = running.server;
  next->dpdk = running.dpdk;
  std::erase_if(next->greylists, [&](GreylistConfig& greylist) {
    const GreylistConfig* const before = FindGreylist(running, greylist.zone.name);
    if (before == nullptr) return true;
    greylist.store = before->store;
    greylist.max_triplets = before->max_triplets;
    greylist.masks = before->masks;
    return false;
  });
}

}  // namespace rblitz
