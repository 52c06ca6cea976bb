#include "tests/check_options.h"

#include <arpa/inet.h>
#include <getopt.h>

#include <cstdio>
#include <cstdlib>

namespace rblitz::check {
namespace {

constexpr char kHelp[] =
    "usage: check_client --server ADDRESS:PORT --zone ZONE --listed FILE [OPTION...]\n"
    "Asks a blocklist server at a given rate and compares every answer with what must come.\n\n"
    "  --listed FILE        lines ADDRESS[/LENGTH] [A...]: these are listed\n"
    "  --unlisted FILE      these are not; without it such addresses are made up\n"
    "  --either FILE        these may be listed or not: two versions are being swapped\n"
    "  --expect-a A         the A value of lines that name none (127.0.0.2)\n"
    "  --listed-share X     share of listed ones among the questions (0.5)\n"
    "  --rate N             questions a second (1000)\n"
    "  --seconds N          how long (5)\n"
    "  --timeout-ms N       an answer after this is late; waited for after the last question (1000)\n"
    "  --sockets N          source sockets (8)\n"
    "  --seed N             of the questions (1)\n"
    "  --no-loss            exit 1 also when an answer was lost or late\n"
    "  --json               print JSON\n"
    "Exit code: 0 right, 1 wrong (or lost), 2 wrong usage.\n";

[[noreturn]] void Usage(const std::string& what) {
  std::fprintf(stderr, "check_client: %s\n", what.c_str());
  std::exit(2);
}

double Number(const char* name, const char* text, double least, double most) {
  char* end;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= least && value <= most))
    Usage(std::string(name) + ": bad value " + text);
  return value;
}

void ParseServer(const std::string& text, sockaddr_in* server) {
  const size_t colon = text.rfind(':');
  server->sin_family = AF_INET;
  if (colon == std::string::npos || inet_pton(AF_INET, text.substr(0, colon).c_str(), &server->sin_addr) != 1)
    Usage("--server: bad address " + text);
  server->sin_port = htons(static_cast<uint16_t>(Number("--server", text.c_str() + colon + 1, 1, 65535)));
}

}  // namespace

Options ParseOptions(int argc, char** argv) {
  enum { kServer = 1, kZone, kListed, kUnlisted, kEither, kA, kShare, kRate, kSeconds, kTimeout, kSockets, kSeed };
  enum { kNoLoss = 100, kJson, kHelpWanted };
  static constexpr option kLong[] = {{"server", 1, nullptr, kServer},      {"zone", 1, nullptr, kZone},
                                     {"listed", 1, nullptr, kListed},      {"unlisted", 1, nullptr, kUnlisted},
                                     {"either", 1, nullptr, kEither},      {"expect-a", 1, nullptr, kA},
                                     {"listed-share", 1, nullptr, kShare}, {"rate", 1, nullptr, kRate},
                                     {"seconds", 1, nullptr, kSeconds},    {"timeout-ms", 1, nullptr, kTimeout},
                                     {"sockets", 1, nullptr, kSockets},    {"seed", 1, nullptr, kSeed},
                                     {"no-loss", 0, nullptr, kNoLoss},     {"json", 0, nullptr, kJson},
                                     {"help", 0, nullptr, kHelpWanted},    {nullptr, 0, nullptr, 0}};
  Options options;
  for (int choice; (choice = getopt_long(argc, argv, "", kLong, nullptr)) != -1;) {
    switch (choice) {
      case kServer:
        ParseServer(optarg, &options.server);
        break;
      case kZone:
        options.zone = optarg;
        break;
      case kListed:
        options.files.emplace_back(Kind::kListed, optarg);
        break;
      case kUnlisted:
        options.files.emplace_back(Kind::kUnlisted, optarg);
        break;
      case kEither:
        options.files.emplace_back(Kind::kEither, optarg);
        break;
      case kA:
        options.expected_a = optarg;
        break;
      case kShare:
        options.listed_share = Number("--listed-share", optarg, 0, 1);
        break;
      case kRate:
        options.rate = Number("--rate", optarg, 1, 1e7);
        break;
      case kSeconds:
        options.seconds = Number("--seconds", optarg, 0.01, 1e5);
        break;
      case kTimeout:
        options.timeout = static_cast<uint64_t>(Number("--timeout-ms", optarg, 1, 60000) * 1e6);
        break;
      case kSockets:
        options.sockets = static_cast<unsigned>(Number("--sockets", optarg, 1, 512));
        break;
      case kSeed:
        options.seed = static_cast<uint64_t>(Number("--seed", optarg, 0, 1e15));
        break;
      case kNoLoss:
        options.no_loss = true;
        break;
      case kJson:
        options.json = true;
        break;
      case kHelpWanted:
        std::fputs(kHelp, stdout);
        std::exit(0);
      default:
        std::exit(2);
    }
  }
  if (options.zone.empty() || options.server.sin_port == 0 || optind != argc)
    Usage("--server and --zone are needed; see --help");
  const double round_trip = static_cast<double>(kIds) * options.sockets / options.rate;
  if (round_trip * kSecond < static_cast<double>(options.timeout))
    Usage("ids come round within the timeout: more --sockets");
  return options;
}

}  // namespace rblitz::check
