#include "cli/options_blast.h"

#include <cmath>
#include <cstdio>
#include <ostream>
#include <sstream>

#include "cli/options_parse.h"
#include "dataplane/io/own_address.h"

namespace rblitz {

namespace {

namespace po = boost::program_options;

constexpr Usage kUsage = {"rblitz-blast",
                          "rblitz-blast --server ADDRESS:PORT (--questions FILE | --mix KIND:ZONE) [OPTION...]",
                          "DNS load generator: sends questions at a rate, and counts what becomes of each.", ""};

constexpr double kMostSeconds = 86400;
constexpr double kMostRate = 1e9;
constexpr uint64_t kMostWindow = 1'000'000;

// As it stands on the command line.
struct Words {
  std::string server;
  std::vector<std::string> mixes;
  std::string order = "random";
  std::string arrivals = "even";
  double rate = 0;
  double duration = 10;
  double timeout = 1;
  std::string sources;
  std::string reference;
  double max_loss = 0.1;
  double step = 2;
  blast::DpdkSettings dpdk;
  std::string server_mac;
  std::string gateway;
};

po::options_description QuestionOptions(blast::Settings& settings, Words& words) {
  po::options_description options("Questions");
  options.add_options()("questions", po::value(&settings.questions)->value_name("FILE"),
                        "lines NAME TYPE, as dnsperf has them")(
      "mix", po::value(&words.mixes)->value_name("KIND:ZONE[:WEIGHT]"),
      "made up: ip4, names, grey or heat; may come several times")(
      "number", po::value(&settings.number)->value_name("N"), "how many are made up (100000)")(
      "list", po::value(&settings.list)->value_name("FILE"), "addresses, prefixes and names that are listed")(
      "listed-share", po::value(&settings.listed_share)->value_name("X"), "share of listed ones, 0 to 1 (0.5)")(
      "order", po::value(&words.order)->value_name("ORDER"), "random or sequential (random)")(
      "seed", po::value(&settings.load.seed)->value_name("N"), "of what is random (1)")(
      "edns", po::bool_switch(&settings.edns), "offer answers of 1232 bytes");
  return options;
}

po::options_description LoadOptions(blast::Settings& settings, Words& words) {
  po::options_description options("Load");
  options.add_options()("server", po::value(&words.server)->value_name("ADDRESS:PORT"), "who is asked")(
      "rate", po::value(&words.rate)->value_name("N"), "questions a second; else as many as the window lets")(
      "arrivals", po::value(&words.arrivals)->value_name("HOW"),
      "with a rate: even, or random as of many clients (even)")(
      "window", po::value(&settings.load.window)->value_name("N"), "questions under way without a rate (100)")(
      "duration", po::value(&words.duration)->value_name("SECONDS"), "how long (10)")(
      "count", po::value(&settings.load.count)->value_name("N"), "questions at most")(
      "timeout", po::value(&words.timeout)->value_name("SECONDS"), "after which a question is lost (1)")(
      "sources", po::value(&words.sources)->value_name("PREFIX"), "ask from these addresses")(
      "source-ports", po::value(&settings.ports)->value_name("N"), "of each address and thread (4)")(
      "threads", po::value(&settings.threads)->value_name("N"), "that share the load (1)");
  return options;
}

po::options_description ResultOptions(blast::Settings& settings, Words& words) {
  po::options_description options("Result");
  options.add_options()("expect", po::value(&settings.expected)->value_name("FILE"),
                        "lines NAME TYPE RCODE [A...]: what right answers are")(
      "reference", po::value(&words.reference)->value_name("ADDRESS:PORT"), "a server whose answers are right")(
      "ramp", po::bool_switch(&settings.ramp), "look for the highest rate that holds")(
      "max-loss", po::value(&words.max_loss)->value_name("PERCENT"), "at which a rate holds (0.1)")(
      "step", po::value(&words.step)->value_name("SECONDS"), "of each attempt (2)")(
      "repeat", po::value(&settings.rates.repeats)->value_name("N"), "more times that the rate found must hold (2)")(
      "least", po::value(&settings.rates.least)->value_name("N"), "rate to begin with (1000)")(
      "most", po::value(&settings.rates.most)->value_name("N"), "rate that is not passed (100000000)")(
      "json", po::bool_switch(&settings.json), "print JSON");
  return options;
}

po::options_description PortOptions(Words& words) {
  po::options_description options("DPDK port, instead of sockets");
  options.add_options()("eal", po::value(&words.dpdk.eal)->value_name("ARGUMENT"),
                        "of DPDK, as --eal=--vdev=net_af_packet0,iface=eth1; may come several times")(
      "port", po::value(&words.dpdk.port)->value_name("N"), "which of DPDK's ports (0)")(
      "address", po::value(&words.dpdk.address)->value_name("ADDRESS/LENGTH"), "the port's own")(
      "server-mac", po::value(&words.server_mac)->value_name("MAC"), "of the server; else it is asked for")(
      "gateway", po::value(&words.gateway)->value_name("ADDRESS"), "to the server")(
      "mbufs", po::value(&words.dpdk.mbufs)->value_name("N"), "packet buffers (16384)");
  return options;
}

Status CheckRange(const char* option, double value, double least, double most) {
  if (std::isfinite(value) && value >= least && value <= most) return {};
  std::ostringstream text;
  text << "--" << option << " is from " << least << " to " << most;
  return Fail(text.str());
}

Status CheckRanges(const blast::Settings& settings, const Words& words) {
  const struct {
    const char* option;
    double value, least, most;
  } ranges[] = {
      {"rate", words.rate, 0, kMostRate},
      {"window", static_cast<double>(settings.load.window), 1, kMostWindow},
      {"duration", words.duration, 0.001, kMostSeconds},
      {"timeout", words.timeout, 0.001, 60},
      {"step", words.step, 0.001, kMostSeconds},
      {"max-loss", words.max_loss, 0, 100},
      {"listed-share", settings.listed_share, 0, 1},
      {"number", static_cast<double>(settings.number), 1, static_cast<double>(blast::kMostQuestions)},
      {"source-ports", static_cast<double>(settings.ports), 1, 60000},
      {"threads", static_cast<double>(settings.threads), 1, 256},
      {"repeat", static_cast<double>(settings.rates.repeats), 0, 1000},
      {"least", settings.rates.least, 0.001, kMostRate},
      {"mbufs", static_cast<double>(words.dpdk.mbufs), 1024, 4'000'000},
      {"most", settings.rates.most, settings.rates.least, kMostRate},
  };
  for (const auto& range : ranges) {
    if (Status status = CheckRange(range.option, range.value, range.least, range.most); !status) return status;
  }
  return {};
}

Status CheckTogether(const blast::Settings& settings, const Words& words) {
  if (words.server.empty()) return Fail("--server is missing");
  if (settings.questions.empty() == words.mixes.empty()) return Fail("either --questions or --mix says what is asked");
  if (!settings.expected.empty() && !words.reference.empty())
    return Fail("--expect and --reference exclude each other");
  if (settings.ramp && words.rate != 0) return Fail("--ramp looks for the rate, --rate gives it");
  if (words.order != "random" && words.order != "sequential") return Fail("--order is random or sequential");
  if (words.arrivals != "even" && words.arrivals != "random") return Fail("--arrivals is even or random");
  if (words.arrivals == "random" && words.rate == 0 && !settings.ramp)
    return Fail("--arrivals is of a --rate or --ramp");
  // Threads that have nothing to send would send without limit.
  if (settings.load.count != 0 && settings.load.count < settings.threads) return Fail("--count is less than --threads");
  if (words.rate != 0 && words.rate * 1000 < settings.threads) return Fail("--rate is too low for so many --threads");
  return {};
}

std::optional<net::Mac> ReadMac(const std::string& text) {
  unsigned bytes[6];
  char rest;
  net::Mac mac;
  if (text.size() != 17 || std::sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%c", &bytes[0], &bytes[1], &bytes[2],
                                       &bytes[3], &bytes[4], &bytes[5], &rest) != 6) {
    return std::nullopt;
  }
  std::copy(std::begin(bytes), std::end(bytes), mac.begin());
  return mac;
}

Status ReadPort(blast::Settings& settings, const Words& words) {
  if (words.dpdk.eal.empty()) {
    const bool is_told = !words.dpdk.address.empty() || !words.server_mac.empty() || !words.gateway.empty();
    return is_told ? Fail("--address, --server-mac and --gateway are of a DPDK port: --eal is missing") : Status();
  }
  settings.dpdk = words.dpdk;
  const std::string& address = words.dpdk.address;
  const Result<blast::SourceAddresses> own = blast::ParseSources(address.substr(0, address.find('/')));
  if (address.find('/') == std::string::npos || !own || !io::ParseOwnAddress(address)) {
    return Fail("--eal needs --address, as 10.53.0.1/24");
  }
  settings.dpdk->own = *own;
  settings.dpdk->own.prefix_length = static_cast<uint8_t>(std::stoul(address.substr(address.find('/') + 1)));
  if (own->is_ip6 != (settings.server.address.find(':') != std::string::npos)) {
    return Fail("--address and --server are of different families");
  }
  if (settings.threads != 1) return Fail("a DPDK port has one thread");
  if (!words.server_mac.empty() && !(settings.dpdk->server_mac = ReadMac(words.server_mac))) {
    return Fail("bad --server-mac '" + words.server_mac + "'");
  }
  if (words.gateway.empty()) return {};
  const Result<blast::SourceAddresses> gateway = blast::ParseSources(words.gateway);
  if (!gateway || gateway->count != 1 || gateway->is_ip6 != own->is_ip6) {
    return Fail("bad --gateway '" + words.gateway + "'");
  }
  settings.dpdk->gateway = *gateway;
  return {};
}

Status ReadAddresses(blast::Settings& settings, const Words& words) {
  const Result<io::SocketConfig> server = io::ParseListen(words.server);
  if (!server) return tl::unexpected(server.error());
  settings.server = *server;
  if (!words.reference.empty()) {
    const Result<io::SocketConfig> reference = io::ParseListen(words.reference);
    if (!reference) return tl::unexpected(reference.error());
    settings.reference = *reference;
  }
  if (!words.sources.empty()) {
    const Result<blast::SourceAddresses> sources = blast::ParseSources(words.sources);
    if (!sources) return tl::unexpected(sources.error());
    settings.sources = *sources;
    if (sources->is_ip6 != (settings.server.address.find(':') != std::string::npos)) {
      return Fail("--sources and --server are of different families");
    }
  }
  if (Status port = ReadPort(settings, words); !port) return port;
  for (const std::string& text : words.mixes) {
    const Result<blast::Mix> mix = blast::ParseMix(text);
    if (!mix) return tl::unexpected(mix.error());
    settings.mixes.push_back(*mix);
  }
  return {};
}

uint64_t Nanoseconds(double seconds) { return static_cast<uint64_t>(seconds * static_cast<double>(blast::kSecond)); }

Status Finish(blast::Settings& settings, const Words& words) {
  if (Status status = CheckTogether(settings, words); !status) return status;
  if (Status status = CheckRanges(settings, words); !status) return status;
  settings.load.millirate = static_cast<uint64_t>(std::llround(words.rate * 1000));
  settings.load.duration = Nanoseconds(words.duration);
  settings.load.timeout = Nanoseconds(words.timeout);
  settings.load.random_order = words.order == "random";
  settings.load.random_arrivals = words.arrivals == "random";
  settings.step = Nanoseconds(words.step);
  settings.most_loss = words.max_loss / 100;
  return ReadAddresses(settings, words);
}

}  // namespace

Parsed<blast::Settings> ParseBlastOptions(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  blast::Settings settings;
  Words words;
  po::options_description visible = CommonOptions();
  visible.add(QuestionOptions(settings, words))
      .add(LoadOptions(settings, words))
      .add(ResultOptions(settings, words))
      .add(PortOptions(words));
  if (const auto parsed = ParseOptionsAlone(argc, argv, kUsage, visible, out, err); !parsed) {
    return tl::unexpected<int>(parsed.error());
  }
  if (const Status finished = Finish(settings, words); !finished) {
    return tl::unexpected<int>(Misused(kUsage, finished.error().message, err));
  }
  return settings;
}

}  // namespace rblitz
