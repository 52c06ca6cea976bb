#include "cli/options_heat.h"

namespace rblitz {

namespace {

namespace po = boost::program_options;

std::string WrongTop(const CommandOptions& options) {
  const HeatCommandOptions& heat = options.heat;
  if (heat.level != 0 && heat.level != 8 && heat.level != 16 && heat.level != 24) {
    return "heat top: --level must be 8, 16 or 24";
  }
  return heat.traffic || !heat.feed.empty() || !options.zone.empty()
             ? "heat top: --traffic, --zone and --feed belong to "
               "heat cells"
             : "";
}

std::string WrongCells(const CommandOptions& options) {
  const HeatCommandOptions& heat = options.heat;
  if (heat.number != 0 || heat.level != 0) return "heat cells: --number and --level belong to heat top";
  const int sources = int{heat.traffic} + int{!options.zone.empty()} + int{!heat.feed.empty()};
  return sources == 1 ? "" : "heat cells: one of --traffic, --zone and --feed says whose";
}

}  // namespace

constinit const std::string_view kHeatUsage =
    "  heat top [-n N] [--level 8|16|24]\n"
    "                          the networks that the server is asked about most\n"
    "  heat cells --traffic | --zone Z | --feed F\n"
    "                          the scores of /24s, as format heat has them\n";

po::options_description HeatDescription(HeatCommandOptions* options) {
  po::options_description description("Options of heat");
  description.add_options()("number,n", po::value(&options->number)->value_name("N"), "top: so many networks (20)")(
      "level", po::value(&options->level)->value_name("LENGTH"), "top: networks of this length (24)")(
      "traffic", po::bool_switch(&options->traffic), "cells: of what the server is asked")(
      "feed", po::value(&options->feed)->value_name("FEED"), "cells: of this feed");
  return description;
}

std::string WrongHeat(const CommandOptions& options) {
  const HeatCommandOptions& heat = options.heat;
  if (options.command != "heat") {
    const bool none = heat.number == 0 && heat.level == 0 && !heat.traffic && heat.feed.empty();
    return none ? "" : options.command + ": options of heat belong to heat";
  }
  if (options.arguments[0] == "top") return WrongTop(options);
  if (options.arguments[0] == "cells") return WrongCells(options);
  return "heat: '" + options.arguments[0] + "' is none of top and cells";
}

}  // namespace rblitz
