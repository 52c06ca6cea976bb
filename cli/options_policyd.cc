#include "cli/options_policyd.h"

#include <ostream>

#include "cli/options_parse.h"

namespace rblitz {

namespace {

namespace po = boost::program_options;

constexpr Usage kUsage = {"rblitz-policyd", "rblitz-policyd [--config FILE] [OPTION...]",
                          "Postfix policy service that asks a greylist over DNS.", ""};

}  // namespace

Parsed<PolicydOptions> ParsePolicydOptions(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  PolicydOptions options;
  po::options_description visible = CommonOptions();
  visible.add_options()("config,c", po::value(&options.config)->value_name("FILE"), "the configuration (TOML)")(
      "listen", po::value(&options.listen)->value_name("ADDRESS"),
      "where mail servers ask: ADDRESS:PORT or unix:PATH; may come several times")(
      "server", po::value(&options.servers)->value_name("ADDRESS:PORT"),
      "a server of the greylist; may come several times, asked in this order")(
      "zone", po::value(&options.zone)->value_name("ZONE"), "the greylist's zone")(
      "key", po::value(&options.key)->value_name("FILE"), "the greylist's key, mode 0600")(
      "user", po::value(&options.user)->value_name("USER"), "who to become once sockets are open and the key is read")(
      "whitelist-clients", po::value(&options.client_lists)->value_name("FILE"),
      "postgrey's list of clients that never wait; may come several times")(
      "whitelist-recipients", po::value(&options.recipient_lists)->value_name("FILE"), "the same of recipients")(
      "exim", po::bool_switch(&options.exim), "close after one answer, for Exim's readsocket")(
      "verbose,v", po::bool_switch(&options.verbose), "log every request")(
      "check", po::bool_switch(&options.check), "read configuration, key and lists, say what is wrong, exit 0 or 1")(
      "foreground", "stay in the foreground: always so, accepted for service files");
  if (const auto parsed = ParseOptionsAlone(argc, argv, kUsage, visible, out, err); !parsed) {
    return tl::unexpected<int>(parsed.error());
  }
  return options;
}

}  // namespace rblitz
