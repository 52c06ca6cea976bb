#include "dataplane/io/dpdk_io_port.h"

#include <rte_errno.h>

#include <cstdio>

#include "dataplane/io/own_address.h"

namespace rblitz::io {

namespace {

constexpr uint16_t kDescriptors = 1024;

// A DPDK call that failed says why by a negative errno.
tl::unexpected<Error> FailStep(const DpdkPort& port, const char* step, int result) {
  return Fail("port " + std::to_string(port.id) + " (" + port.driver + "): " + step + ": " + rte_strerror(-result));
}

Status ReadAddresses(const DpdkPortConfig& config, net::OwnAddresses& own) {
  const std::string place = "port " + std::to_string(config.port) + ": ";
  for (const std::string& text : config.addresses) {
    const Result<net::OwnIp4> address = ParseOwnAddress(text);
    if (!address) return Fail(place + address.error().message);
    own.ip4.push_back(*address);
  }
  if (own.ip4.empty()) return Fail(place + "no address is given, it would answer nobody");
  return {};
}

Status Configure(DpdkPort& port, const rte_eth_dev_info& info, uint16_t queues) {
  rte_eth_conf conf = {};
  // The verdict on the UDP checksum; the IPv4 header's is quicker checked than asked for.
  conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
  // All packets of a queue come from one pool and have one owner.
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  if (const int result = rte_eth_dev_configure(port.id, queues, queues, &conf); result < 0) {
    return FailStep(port, "cannot configure it", result);
  }
  return {};
}

Status SetUpQueues(const DpdkPort& port, uint16_t queues, rte_mempool* pool) {
  uint16_t rx_descriptors = kDescriptors;
  uint16_t tx_descriptors = kDescriptors;
  int result = rte_eth_dev_adjust_nb_rx_tx_desc(port.id, &rx_descriptors, &tx_descriptors);
  if (result < 0) return FailStep(port, "cannot size its queues", result);
  const auto node = static_cast<unsigned>(rte_eth_dev_socket_id(port.id));
  for (uint16_t queue = 0; queue < queues; ++queue) {
    result = rte_eth_rx_queue_setup(port.id, queue, rx_descriptors, node, nullptr, pool);
    if (result < 0) return FailStep(port, "cannot set up a receive queue (are there enough mbufs?)", result);
    result = rte_eth_tx_queue_setup(port.id, queue, tx_descriptors, node, nullptr);
    if (result < 0) return FailStep(port, "cannot set up a send queue", result);
  }
  return {};
}

Status Start(DpdkPort& port) {
  if (const int result = rte_eth_dev_start(port.id); result < 0) {
    return FailStep(port, "cannot start it (are there enough mbufs?)", result);
  }
  // Frames for others are not wanted. A port that cannot filter brings them all the same, and they are counted as
  // other_mac.
  if (const int result = rte_eth_promiscuous_disable(port.id); result < 0 && result != -ENOTSUP) {
    return FailStep(port, "cannot leave promiscuous mode", result);
  }
  rte_ether_addr mac;
  if (const int result = rte_eth_macaddr_get(port.id, &mac); result < 0) {
    return FailStep(port, "cannot read its MAC", result);
  }
  std::copy(std::begin(mac.addr_bytes), std::end(mac.addr_bytes), port.own.mac.begin());
  if (const int result = rte_eth_dev_get_mtu(port.id, &port.mtu); result < 0) {
    return FailStep(port, "cannot read its MTU", result);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<DpdkPort>> DpdkPort::Open(const DpdkPortConfig& config, uint32_t workers, rte_mempool* pool) {
  if (rte_eth_dev_is_valid_port(config.port) == 0) {
    return Fail("dpdk.ports: there is no port " + std::to_string(config.port) + ", DPDK found " +
                std::to_string(rte_eth_dev_count_avail()) + " by what dpdk.eal says");
  }
  auto port = std::make_unique<DpdkPort>();
  port->id = config.port;
  if (Status status = ReadAddresses(config, port->own); !status) return tl::unexpected(status.error());
  rte_eth_dev_info info;
  if (const int result = rte_eth_dev_info_get(port->id, &info); result < 0) {
    return FailStep(*port, "cannot ask what it can do", result);
  }
  port->driver = info.driver_name;
  port->may_be_partial = port->driver == "net_af_packet";
  if (workers > info.max_rx_queues || workers > info.max_tx_queues) {
    return Fail("port " + std::to_string(port->id) + " (" + port->driver + "): it has " +
                std::to_string(std::min(info.max_rx_queues, info.max_tx_queues)) + " queues for " +
                std::to_string(workers) + " workers");
  }
  const auto queues = static_cast<uint16_t>(workers);
  if (Status status = Configure(*port, info, queues); !status) return tl::unexpected(status.error());
  if (Status status = SetUpQueues(*port, queues, pool); !status) return tl::unexpected(status.error());
  if (Status status = Start(*port); !status) return tl::unexpected(status.error());
  return port;
}

DpdkPort::~DpdkPort() {
  if (driver.empty()) return;
  // What stopping or closing could say would help nobody any more.
  static_cast<void>(rte_eth_dev_stop(id));
  static_cast<void>(rte_eth_dev_close(id));
}

DpdkPortInfo DpdkPort::Info() const {
  char text[RTE_ETHER_ADDR_FMT_SIZE];
  rte_ether_addr mac_address;
  std::copy(own.mac.begin(), own.mac.end(), mac_address.addr_bytes);
  std::snprintf(text, sizeof text, RTE_ETHER_ADDR_PRT_FMT, RTE_ETHER_ADDR_BYTES(&mac_address));
  rte_eth_link link = {};
  rte_eth_stats stats = {};
  // A port that cannot tell has a link that is down and no counters.
  static_cast<void>(rte_eth_link_get_nowait(id, &link));
  static_cast<void>(rte_eth_stats_get(id, &stats));
  return {.port = id,
          .driver = driver,
          .mac = text,
          .link_up = link.link_status == RTE_ETH_LINK_UP,
          .missed = stats.imissed,
          .no_buffer = stats.rx_nombuf,
          .errors = stats.ierrors};
}

}  // namespace rblitz::io
