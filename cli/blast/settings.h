// What the load generator is told to do (cli/options_blast.h reads it, and says what is wrong). Units: those of each
// member's type. Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/blast/asker.h"
#include "cli/blast/mix.h"
#include "cli/blast/rate_search.h"
#include "cli/blast/source_addresses.h"
#include "dataplane/io/listen_address.h"

namespace rblitz::blast {

struct DpdkSettings {
  std::vector<std::string> eal;  // as rblitzd's dpdk.eal
  uint16_t port = 0;
  std::string address;                     // the port's own, with the length of its network
  SourceAddresses own;                     // the same, alone
  std::optional<net::Mac> server_mac;      // none: asked for by ARP or neighbour discovery
  std::optional<SourceAddresses> gateway;  // whose MAC is meant, one address; none: the server's own
  uint32_t mbufs = 16384;
};

struct Settings {
  io::SocketConfig server;

  std::string questions;   // a file; or
  std::vector<Mix> mixes;  // of our own making,
  uint64_t number = 100'000;
  std::string list;
  double listed_share = 0.5;
  bool edns = false;

  Load load;
  unsigned threads = 1;
  std::optional<SourceAddresses> sources;
  size_t ports = 4;  // of each source

  std::string expected;                       // a file; or
  std::optional<io::SocketConfig> reference;  // another server

  bool ramp = false;
  RateSearch::Bounds rates;
  double most_loss = 0.001;  // a share
  uint64_t step = 2 * kSecond;

  std::optional<DpdkSettings> dpdk;  // none: sockets of the kernel
  bool json = false;
};

}  // namespace rblitz::blast
