#include "dataplane/io/dpdk_io_port.h"

#include <net/if.h>
#include <rte_errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>

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
    const Result<OwnAddress> address = ParseOwnAddress(text);
    if (!address) return Fail(place + address.error().message);
    Add(*address, own);
  }
  if (own.ip4.empty() && own.ip6.empty()) return Fail(place + "no address is given, it would answer nobody");
  return {};
}

// Drivers whose queues are there from the start: those that nobody serves would lose what comes by them.
bool HasFixedQueues(const std::string& driver) {
  constexpr std::string_view kFixed[] = {"net_af_packet", "net_af_xdp", "net_pcap", "net_ring"};
  return std::find(std::begin(kFixed), std::end(kFixed), driver) != std::end(kFixed);
}

Result<uint16_t> QueuesOf(const DpdkPort& port, const rte_eth_dev_info& info, uint32_t workers) {
  const uint16_t most = std::min(info.max_rx_queues, info.max_tx_queues);
  const std::string place = "port " + std::to_string(port.id) + " (" + port.driver + "): ";
  if (most == 0) return Fail(place + "it cannot both receive and send");
  if (!HasFixedQueues(port.driver)) return static_cast<uint16_t>(std::min<uint32_t>(most, workers));
  if (info.max_rx_queues > most) {
    return Fail(place + "it has " + std::to_string(info.max_rx_queues) + " receive queues but " +
                std::to_string(info.max_tx_queues) + " to send: each worker needs one of both");
  }
  return most;
}

// Spreads flows over the queues by addresses and ports, of whatever families the port can look into. The key is
// Microsoft's, whose properties are known, as often as the port's key is long.
void SpreadFlows(const rte_eth_dev_info& info, rte_eth_conf& conf, std::vector<uint8_t>& key) {
  constexpr uint64_t kHash = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;
  constexpr uint8_t kKey[] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
                              0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
                              0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
  if ((info.flow_type_rss_offloads & kHash) == 0) return;
  conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
  conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & kHash;
  if (info.hash_key_size == 0) return;
  for (size_t i = 0; i < info.hash_key_size; ++i) key.push_back(kKey[i % std::size(kKey)]);
  conf.rx_adv_conf.rss_conf.rss_key = key.data();
  conf.rx_adv_conf.rss_conf.rss_key_len = info.hash_key_size;
}

Status Configure(DpdkPort& port, const rte_eth_dev_info& info, IdleMode idle) {
  rte_eth_conf conf = {};
  conf.intr_conf.rxq = idle == IdleMode::kInterrupt ? 1 : 0;
  std::vector<uint8_t> key;
  if (port.queues > 1) SpreadFlows(info, conf, key);
  // The verdict on the UDP checksum; the IPv4 header's is quicker checked than asked for.
  conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
  // All packets of a queue come from one pool and have one owner.
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  if (const int result = rte_eth_dev_configure(port.id, port.queues, port.queues, &conf); result < 0) {
    return FailStep(port, "cannot configure it", result);
  }
  return {};
}

Status SetUpQueues(const DpdkPort& port) {
  uint16_t rx_descriptors = kDescriptors;
  uint16_t tx_descriptors = kDescriptors;
  int result = rte_eth_dev_adjust_nb_rx_tx_desc(port.id, &rx_descriptors, &tx_descriptors);
  if (result < 0) return FailStep(port, "cannot size its queues", result);
  const auto node = static_cast<unsigned>(rte_eth_dev_socket_id(port.id));
  for (uint16_t queue = 0; queue < port.queues; ++queue) {
    result = rte_eth_rx_queue_setup(port.id, queue, rx_descriptors, node, nullptr, port.pool);
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
  AddLinkLocal(port.own);
  if (const int result = rte_eth_dev_get_mtu(port.id, &port.mtu); result < 0) {
    return FailStep(port, "cannot read its MTU", result);
  }
  return {};
}

// Which group frames the port lets through: for IPv6 addresses those of neighbour discovery. A kernel behind the port
// joins groups of its own, which nobody tells us.
Status TakeGroups(const DpdkPort& port, const DpdkPortConfig& config) {
  std::vector<rte_ether_addr> groups;
  for (const net::Mac& mac : GroupMacs(port.own)) {
    std::copy(mac.begin(), mac.end(), groups.emplace_back().addr_bytes);
  }
  const bool wants_all = !config.kernel_port.empty();
  if (groups.empty() && !wants_all) return {};
  const auto count = static_cast<uint32_t>(groups.size());
  if (!wants_all && rte_eth_dev_set_mc_addr_list(port.id, groups.data(), count) == 0) return {};
  // A port that has neither brings everything, as software ones do.
  const int result = rte_eth_allmulticast_enable(port.id);
  return result == 0 || result == -ENOTSUP ? Status() : FailStep(port, "cannot receive multicast", result);
}

// What the kernel says of its interface; one that has gone is down.
bool IsRunning(unsigned interface) {
  ifreq request = {};
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) return false;
  const bool known = if_indextoname(interface, request.ifr_name) != nullptr;
  const bool running = known && ioctl(control, SIOCGIFFLAGS, &request) == 0 &&
                       (request.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
  close(control);
  return running;
}

}  // namespace

Result<std::unique_ptr<DpdkPort>> DpdkPort::Open(const DpdkPortConfig& config, uint32_t workers, rte_mempool* pool,
                                                 IdleMode idle) {
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
  if (port->driver == "net_af_packet" || port->driver == "net_af_xdp") port->interface = info.if_index;
  port->pool = pool;
  const Result<uint16_t> queues = QueuesOf(*port, info, workers);
  if (!queues) return tl::unexpected(queues.error());
  port->queues = *queues;
  if (Status status = Configure(*port, info, idle); !status) return tl::unexpected(status.error());
  if (Status status = SetUpQueues(*port); !status) return tl::unexpected(status.error());
  if (Status status = Start(*port); !status) return tl::unexpected(status.error());
  port->has_interrupts = idle == IdleMode::kInterrupt && HasInterrupts(port->id);
  if (Status status = TakeGroups(*port, config); !status) return tl::unexpected(status.error());
  if (config.kernel_port.empty()) return port;
  auto kernel = KernelPort::Open(
      {.name = config.kernel_port, .mac = port->own.mac, .mtu = port->mtu, .addresses = config.addresses}, workers);
  if (!kernel) return tl::unexpected(kernel.error());
  port->kernel = std::move(*kernel);
  return port;
}

DpdkPort::~DpdkPort() {
  if (driver.empty()) return;
  // What stopping or closing could say would help nobody any more.
  kernel.reset();
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
          .queues = queues,
          .has_interrupts = has_interrupts,
          .link_up = interface != 0 ? IsRunning(interface) : link.link_status == RTE_ETH_LINK_UP,
          .speed_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed,
          .received = stats.ipackets,
          .sent = stats.opackets,
          .missed = stats.imissed,
          .no_buffer = stats.rx_nombuf,
          .errors = stats.ierrors,
          .send_errors = stats.oerrors,
          .kernel = kernel ? kernel->info() : KernelPortInfo{}};
}

}  // namespace rblitz::io
