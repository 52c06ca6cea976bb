#include "cli/link_watch.h"

#include "cli/log.h"

namespace rblitz {

void LinkWatch::Look(const std::vector<io::DpdkPortInfo>& ports) {
  for (const io::DpdkPortInfo& port : ports) {
    bool& up = up_.emplace(port.port, true).first->second;
    if (up == port.link_up) continue;
    up = port.link_up;
    LogLine("link").Add("port", port.port).Add("up", up ? "true" : "false");
  }
}

}  // namespace rblitz
