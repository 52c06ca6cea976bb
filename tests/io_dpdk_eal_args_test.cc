#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/io/dpdk_eal_args.h"

namespace rblitz::io {
namespace {

using Arguments = std::vector<std::string>;

bool Contains(const Arguments& arguments, const std::string& argument) {
  return std::find(arguments.begin(), arguments.end(), argument) != arguments.end();
}

TEST(WorkerCores, AreTheLastAllowedUnlessNamed) {
  EXPECT_EQ(*WorkerCores({.workers = 1}, {0, 1, 2, 5}), (std::vector<int>{5}));
  EXPECT_EQ(*WorkerCores({.workers = 2}, {0, 1, 2, 5}), (std::vector<int>{2, 5}));
  EXPECT_EQ(*WorkerCores({.workers = 4}, {0, 1, 2, 5}), (std::vector<int>{0, 1, 2, 5}));
  EXPECT_EQ(*WorkerCores({.workers = 2, .cores = {5, 0}}, {0, 1, 2, 5}), (std::vector<int>{5, 0}));
}

TEST(WorkerCores, MustExistBeAllowedAndDiffer) {
  const std::vector<int> allowed = {0, 1};
  EXPECT_EQ(WorkerCores({.workers = 0}, allowed).error().message, "workers: at least 1 is needed");
  EXPECT_EQ(WorkerCores({.workers = 3}, allowed).error().message,
            "workers: 3 wanted, but this process may run on 2 CPUs");
  EXPECT_EQ(WorkerCores({.workers = 2, .cores = {0}}, allowed).error().message,
            "cores: their number is not that of workers");
  EXPECT_EQ(WorkerCores({.workers = 1, .cores = {7}}, allowed).error().message,
            "cores: this process may not run on CPU 7, only on 0,1");
  EXPECT_EQ(WorkerCores({.workers = 2, .cores = {1, 1}}, allowed).error().message, "cores: CPU 1 is named twice");
}

TEST(EalArguments, WritesLcoresWithAFloatingMainAndPinnedWorkers) {
  const Arguments arguments = *EalArguments({.eal = {"--no-pci"}, .workers = 2}, {0, 2, 3});
  EXPECT_TRUE(Contains(arguments, "--no-pci"));
  EXPECT_TRUE(Contains(arguments, "--lcores=0@(0),1@2,2@3"));
  EXPECT_TRUE(Contains(*EalArguments({.workers = 1, .cores = {2}}, {0, 2, 3}), "--lcores=0@(0,3),1@2"));
}

TEST(EalArguments, LetsTheMainThreadShareWhatTheWorkersLeaveNothingOf) {
  EXPECT_TRUE(Contains(*EalArguments({.workers = 2}, {1, 2}), "--lcores=0@(1,2),1@1,2@2"));
  EXPECT_TRUE(Contains(*EalArguments({.workers = 1}, {3}), "--lcores=0@(3),1@3"));
}

TEST(EalArguments, RefusesWhatChoosesLcores) {
  for (const char* argument : {"-l", "-l0-1", "-c", "-c3", "-s1", "-S", "--lcores=0", "--lcores", "--lc=0",
                               "--main-lcore=1", "--main", "--master-lcore=0"}) {
    const auto arguments = EalArguments({.eal = {"--no-pci", argument}}, {0});
    ASSERT_FALSE(arguments.has_value()) << argument;
    EXPECT_EQ(arguments.error().message, std::string("eal: '") + argument +
                                             "' is not for the configuration: lcores follow from workers and cores");
  }
  EXPECT_TRUE(EalArguments({.eal = {"-a", "0000:01:00.0", "--log-level=8", "--vdev=net_tap0", "--legacy-mem",
                                    "--match-allocations", "--socket-mem=64", "-n4"}},
                           {0})
                  .has_value());
}

TEST(EalArguments, GivesMemoryForItsBuffersWithoutHugePages) {
  const Arguments arguments = *EalArguments({.eal = {"--no-huge"}, .mbufs = 65536}, {0});
  EXPECT_TRUE(Contains(arguments, "-m 288"));
  const Arguments own = *EalArguments({.eal = {"--no-huge", "-m", "512"}, .mbufs = 65536}, {0});
  EXPECT_FALSE(Contains(own, "-m 288"));
  const Arguments huge = *EalArguments({.eal = {"--in-memory"}, .mbufs = 65536}, {0});
  EXPECT_FALSE(Contains(huge, "-m 288"));
}

TEST(EalArguments, NoHugeAndInMemoryGoTogether) {
  const Arguments arguments = *EalArguments({.eal = {"--in-memory", "--no-huge"}}, {0});
  EXPECT_FALSE(Contains(arguments, "--in-memory"));
  EXPECT_TRUE(Contains(arguments, "--no-shconf"));
  EXPECT_TRUE(Contains(*EalArguments({.eal = {"--in-memory"}}, {0}), "--in-memory"));
}

TEST(EalArguments, LetsTheConfigurationRaiseTheLogLevel) {
  const Arguments arguments = *EalArguments({.eal = {"--log-level=debug"}}, {0});
  EXPECT_LT(std::find(arguments.begin(), arguments.end(), "--log-level=warning"),
            std::find(arguments.begin(), arguments.end(), "--log-level=debug"));
}

// Before the EAL is started, so that a process can ask again.
TEST(DpdkOpen, WantsPortsThatDiffer) {
  EXPECT_EQ(Dpdk::Open({}).error().message, "ports: at least one is needed");
  EXPECT_EQ(Dpdk::Open({.ports = {{.port = 1}, {.port = 0}, {.port = 1}}}).error().message,
            "ports: port 1 is named twice");
}

}  // namespace
}  // namespace rblitz::io
