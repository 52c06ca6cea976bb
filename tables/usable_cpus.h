// On how many CPUs the calling thread may run (its affinity, which taskset and cgroups' cpusets set): what it can gain
// from threads of its own.
//
// Thread-safety: any. Cost: a system call.
#pragma once

#include <sched.h>

#include <algorithm>

namespace rblitz {

[[nodiscard]] inline unsigned UsableCpus() noexcept {
  cpu_set_t cpus;
  const int count = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
  return static_cast<unsigned>(std::max(count, 1));
}

}  // namespace rblitz
