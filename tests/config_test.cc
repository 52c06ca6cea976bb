#include "cli/config.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/config_values.h"
#include "cli/version.h"

namespace rblitz {
namespace {

constexpr const char* kGood = R"([server]
io       = "dpdk"
listen   = ["127.0.0.1:5300", "[::1]:5300"]
workers  = 1
cores    = [1]
state    = "state"
control  = "/run/rblitz/control.sock"
version  = "a blocklist"
identity = "node-1"

[dpdk]
eal      = ["--no-pci", "--vdev=net_tap0,iface=rblitz0"]
ports    = [ { port = 0, addresses = ["10.53.0.53/24", "10.54.0.53/32"] } ]
mbufs    = 4096
kernel_port = ""

[[feed]]
name     = "drop"
path     = "lists/drop.txt"
format   = "cidr"
a        = "127.0.0.3"
txt      = "Listed by $feed, see https://example.com/why?ip=$"
check    = 0

[[feed]]
name     = "local"
path     = ["/a/one.txt", "../two.txt"]
format   = "ip4set"

[[zone]]
name     = "BL.Example.com."
feeds    = ["local", "drop"]
ttl      = "35m"
soa      = "ns.example.com hostmaster.example.com 7 1h 10m 5d 5m"
ns       = ["ns.example.com", "ns2.example.com"]
)";

// The least that can be served, to which a test adds one mistake.
const std::string kLeast = R"([server]
listen = ["127.0.0.1:5300"]
[[feed]]
name = "f"
path = "f.txt"
format = "cidr"
[[zone]]
name = "z.example"
feeds = ["f"]
)";

TEST(Config, ReadsEveryKey) {
  const auto config = ParseConfig(kGood, "/etc/rblitz/rblitz.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.io, IoKind::kDpdk);
  EXPECT_EQ(config->server.listen, (std::vector<std::string>{"127.0.0.1:5300", "[::1]:5300"}));
  ASSERT_EQ(config->server.sockets.size(), 2u);
  EXPECT_EQ(config->server.sockets[1].address, "::1");
  EXPECT_EQ(config->server.sockets[1].port, 5300);
  EXPECT_EQ(config->server.state, "/etc/rblitz/state");
  EXPECT_EQ(config->server.control, "/run/rblitz/control.sock");
  EXPECT_EQ(config->server.identity.version, "a blocklist");
  EXPECT_EQ(config->server.identity.id, "node-1");
  EXPECT_EQ(config->dpdk.eal, (std::vector<std::string>{"--no-pci", "--vdev=net_tap0,iface=rblitz0"}));
  EXPECT_EQ(config->dpdk.cores, std::vector<int>{1});
  EXPECT_EQ(config->dpdk.mbufs, 4096u);
  ASSERT_EQ(config->dpdk.ports.size(), 1u);
  EXPECT_EQ(config->dpdk.ports[0].addresses, (std::vector<std::string>{"10.53.0.53/24", "10.54.0.53/32"}));
}

TEST(Config, ReadsFeedsAndZones) {
  const auto config = ParseConfig(kGood, "/etc/rblitz/rblitz.toml");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->feeds.size(), 2u);
  const ConfiguredFeed& drop = config->feeds[0];
  EXPECT_EQ(drop.feed.name, "drop");
  EXPECT_EQ(drop.feed.paths, std::vector<std::string>{"/etc/rblitz/lists/drop.txt"});
  EXPECT_EQ(drop.feed.format, "cidr");
  EXPECT_EQ(drop.feed.a_be, htonl(0x7f000003));
  EXPECT_EQ(drop.feed.text, "Listed by $feed, see https://example.com/why?ip=$");
  EXPECT_EQ(drop.check_seconds, 0u);
  EXPECT_EQ(config->feeds[1].feed.paths, (std::vector<std::string>{"/a/one.txt", "/etc/two.txt"}));
  EXPECT_EQ(config->feeds[1].feed.a_be, std::nullopt);
  EXPECT_EQ(config->feeds[1].check_seconds, 60u);
  ASSERT_EQ(config->zones.size(), 1u);
  const ZoneConfig& zone = config->zones[0];
  EXPECT_EQ(zone.name, "bl.example.com");
  EXPECT_EQ(zone.feeds, (std::vector<uint32_t>{1, 0}));
  EXPECT_EQ(zone.ttl_seconds, 2100u);
  EXPECT_EQ(zone.soa, (Soa{.ttl_seconds = 0,
                           .mname = "ns.example.com",
                           .rname = "hostmaster.example.com",
                           .serial = 7,
                           .refresh_seconds = 3600,
                           .retry_seconds = 600,
                           .expire_seconds = 432000,
                           .minimum_seconds = 300}));
  ASSERT_TRUE(zone.ns);
  EXPECT_EQ(zone.ns->names, (std::vector<std::string>{"ns.example.com", "ns2.example.com"}));
}

