// Tells the log when a port's link goes and comes: once each time.
//
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "dataplane/io/dpdk_io.h"

namespace rblitz {

class LinkWatch {
 public:
  // How the ports stand now. The first time only links that are down are worth a line.
  void Look(const std::vector<io::DpdkPortInfo>& ports);

 private:
  std::map<uint16_t, bool> up_;  // by port
};

}  // namespace rblitz
