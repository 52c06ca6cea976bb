#include "cli/options.h"

#include <algorithm>
#include <limits>
#include <ostream>
#include <string_view>

#include "cli/options_grey.h"
#include "cli/options_heat.h"
#include "cli/options_parse.h"

namespace rblitz {

namespace {

namespace po = boost::program_options;

constexpr Usage kServerUsage = {"rblitzd", "rblitzd --config FILE [--check] [--foreground] [--control PATH]",
                                "DNS blocklist server.", ""};

const Usage kCommandUsage = {
    "rblitz",
    "rblitz [--control PATH] [--json] COMMAND [ARGUMENT...]",
    "Asks and commands a running rblitzd.",
    "\nCommands:\n"
    "  status                  state, ports and sockets, zones, feeds, memory\n"
    "  stats [--watch]         counters; with --watch once a second\n"
    "  reload [FEED...]        load feeds now; without FEED the configuration too\n"
    "  diff FEED               what a load of this feed would change; changes nothing\n"
    "  rollback FEED           serve the data before, until the feed's files change\n"
    "  lookup WHAT [--zone Z]  what is answered for an address or a name, and why\n"
    "  list add|remove WHAT    list WHAT, or delist it, whatever the feeds say: an address,\n"
    "                          a network or a name; [--zone Z] [--for 1d] [--why TEXT] [--a A]\n"
    "  list forget WHAT [--zone Z]\n"
    "                          end that: the feeds decide again\n"
    "  list show [WHAT] [--zone Z]\n"
    "                          what is listed and delisted so, by whom, until when, and why\n"
    "  dump ZONE               the zone as a master file\n"
    "  check CONFIG            check a configuration and its feeds; asks no server\n",
    {kGreyUsage, kHeatUsage}};

struct Command {
  std::string_view name;
  size_t least;
  size_t most;
};

constexpr Command kCommands[] = {
    {"check", 1, 1},
    {"diff", 1, 1},
    {"dump", 1, 1},
    {"grey", 1, 4},
    {"heat", 1, std::numeric_limits<size_t>::max()},
    {"list", 1, 2},
    {"lookup", 1, 1},
    {"reload", 0, std::numeric_limits<size_t>::max()},
    {"rollback", 1, 1},
    {"stats", 0, 0},
    {"status", 0, 0},
};

// The same of `list` and the options that belong to it alone.
std::string WrongList(const CommandOptions& options) {
  const bool is_list = options.command == "list";
  const std::string action = is_list ? options.arguments[0] : "";
  const bool sets = action == "add" || action == "remove";
  if (is_list && !sets && action != "forget" && action != "show") {
    return "list: '" + action + "' is none of add, remove, forget and show";
  }
  if (is_list && action != "show" && options.arguments.size() < 2) return "list " + action + ": an argument is missing";
  const std::string command = is_list ? "list " + action : options.command;
  if (!options.lasting.empty() && !sets) return command + ": --for belongs to list add and list remove";
  if (!options.why.empty() && !sets) return command + ": --why belongs to list add and list remove";
  if (!options.a.empty() && action != "add") return command + ": --a belongs to list add";
  return "";
}

// Why this command cannot be given so; empty when it can.
std::string Wrong(const CommandOptions& options) {
  if (options.command.empty()) return "no command given";
  const auto* command = std::find_if(std::begin(kCommands), std::end(kCommands),
                                     [&](const Command& known) { return known.name == options.command; });
  if (command == std::end(kCommands)) return "unknown command '" + options.command + "'";
  if (options.arguments.size() < command->least) return options.command + ": an argument is missing";
  if (options.arguments.size() > command->most) {
    return options.command + ": unexpected argument '" + options.arguments[command->most] + "'";
  }
  if (options.force && (options.command != "reload" || options.arguments.empty())) {
    return options.command + ": --force belongs to reload FEED";
  }
  if (options.watch && options.command != "stats") return options.command + ": --watch belongs to stats";
  if (!options.zone.empty() && options.command != "lookup" && options.command != "list" && options.command != "grey" &&
      options.command != "heat") {
    return options.command + ": --zone belongs to lookup, list, grey and heat";
  }
  std::string wrong = WrongGrey(options);
  if (wrong.empty()) wrong = WrongHeat(options);
  if (!wrong.empty() || options.command == "grey") return wrong;
  return WrongList(options);
}

}  // namespace

Parsed<ServerOptions> ParseServerOptions(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  ServerOptions options;
  po::options_description visible = CommonOptions();
  visible.add_options()("config,c", po::value(&options.config)->value_name("FILE"), "the configuration (TOML)")(
      "check", po::bool_switch(&options.check), "load everything, print what would be served, exit 0 or 1")(
      "foreground", "stay in the foreground: always so, accepted for service files")(
      "control", po::value(&options.control)->value_name("PATH"), "control socket, whatever the configuration says");
  if (const auto parsed =
          ParseOptionsAlone(argc, argv, kServerUsage, visible, out, err, ": the configuration is named by --config");
      !parsed) {
    return tl::unexpected<int>(parsed.error());
  }
  if (options.config.empty()) return tl::unexpected<int>(Misused(kServerUsage, "--config FILE is missing", err));
  return options;
}

Parsed<CommandOptions> ParseCommandOptions(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CommandOptions options;
  po::options_description visible = CommonOptions();
  visible.add_options()("control", po::value(&options.control)->value_name("PATH")->default_value(kDefaultControl),
                        "control socket of the server")("json", po::bool_switch(&options.json), "print JSON")(
      "force", po::bool_switch(&options.force), "reload: despite max_shrink and max_bad")(
      "watch", po::bool_switch(&options.watch), "stats: once a second until interrupted")(
      "zone", po::value(&options.zone)->value_name("ZONE"), "lookup, list, grey, heat: in this zone only")(
      "for", po::value(&options.lasting)->value_name("TIME"),
      "list add, remove, grey allow: for this long (1h, 1d), else for ever")(
      "why", po::value(&options.why)->value_name("TEXT"),
      "list add, remove, grey allow: the reason; of list add also the TXT")(
      "a", po::value(&options.a)->value_name("ADDRESS"), "list add: the A value, else what the zone usually answers");
  visible.add(GreyDescription(&options.grey)).add(HeatDescription(&options.heat));
  po::options_description all(visible);
  all.add_options()("command", po::value(&options.command))("arguments", po::value(&options.arguments));
  po::positional_options_description positional;
  positional.add("command", 1).add("arguments", -1);
  auto parsed = ParseOptions(argc, argv, kCommandUsage, visible, all, positional, out, err);
  if (!parsed) return tl::unexpected<int>(parsed.error());
  if (const std::string wrong = Wrong(options); !wrong.empty()) {
    return tl::unexpected<int>(Misused(kCommandUsage, wrong, err));
  }
  return options;
}

}  // namespace rblitz
