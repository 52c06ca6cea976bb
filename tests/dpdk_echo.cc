// A DPDK worker that answers by tests/echo.h: `dpdk_echo ADDRESS/LENGTH EAL_ARGUMENT...` on every port that the EAL
// finds through its --vdev arguments. Prints one line for each port when it serves, runs until its standard input ends,
// prints the counters.
#include <atomic>
#include <iostream>
#include <memory>

#include "dataplane/io/dpdk_io.h"
#include "tests/echo.h"
#include "tests/stats_json.h"

namespace {

void Work(rblitz::io::PacketIo& io, rblitz::WorkerStats& stats, const std::atomic<bool>& stop) {
  rblitz::io::Burst burst;
  while (!stop.load(std::memory_order_relaxed)) {
    io.Receive(burst);
    if (burst.count == 0) continue;
    rblitz::test::Echo(burst, stats);
    io.Send(burst);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  rblitz::io::DpdkConfig config = {.eal = {argv + 2, argv + argc}, .mbufs = 65536};
  for (const std::string& argument : config.eal) {
    if (!argument.starts_with("--vdev=")) continue;
    config.ports.push_back({.port = static_cast<uint16_t>(config.ports.size()), .addresses = {argv[1]}});
  }
  const auto dpdk = rblitz::io::Dpdk::Open(config);
  if (!dpdk) {
    std::cerr << "dpdk_echo: " << dpdk.error().message << std::endl;
    return 1;
  }
  const auto stats = std::make_unique<rblitz::WorkerStats>();
  const std::unique_ptr<rblitz::io::PacketIo> io = (*dpdk)->io(0, stats.get());
  std::atomic<bool> stop = false;
  (*dpdk)->Launch(0, [&] { Work(*io, *stats, stop); });
  for (const rblitz::io::DpdkPortInfo& port : (*dpdk)->ports()) {
    std::cout << port.port << ' ' << port.driver << ' ' << port.mac << ' ' << port.link_up << std::endl;
  }
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  stop = true;
  (*dpdk)->Join();
  rblitz::test::PrintStats(std::cout, *stats);
  return 0;
}
