#include "dataplane/io/dpdk_eal_args.h"

#include <sched.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string_view>

namespace rblitz::io {

namespace {

bool Has(const std::vector<std::string>& arguments, const char* prefix) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [=](const std::string& argument) { return argument.starts_with(prefix); });
}

// Without huge pages the EAL takes 64 MB and never more. Pages are touched when used: too much costs nothing.
size_t MegabytesFor(const DpdkConfig& config) {
  constexpr size_t kBytesPerMbuf = 2560;  // its data room, headroom, header and share of a page
  constexpr size_t kMegabytesBeside = 128;
  return config.mbufs * kBytesPerMbuf / (size_t{1} << 20) + kMegabytesBeside;
}

// Where the main thread runs.
std::vector<int> MainCpus(const std::vector<int>& allowed, const std::vector<int>& cores) {
  std::vector<int> left;
  std::copy_if(allowed.begin(), allowed.end(), std::back_inserter(left),
               [&](int cpu) { return std::find(cores.begin(), cores.end(), cpu) == cores.end(); });
  return left.empty() ? allowed : left;
}

std::string Join(const std::vector<int>& cpus) {
  std::ostringstream text;
  for (size_t i = 0; i < cpus.size(); ++i) text << (i == 0 ? "" : ",") << cpus[i];
  return text.str();
}

}  // namespace

std::vector<int> AllowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// Short options have their value in the same argument or in the next; long ones may be cut short (getopt_long(3)).
bool ChoosesLcores(const std::string& argument) {
  if (!argument.starts_with("--")) {
    return argument.size() > 1 && argument[0] == '-' &&
           std::string_view("clsS").find(argument[1]) != std::string_view::npos;
  }
  const std::string name = argument.substr(0, argument.find('='));
  constexpr std::string_view kLong[] = {"--lcores", "--main-lcore", "--master-lcore"};
  return name != "--" && std::any_of(std::begin(kLong), std::end(kLong),
                                     [&](std::string_view option) { return option.starts_with(name); });
}

Result<std::vector<int>> WorkerCores(const DpdkConfig& config, const std::vector<int>& allowed) {
  if (config.workers == 0) return Fail("workers: at least 1 is needed");
  if (config.cores.empty()) {
    if (config.workers > allowed.size()) {
      return Fail("workers: " + std::to_string(config.workers) + " wanted, but this process may run on " +
                  std::to_string(allowed.size()) + " CPUs");
    }
    return std::vector<int>(allowed.end() - config.workers, allowed.end());
  }
  if (config.cores.size() != config.workers) return Fail("cores: their number is not that of workers");
  for (size_t i = 0; i < config.cores.size(); ++i) {
    const int core = config.cores[i];
    if (!std::binary_search(allowed.begin(), allowed.end(), core)) {
      return Fail("cores: this process may not run on CPU " + std::to_string(core) + ", only on " + Join(allowed));
    }
    if (std::count(config.cores.begin(), config.cores.end(), core) > 1) {
      return Fail("cores: CPU " + std::to_string(core) + " is named twice");
    }
  }
  return config.cores;
}

Result<std::vector<std::string>> EalArguments(const DpdkConfig& config, const std::vector<int>& allowed) {
  const Result<std::vector<int>> cores = WorkerCores(config, allowed);
  if (!cores) return tl::unexpected(cores.error());
  const bool no_huge = Has(config.eal, "--no-huge");
  // First, so that a log level in the configuration has the last word. Telemetry warns of a socket that it has no use
  // for.
  std::vector<std::string> arguments = {"rblitzd", "--log-level=warning", "--log-level=lib.telemetry:error"};
  for (const std::string& argument : config.eal) {
    if (ChoosesLcores(argument)) {
      return Fail("eal: '" + argument + "' is not for the configuration: lcores follow from workers and cores");
    }
    // DPDK 22.11 refuses the two together. Without huge pages all that --in-memory adds is to share no configuration.
    arguments.push_back(no_huge && argument == "--in-memory" ? "--no-shconf" : argument);
  }
  if (no_huge && !Has(config.eal, "-m") && !Has(config.eal, "--socket-mem")) {
    arguments.push_back("-m " + std::to_string(MegabytesFor(config)));
  }
  std::ostringstream lcores;
  lcores << "--lcores=0@(" << Join(MainCpus(allowed, *cores)) << ")";
  for (size_t worker = 0; worker < cores->size(); ++worker) lcores << ',' << worker + 1 << '@' << (*cores)[worker];
  arguments.push_back(lcores.str());
  return arguments;
}

}  // namespace rblitz::io
