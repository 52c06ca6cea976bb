// Rows on their way into a server's greylist, as many in a request as it takes.
//
// Thread-safety: one thread. Lifetime: the server and the counters outlive it. Errors: those of the server; rows that
// were sent before stay. Cost: memory for one request.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cli/grey_server.h"
#include "cli/json.h"
#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

// What became of them.
struct GreyJoined {
  uint64_t joined = 0;
  uint64_t expired = 0;
  uint64_t full = 0;  // found no place
};

class GreyJoining {
 public:
  GreyJoining(const GreyServer& server, GreyJoined* done) : server_(server), done_(done) {}

  [[nodiscard]] Status Add(const TripletRow& row);
  // What was added and not sent yet: at the end.
  [[nodiscard]] Status Send();

 private:
  const GreyServer& server_;
  GreyJoined* done_;
  Json rows_ = Json::array();
  size_t size_ = 0;  // of their text
};

}  // namespace rblitz
