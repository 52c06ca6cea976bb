// What the server tells about its ports and the workers behind them, as JSON (views.h).
//
// Thread-safety: pure over what is handed in.
#pragma once

#include "cli/config.h"
#include "cli/json.h"
#include "cli/workers.h"

namespace rblitz {

// For `status`: what they are.
[[nodiscard]] Json PortsJson(const Config& config, const Workers& workers);

// For `stats`: what they count.
[[nodiscard]] Json PortCountersJson(const Workers& workers);

// Each worker's share, those of DPDK ports first.
[[nodiscard]] Json WorkerCountersJson(const Workers& workers);

// How often somebody else was seen with an address of ours, and the last one that any worker saw.
[[nodiscard]] Json ConflictsJson(const Workers& workers);

// What never came to a worker, over all ports and sockets.
[[nodiscard]] Json LostJson(const Workers& workers);

}  // namespace rblitz
