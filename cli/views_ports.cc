#include "cli/views_ports.h"

#include <optional>
#include <string>

#include "cli/conflict_watch.h"

namespace rblitz {

namespace {

Json AddressesOf(const Config& config, uint16_t number) {
  for (const io::DpdkPortConfig& port : config.dpdk.ports) {
    if (port.port == number) return port.addresses;
  }
  return Json::array();
}

}  // namespace

Json PortsJson(const Config& config, const Workers& workers) {
  Json ports = Json::array();
  for (const io::DpdkPortInfo& info : workers.ports()) {
    ports.push_back({{"port", info.port},
                     {"driver", info.driver},
                     {"mac", info.mac},
                     {"addresses", AddressesOf(config, info.port)},
                     {"queues", info.queues},
                     {"link_up", info.link_up},
                     {"speed_mbps", info.speed_mbps == 0 || !info.link_up ? Json() : Json(info.speed_mbps)},
                     {"kernel_port", info.kernel.name.empty() ? Json() : Json(info.kernel.name)},
                     {"missed", info.missed},
                     {"no_buffer", info.no_buffer},
                     {"errors", info.errors},
                     {"send_errors", info.send_errors}});
  }
  return ports;
}

Json PortCountersJson(const Workers& workers) {
  Json ports = Json::array();
  for (const io::DpdkPortInfo& info : workers.ports()) {
    ports.push_back({{"port", info.port},
                     {"link_up", info.link_up},
                     {"received", info.received},
                     {"sent", info.sent},
                     {"missed", info.missed},
                     {"no_buffer", info.no_buffer},
                     {"errors", info.errors},
                     {"send_errors", info.send_errors}});
    if (info.kernel.name.empty()) continue;
    ports.back()["kernel"] = {{"to_kernel", info.kernel.to_kernel},
                              {"to_kernel_lost", info.kernel.to_kernel_lost},
                              {"from_kernel", info.kernel.from_kernel},
                              {"from_kernel_full", info.kernel.from_kernel_full},
                              {"from_kernel_unsent", info.kernel.from_kernel_unsent}};
  }
  return ports;
}

Json WorkerCountersJson(const Workers& workers) {
  Json json = Json::array();
  for (const auto& stats : workers.stats()) {
    // Behind those that `workers` counts comes TCP's thread.
    const bool is_udp = json.size() < workers.count();
    json.push_back({{"io", json.size() < workers.dpdk_workers() ? "dpdk"
                           : is_udp                             ? "kernel"
                                                                : "tcp"},
                    {"received", stats->received.value()},
                    {"answered", stats->answered.value()}});
  }
  return json;
}

Json ConflictsJson(const Workers& workers) {
  uint64_t count = 0;
  for (const auto& stats : workers.stats()) count += stats->address_conflicts.count();
  const std::optional<LastConflict::Seen> last = LatestConflict(workers.stats());
  return {{"seen", count}, {"last_address", last ? AddressText(*last) : ""}, {"last_mac", last ? MacText(*last) : ""}};
}

Json LostJson(const Workers& workers) {
  uint64_t missed = 0;
  uint64_t no_buffer = 0;
  uint64_t errors = 0;
  for (const io::DpdkPortInfo& port : workers.ports()) {
    missed += port.missed;
    no_buffer += port.no_buffer;
    errors += port.errors;
  }
  uint64_t socket_full = 0;
  for (const Workers::Socket& socket : workers.sockets()) socket_full += socket.lost;
  return {
      {"port_missed", missed}, {"port_no_buffer", no_buffer}, {"port_errors", errors}, {"socket_full", socket_full}};
}

}  // namespace rblitz
