// The command line of rblitz-blast.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/options_blast.h"
#include "cli/version.h"

namespace rblitz {
namespace {

struct Outcome {
  int exit_code = -1;  // -1: settings
  std::string out;
  std::string err;
  blast::Settings settings;
};

Outcome Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "rblitz-blast");
  std::ostringstream out;
  std::ostringstream err;
  const auto parsed = ParseBlastOptions(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {parsed ? -1 : parsed.error(), out.str(), err.str(), parsed ? *parsed : blast::Settings()};
}

TEST(BlastOptions, SayWhatIsAskedAndHow) {
  const Outcome outcome =
      Parse({"--server", "127.0.0.1:5300", "--mix",     "ip4:bl.test:3", "--mix",   "names:bl.test", "--rate",
             "2500.5",   "--arrivals",     "random",    "--duration",    "0.25",    "--timeout",     "0.1",
             "--order",  "sequential",     "--sources", "127.1.0.0/24",  "--count", "100",           "--edns",
             "--json"});
  ASSERT_EQ(outcome.exit_code, -1) << outcome.err;
  const blast::Settings& settings = outcome.settings;
  EXPECT_EQ(settings.server.port, 5300);
  ASSERT_EQ(settings.mixes.size(), 2u);
  EXPECT_EQ(settings.mixes[0].weight, 3u);
  EXPECT_EQ(settings.load.millirate, 2'500'500u);
  EXPECT_EQ(settings.load.duration, blast::kSecond / 4);
  EXPECT_EQ(settings.load.timeout, blast::kSecond / 10);
  EXPECT_EQ(settings.load.count, 100u);
  EXPECT_FALSE(settings.load.random_order);
  EXPECT_TRUE(settings.load.random_arrivals);
  ASSERT_TRUE(settings.sources);
  EXPECT_EQ(settings.sources->count, 254u);
  EXPECT_TRUE(settings.edns && settings.json);
}

TEST(BlastOptions, BoundsAreThereWithoutBeingAskedFor) {
  const Outcome outcome = Parse({"--server=127.0.0.1:53", "--questions=x"});
  ASSERT_EQ(outcome.exit_code, -1);
  EXPECT_EQ(outcome.settings.load.duration, 10 * blast::kSecond);
  EXPECT_EQ(outcome.settings.load.window, 100u);
}

TEST(BlastOptions, WrongUsageIsToldAndEndsAs2) {
  const std::vector<const char*> cases[] = {
      {},
      {"--server", "127.0.0.1:53"},
      {"--mix", "ip4:bl.test"},
      {"--server", "127.0.0.1", "--mix", "ip4:bl.test"},
      {"--server", "localhost:53", "--mix", "ip4:bl.test"},
      {"--server", "127.0.0.1:53", "--mix", "ip9:bl.test"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--questions", "file"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--rate", "-1"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--rate", "nan"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--rate", "x"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--duration", "0"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--duration", "1e9"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--window", "0"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--timeout", "0"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--number", "0"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--listed-share", "1.5"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--order", "sideways"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--rate", "5", "--arrivals", "bursty"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--arrivals", "random"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--sources", "fd00::/64"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--sources", "10.0.0.1/8"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--threads", "0"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--threads", "2", "--count", "1"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--ramp", "--rate", "5"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--ramp", "--least", "5", "--most", "4"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--max-loss", "101"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "--expect", "x", "--reference", "127.0.0.1:54"},
      {"--server", "127.0.0.1:53", "--mix", "ip4:bl.test", "more"},
  };
  for (const auto& arguments : cases) {
    const Outcome outcome = Parse(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << (arguments.empty() ? "" : arguments.back());
    EXPECT_EQ(outcome.err.find("rblitz-blast: usage: "), 0u) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(BlastOptions, HelpAndVersionGoToOutAndEndWithSuccess) {
  const Outcome help = Parse({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* option :
       {"--server", "--questions", "--mix", "--rate", "--ramp", "--expect", "--reference", "--json"}) {
    EXPECT_NE(help.out.find(option), std::string::npos) << option;
  }
  const Outcome version = Parse({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, "rblitz-blast " + std::string(kVersion) + "\n");
}

}  // namespace
}  // namespace rblitz
