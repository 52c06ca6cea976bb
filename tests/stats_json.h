// A worker's counters as one line of JSON, for tests in another language.
//
// Thread-safety: as WorkerStats.
#pragma once

#include <ostream>

#include "dataplane/stats.h"

namespace rblitz::test {

inline void PrintStats(std::ostream& out, const WorkerStats& stats) {
  out << "{\"received\": " << stats.received.value() << ", \"answered\": " << stats.answered.value()
      << ", \"arp_replies\": " << stats.arp_replies.value() << ", \"nd_replies\": " << stats.nd_replies.value()
      << ", \"icmp_replies\": " << stats.icmp_replies.value()
      << ", \"bytes_received\": " << stats.bytes_received.value()
      << ", \"bytes_answered\": " << stats.bytes_answered.value() << ", \"dropped\": {";
  const char* separator = "";
  for (size_t reason = 0; reason < stats.dropped.size(); ++reason) {
    if (stats.dropped[reason].value() == 0) continue;
    out << separator << '"' << DropReasonName(static_cast<DropReason>(reason))
        << "\": " << stats.dropped[reason].value();
    separator = ", ";
  }
  out << "}}" << std::endl;
}

}  // namespace rblitz::test
