// The EAL's command line: what the configuration gives, and the lcores that follow from workers and cores.
//
// Lcore 1 + w is worker w, pinned to its core. Lcore 0 is the main thread, and with it whatever threads it makes: it
// floats on the CPUs that the workers leave, or on all where they leave none.
//
// Thread-safety: pure. Errors: the message says which setting is wrong.
#pragma once

#include <string>
#include <vector>

#include "dataplane/io/dpdk_io.h"
#include "tables/result.h"

namespace rblitz::io {

// The CPUs that this process may run on, ascending.
[[nodiscard]] std::vector<int> AllowedCpus();

// The core of each worker: the configured ones, else the last of those allowed, because the first serves most
// interrupts.
[[nodiscard]] Result<std::vector<int>> WorkerCores(const DpdkConfig& config, const std::vector<int>& allowed);

// Whether this argument of the configuration chooses lcores, which follow from workers and cores.
[[nodiscard]] bool ChoosesLcores(const std::string& argument);

// argv for rte_eal_init, argv[0] included.
[[nodiscard]] Result<std::vector<std::string>> EalArguments(const DpdkConfig& config, const std::vector<int>& allowed);

}  // namespace rblitz::io