TEST(Config, ReadsGuardsAndUser) {
  std::string text = kLeast;
  text.insert(text.find("[[zone]]"),
              "max_shrink = 0.5\nmax_bad = 0\nmax_range = \"/16\"\nmax_range_v6 = \"/20\"\nmax_age = "
              "\"7d\"\nmax_memory = \"64M\"\n");
  text.insert(text.find("[[feed]]"), "user = \"rblitz\"\n");
  const auto config = ParseConfig(text, "rblitz.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.user, "rblitz");
  EXPECT_EQ(config->feeds[0].feed.guards, (FeedGuards{.max_shrink = 0.5,
                                                      .max_bad = 0.0,
                                                      .max_range = 1 << 16,
                                                      .max_range_v6 = 20,
                                                      .max_age_seconds = 604800,
                                                      .max_memory = uint64_t{64} << 20}));
}

TEST(Config, ReadsLimitsOfTcpAndWorkersOfSockets) {
  std::string text = kLeast;
  text.insert(text.find("[[feed]]"),
              "workers = 3\ncores = [0, 2, 4]\ntcp_connections = 0\ntcp_per_source = 7\ntcp_idle = \"1m\"\n");
  const auto config = ParseConfig(text, "rblitz.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->dpdk.workers, 3u);
  EXPECT_EQ(config->dpdk.cores, (std::vector<int>{0, 2, 4}));
  EXPECT_EQ(config->server.tcp.connections, 0u);
  EXPECT_EQ(config->server.tcp.per_source, 7u);
  EXPECT_EQ(config->server.tcp.idle_ms, 60'000u);
  const auto least = ParseConfig(kLeast, "rblitz.toml");
  EXPECT_EQ(least->server.tcp.connections, 1000u);
  EXPECT_EQ(least->server.tcp.per_source, 100u);
  EXPECT_EQ(least->server.tcp.idle_ms, 10'000u);
  EXPECT_THAT(NeedsRestart(*least, *config),
              testing::ElementsAre("server.workers", "server.cores", "server.tcp_connections", "server.tcp_per_source",
                                   "server.tcp_idle"));
}

TEST(Config, NeedsNoListenWhereSocketsArePassed) {
  std::string text = kLeast;
  text.replace(text.find("listen"), text.find('\n', text.find("listen")) - text.find("listen"), "");
  EXPECT_FALSE(ParseConfig(text, "rblitz.toml"));
  EXPECT_TRUE(ParseConfig(text, "rblitz.toml", true));
}

TEST(Config, NeedsOnlyWhatHasNoDefault) {
  const auto config = ParseConfig(kLeast, "rblitz.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.io, IoKind::kKernel);
  EXPECT_EQ(config->server.identity.version, "rblitz " + std::string(kVersion));
  EXPECT_EQ(config->server.identity.id, "");
  EXPECT_EQ(config->server.control, "/run/rblitz/control.sock");
  EXPECT_EQ(config->feeds[0].feed.paths, std::vector<std::string>{"f.txt"});
  EXPECT_FALSE(config->zones[0].soa);
  EXPECT_FALSE(config->zones[0].ns);
  EXPECT_FALSE(config->zones[0].ttl_seconds);
}

TEST(Config, MeansPortsWhenItDescribesThem) {
  const auto config = ParseConfig(kLeast + "[dpdk]\nports = [{port = 1, addresses = [\"192.0.2.1/24\"]}]\n", "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.io, IoKind::kDpdk);
  ASSERT_EQ(config->dpdk.ports.size(), 1u);
  EXPECT_EQ(config->dpdk.ports[0].port, 1);
}

struct Mistake {
  const char* find;  // in kGood, replaced ...
  const char* replacement;
  const char* error;  // ... and this is one of the lines that come out
};

class ConfigMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, IsReportedWithFileLineAndKey) {
  std::string text = kGood;
  const size_t at = text.find(GetParam().find);
  ASSERT_NE(at, std::string::npos) << GetParam().find;
  text.replace(at, std::string(GetParam().find).size(), GetParam().replacement);
  const auto config = ParseConfig(text, "r.toml");
  ASSERT_FALSE(config) << text;
  EXPECT_THAT("\n" + config.error().message, testing::HasSubstr(std::string("\nr.toml:") + GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigMistake,
    testing::Values(
        Mistake{"io       = \"dpdk\"", "io = \"netmap\"", "2: server.io: 'netmap' is neither dpdk nor kernel"},
        Mistake{"io       = \"dpdk\"", "io = 3", "2: server.io: must be a string"},
        Mistake{"\"127.0.0.1:5300\"", "\"127.0.0.1\"", "3: server.listen: "},
        Mistake{"\"127.0.0.1:5300\"", "\"nonsense:53\"", "3: server.listen: "},
        Mistake{"\"127.0.0.1:5300\"", "\"[::1]:5300\"", "3: server.listen: '[::1]:5300' is there twice"},
        Mistake{"[\"127.0.0.1:5300\", \"[::1]:5300\"]", "\"127.0.0.1:5300\"",
                "3: server.listen: must be a list of strings"},
        Mistake{"\"127.0.0.1:5300\"", "\"*:53\"", "3: server.listen: bad listen address '*:53': all addresses are "},
        Mistake{"workers  = 1", "workers = 2", "5: server.cores: must name one core for each worker (2)"},
        Mistake{"workers  = 1", "workers = 0", "4: server.workers: must be a number from 1"},
        Mistake{"workers  = 1", "tcp_connections = -1", "4: server.tcp_connections: must be a number from 0"},
        Mistake{"workers  = 1", "tcp_per_source = 0", "4: server.tcp_per_source: must be a number from 1"},
        Mistake{"workers  = 1", "tcp_idle = 0", "4: server.tcp_idle: must be from 1s to 1h"},
        Mistake{"workers  = 1", "tcp_idle = \"2h\"", "4: server.tcp_idle: must be from 1s to 1h"},
        Mistake{"cores    = [1]", "cores = [1, 2]", "5: server.cores: must name one core for each worker (1)"},
        Mistake{"cores    = [1]", "cores = [\"1\"]", "5: server.cores: must be a list of numbers"},
        Mistake{"state    = ", "owner = \"rblitz\"\nstate = ", "6: server.owner: is not known"},
        Mistake{"state    = ", "user = \"\"\nstate = ", "6: server.user: is empty"},
        Mistake{"[dpdk]\n", "[dpdk]\nports_ = []\n", "12: dpdk.ports_: is not known"},
        Mistake{"[dpdk]\n", "[metrics]\nlisten = \"127.0.0.1:9053\"\n[dpdk]\n", "11: metrics: is not known"},
        Mistake{"\"--no-pci\"", "\"--lcores=1\"", "12: dpdk.eal: '--lcores=1': cores are named by"},
        Mistake{"\"--no-pci\"", "\"-l1\"", "12: dpdk.eal: '-l1': cores are named by"},
        Mistake{"\"--no-pci\"", "\"-S\", \"0\"", "12: dpdk.eal: '-S': cores are named by"},
        Mistake{"\"--no-pci\"", "\"--master-lcore=0\"", "12: dpdk.eal: '--master-lcore=0': cores are named by"},
        Mistake{"\"--no-pci\"", "\"--lc=0\"", "12: dpdk.eal: '--lc=0': cores are named by"},
        Mistake{"port = 0,", "", "13: dpdk.ports.port: is missing"},
        Mistake{"port = 0,", "port = 0, queue = 1,", "13: dpdk.ports.queue: is not known"},
        Mistake{"{ port = 0, addresses = [", "{ port = 0, addresses = [\"192.0.2.1/24\"] }, { port = 0, addresses = [",
                "13: dpdk.ports.port: port 0 is there twice"},
        Mistake{"\"10.54.0.53/32\"", "\"10.53.0.53/16\"", "13: dpdk.ports.addresses: '10.53.0.53/16' is there twice"},
        Mistake{"\"10.54.0.53/32\"", "\"10.54.0.53\"", "13: dpdk.ports.addresses: bad address '10.54.0.53'"},
        Mistake{"\"10.54.0.53/32\"", "\"10.54.0.53/33\"",
                "13: dpdk.ports.addresses: bad prefix length in '10.54.0.53/33'"},
        Mistake{"\"10.54.0.53/32\"", "\"127.0.0.1/8\"",
                "13: dpdk.ports.addresses: '127.0.0.1/8' is no address of a host"},
        Mistake{"\"10.54.0.53/32\"", "\"10.54.0.0/24\"",
                "13: dpdk.ports.addresses: '10.54.0.0/24' is no address of a host"},
        Mistake{"\"10.54.0.53/32\"", "\"fd53::53/129\"",
                "13: dpdk.ports.addresses: bad prefix length in 'fd53::53/129' (1 to 128)"},
        Mistake{"\"10.54.0.53/32\"", "\"fd53::53/64\", \"fd53:0::53/48\"",
                "13: dpdk.ports.addresses: 'fd53:0::53/48' is there twice"},
        Mistake{"ports    = [ { port = 0, addresses = [\"10.53.0.53/24\", \"10.54.0.53/32\"] } ]", "ports = []",
                "11: dpdk: ports: none given"},
        Mistake{"mbufs    = 4096", "mbufs = 1", "14: dpdk.mbufs: must be a number from 1024"},
        Mistake{"mbufs    = 4096", "idle = \"doze\"", "14: dpdk.idle: 'doze' is none of poll, adaptive and interrupt"},
        Mistake{"kernel_port = \"\"", "kernel_port = \"a b\"",
                "15: dpdk.kernel_port: 'a b' cannot be an interface's name"},
        Mistake{"kernel_port = \"\"", "kernel_port = \"sixteen-letters-\"",
                "15: dpdk.kernel_port: 'sixteen-letters-' cannot be"},
        Mistake{"{ port = 0,", "{ kernel_port = \"rb/0\", port = 0,",
                "13: dpdk.ports.kernel_port: 'rb/0' cannot be an"},
        Mistake{"name     = \"drop\"", "", "17: feed.name: is missing"},
        Mistake{"name     = \"drop\"", "name = \"a b\"", "18: feed.name: bad name 'a b'"},
        Mistake{"name     = \"local\"", "name = \"drop\"", "26: feed.name: there are two feeds 'drop'"},
        Mistake{"path     = \"lists/drop.txt\"", "", "17: feed.path: is missing"},
        Mistake{"path     = \"lists/drop.txt\"", "path = []", "19: feed.path: is empty"},
        Mistake{"path     = \"lists/drop.txt\"", "path = [1]", "19: feed.path: must be a list of strings"},
        Mistake{"format   = \"cidr\"", "format = \"csv\"", "20: feed.format: unknown format 'csv' (there are "},
        Mistake{"a        = \"127.0.0.3\"", "a = \"3\"", "21: feed.a: bad address '3'"},
        Mistake{"a        = \"127.0.0.3\"", "a = \"0.0.0.0\"", "21: feed.a: 0.0.0.0 is no answer"},
        Mistake{"check    = 0", "check = -1", "23: feed.check: must be a number from 0"},
        Mistake{"check    = 0", "check = \"soon\"", "23: feed.check: bad time 'soon'"},
        Mistake{"check    = 0", "max_size = 5", "23: feed.max_size: is not known"},
        Mistake{"check    = 0", "max_shrink = 1.5", "23: feed.max_shrink: must be a share: a number from 0 to 1"},
        Mistake{"check    = 0", "max_bad = \"5 %\"", "23: feed.max_bad: must be a share"},
        Mistake{"check    = 0", "max_range = \"/33\"", "23: feed.max_range: bad range '/33'"},
        Mistake{"check    = 0", "max_range_v6 = \"/129\"", "23: feed.max_range_v6: bad range '/129' (as in /32)"},
        Mistake{"check    = 0", "max_range_v6 = \"/0\"", "23: feed.max_range_v6: bad range '/0'"},
        Mistake{"check    = 0", "max_range_v6 = 32", "23: feed.max_range_v6: must be"},
        Mistake{"check    = 0", "max_range = 0", "23: feed.max_range: must be a number from 1"},
        Mistake{"check    = 0", "max_age = \"old\"", "23: feed.max_age: bad time 'old'"},
        Mistake{"check    = 0", "max_memory = \"64MB\"", "23: feed.max_memory: bad size '64MB'"},
        Mistake{"[[zone]]", "[zone]", "30: zone: must be a list of tables: [[zone]]"},
        Mistake{"name     = \"BL.Example.com.\"", "name = \"bl..example\"",
                "31: zone.name: bad domain name 'bl..example'"},
        Mistake{"name     = \"BL.Example.com.\"", "name = \".\"", "31: zone.name: bad domain name '.'"},
        Mistake{"feeds    = [\"local\", \"drop\"]", "feeds = [\"lokal\"]", "32: zone.feeds: there is no feed 'lokal'"},
        Mistake{"feeds    = [\"local\", \"drop\"]", "feeds = [\"drop\", \"drop\"]",
                "32: zone.feeds: names 'drop' twice"},
        Mistake{"feeds    = [\"local\", \"drop\"]", "feeds = []", "32: zone.feeds: is empty"},
        Mistake{"feeds    = [\"local\", \"drop\"]", "", "30: zone.feeds: is missing"},
        Mistake{"ttl      = \"35m\"", "ttl = \"35 m\"", "33: zone.ttl: bad time '35 m'"},
        Mistake{"ttl      = \"35m\"", "ttl = 3.5",
                "33: zone.ttl: must be a time: whole seconds, or text as in \"35m\""},
        Mistake{" 7 1h 10m", " 7 1h", "34: zone.soa: is not 'mname rname serial"},
        Mistake{" 7 1h 10m", " 7 1h ten", "34: zone.soa: bad time 'ten'"},
        Mistake{" 7 1h 10m", " -7 1h 10m", "34: zone.soa: bad serial '-7'"},
        Mistake{"\"ns2.example.com\"", "\"ns2 example\"", "35: zone.ns: bad domain name 'ns2 example'"},
        Mistake{"ns       = ", "permit = [\"::1\"]\nns = ", "35: zone.permit: is not known"},
        Mistake{"[server]", "[server", "1: syntax: "},
        Mistake{"workers  = 1", "workers = 1\nworkers = 1", "5: syntax: "}));

TEST(Config, GivesAKernelPortToTheFirstPortOrToThoseThatNameOne) {
  const auto with = [](const std::string& ports, const std::string& first) {
    return ParseConfig("[dpdk]\nports = [" + ports + "]\nkernel_port = \"" + first + "\"\n" + kLeast, "r.toml");
  };
  const std::string plain0 = R"({ port = 0, addresses = ["10.53.0.53/24"] })";
  const std::string named0 = R"({ port = 0, addresses = ["10.53.0.53/24"], kernel_port = "rbk0" })";
  const std::string named1 = R"({ port = 1, addresses = ["10.54.0.53/24"], kernel_port = "rbk1" })";
  const auto config = with(plain0 + ", " + named1, "rbk0");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->dpdk.ports[0].kernel_port, "rbk0");
  EXPECT_EQ(config->dpdk.ports[1].kernel_port, "rbk1");
  EXPECT_EQ(with(plain0, "")->dpdk.ports[0].kernel_port, "");
  EXPECT_THAT(with(named0, "rbk1").error().message, testing::HasSubstr("dpdk.kernel_port: the first of ports has one"));
  EXPECT_THAT(with(plain0 + ", " + named1, "rbk1").error().message, testing::HasSubstr("'rbk1' is there twice"));
  EXPECT_THAT(NeedsRestart(*config, *with(plain0 + ", " + named1, "rbk2")), testing::ElementsAre("dpdk.ports"));
}

TEST(Config, ReportsEveryMistakeInTheOrderOfTheFile) {
  const auto config = ParseConfig(
      "[server]\nlisten = [\"x\"]\nfast = true\n[[feed]]\nname = \"f\"\nformat = \"nope\"\npath = \"p\"\n[[zone]]\n"
      "name = \"z\"\nfeeds = [\"g\"]\n[[zone]]\nname = \"Z.\"\nfeeds = [\"f\"]\n",
      "r.toml");
  ASSERT_FALSE(config);
  const std::vector<std::string> starts = {
      "r.toml:2: server.listen: ", "r.toml:3: server.fast: ", "r.toml:6: feed.format: ", "r.toml:10: zone.feeds: ",
      "r.toml:12: zone.name: there are two zones 'z'"};
  size_t at = 0;
  for (const std::string& start : starts) {
    const size_t found = config.error().message.find(start, at);
    EXPECT_NE(found, std::string::npos) << start << " in " << config.error().message;
    at = found;
  }
}

TEST(Config, IsRefusedWithoutZonesOrAnythingToServeOn) {
  const auto empty = ParseConfig("", "r.toml");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().message,
            "r.toml:1: zone: is missing: there is nothing to serve\n"
            "r.toml:1: server: listen: none given, and there is no DPDK port");
}

TEST(Config, DoesNotMissWhatIsThereButWrong) {
  std::string text = kLeast;
  text.replace(text.find('['), text.find("[[feed]]"), "[server]\nlisten = \"127.0.0.1:5300\"\n");
  const auto wrong = ParseConfig(text, "r.toml");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "r.toml:2: server.listen: must be a list of strings");
}

TEST(Config, NamesTheFileThatCannotBeRead) {
  const auto missing = LoadConfig("/nowhere/rblitz.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "/nowhere/rblitz.toml: cannot be read: No such file or directory");
  const auto folder = LoadConfig("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().message, "/: cannot be read: it is a folder");
}

TEST(Config, ChecksFilesOfFeedsWithTheirPlace) {
  auto config = ParseConfig(kLeast, "/nowhere/r.toml");
  ASSERT_TRUE(config);
  const auto checked = CheckFeedFiles(config->feeds[0]);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "/nowhere/r.toml:5: feed.path: /nowhere/f.txt: No such file or directory");
  config->feeds[0].feed.paths = {"/sys"};
  const auto folder = CheckFeedFiles(config->feeds[0]);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().message, "/nowhere/r.toml:5: feed.path: /sys: has no files in it");
  config->feeds[0].feed.paths = {"/dev/null"};
  EXPECT_TRUE(CheckFeedFiles(config->feeds[0]));
}

TEST(Config, KnowsWhatNeedsARestart) {
  const auto running = ParseConfig(kGood, "r.toml");
  ASSERT_TRUE(running);
  EXPECT_THAT(NeedsRestart(*running, *running), testing::IsEmpty());
  auto next = *running;
  next.zones.clear();
  next.feeds.clear();
  EXPECT_THAT(NeedsRestart(*running, next), testing::IsEmpty());
  next.server.listen.pop_back();
  next.server.identity.id = "other";
  next.dpdk.ports[0].addresses.pop_back();
  next.dpdk.mbufs = 8192;
  next.dpdk.idle = io::IdleMode::kAdaptive;
  EXPECT_THAT(NeedsRestart(*running, next),
              testing::ElementsAre("server.listen", "server.identity", "dpdk.ports", "dpdk.mbufs", "dpdk.idle"));
}

TEST(Config, ReadsWhatWorkersDoWhileNothingComes) {
  EXPECT_EQ(ParseConfig(kGood, "r.toml")->dpdk.idle, io::IdleMode::kPoll);
  constexpr const char* kModes[] = {"poll", "adaptive", "interrupt"};
  for (size_t mode = 0; mode < std::size(kModes); ++mode) {
    std::string text = kGood;
    text.insert(text.find("mbufs"), std::string("idle = \"") + kModes[mode] + "\"\n");
    const auto config = ParseConfig(text, "r.toml");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->dpdk.idle, static_cast<io::IdleMode>(mode)) << kModes[mode];
  }
}

}  // namespace
}  // namespace rblitz
