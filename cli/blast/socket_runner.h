// Runs loads over sockets of the kernel, on one thread or several.
//
// Thread-safety: one thread; each asker has a thread, a link and a share of the load of its own.
#pragma once

#include <atomic>

#include "cli/blast/counts.h"
#include "cli/blast/settings.h"
#include "tables/result.h"

namespace rblitz::blast {

// The part of a load that thread `i` of `n` has. All parts together are the load. REQUIRES: i < n.
[[nodiscard]] Load ShareOf(const Load& load, unsigned i, unsigned n, size_t questions);

[[nodiscard]] Result<Counts> RunOnSockets(const Settings& settings, const Load& load, const QuestionSet& set,
                                          const Oracle* oracle, const std::atomic<bool>& stop);

}  // namespace rblitz::blast
