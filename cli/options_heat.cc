#include "cli/options_heat.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "loaders/feed.h"
#include "loaders/heat_palette.h"

namespace rblitz {

namespace {

namespace po = boost::program_options;

enum Action : unsigned { kNone = 0, kWhere = 1, kMap = 2, kTop = 4, kCells = 8, kReport = 16 };

struct Given {
  bool given;
  unsigned actions;  // that take it
  std::string_view name;
};

std::vector<Given> AllGiven(const HeatCommandOptions& heat) {
  return {
      {!heat.xy.empty(), kWhere, "--xy"},
      {heat.order != kNoOrder, kWhere | kMap, "--order"},
      {!heat.output.empty(), kMap, "--output"},
      {!heat.file.empty(), kMap | kReport, "--file"},
      {!heat.feed.empty(), kMap | kCells | kReport, "--feed"},
      {heat.traffic, kMap | kCells | kReport, "--traffic"},
      {heat.number.has_value(), kTop | kReport, "--number"},
      {heat.level.has_value(), kTop, "--level"},
      {!heat.format.empty(), kMap | kReport, "--format"},
      {!heat.file_palette.empty(), kMap | kReport, "--file-palette"},
      {!heat.prefix.empty(), kMap, "--prefix"},
      {!heat.palette.empty(), kMap, "--palette"},
      {!heat.title.empty(), kMap, "--title"},
      {!heat.labels.empty(), kMap, "--labels"},
      {!heat.shade.empty(), kMap, "--shade"},
      {!heat.own.empty(), kMap | kReport, "--own"},
      {!heat.diff.empty(), kMap, "--diff"},
      {heat.rebase, kMap, "--rebase"},
      {heat.log, kMap | kReport, "--log"},
      {heat.legend, kMap, "--legend"},
      {heat.bare, kMap, "--bare"},
      {heat.csv, kReport, "--csv"},
      {heat.min_score.has_value(), kReport, "--min-score"},
      {!heat.last.empty(), kReport, "--last"},
  };
}

unsigned ActionOf(std::string_view name) {
  constexpr std::pair<std::string_view, Action> kActions[] = {
      {"where", kWhere}, {"map", kMap}, {"top", kTop}, {"cells", kCells}, {"report", kReport}};
  const auto* const known = std::ranges::find(kActions, name, &std::pair<std::string_view, Action>::first);
  return known == std::end(kActions) ? kNone : known->second;
}

std::string WrongTop(const CommandOptions& options) {
  const unsigned level = options.heat.level.value_or(24);
  if (level != 8 && level != 16 && level != 24) return "heat top: --level must be 8, 16 or 24";
  if (options.heat.number == 0u) return "heat top: --number must be 1 or more";
  return options.zone.empty() ? "" : "heat top: --zone has no meaning there";
}

std::string WrongCells(const CommandOptions& options) {
  const HeatCommandOptions& heat = options.heat;
  const int sources = int{heat.traffic} + int{!options.zone.empty()} + int{!heat.feed.empty()};
  return sources == 1 ? "" : "heat cells: one of --traffic, --zone and --feed says whose";
}

std::string WrongWhere(const CommandOptions& options) {
  const bool has_address = options.arguments.size() > 1;
  if (has_address && !options.heat.xy.empty()) return "heat where: an address or --xy, not both";
  if (!has_address && options.heat.xy.empty()) return "heat where: an address or --xy X,Y is missing";
  if (!options.zone.empty()) return "heat where: --zone has no meaning there";
  const int order = options.heat.order;
  if (order != kNoOrder && (order < 1 || order > 16)) return "heat where: --order must be 1 to 16";
  return "";
}

// Of what there must be exactly one, and what belongs to a file alone.
std::string WrongSource(const CommandOptions& options) {
  const HeatCommandOptions& heat = options.heat;
  const std::string action = "heat " + options.arguments[0];
  const int sources = (heat.file.empty() ? 0 : 1) + (heat.feed.empty() ? 0 : 1) + (options.zone.empty() ? 0 : 1) +
                      (heat.traffic ? 1 : 0);
  if (sources != 1) return action + ": one of --file, --zone, --feed and --traffic says whose heat it is";
  if (heat.file.empty() && !heat.format.empty()) return action + ": --format belongs to --file";
  if (!heat.format.empty() && !IsHeatFormat(heat.format)) {
    return action + ": --format '" + heat.format + "' is no format of heat (docs/feeds.md)";
  }
  if (heat.file.empty() && !heat.file_palette.empty()) return action + ": --file-palette belongs to --file";
  return "";
}

std::string WrongReport(const CommandOptions& options) {
  const HeatCommandOptions& heat = options.heat;
  const bool has_logs = options.arguments.size() > 1;
  if (heat.own.empty() && !heat.log) return "heat report: --own FILE or --log FILE says what it is about";
  if (!heat.own.empty() && (heat.log || has_logs)) return "heat report: --own or --log, not both";
  if (heat.log && !has_logs) return "heat report: --log FILE...: a log is missing";
  if (heat.log && !heat.last.empty()) return "heat report: --last belongs to --own";
  if (heat.csv && options.json) return "heat report: --csv or --json, not both";
  const unsigned least = heat.min_score.value_or(1);
  if (least < 1 || least > 255) return "heat report: --min-score must be 1 to 255";
  if (heat.number == 0u) return "heat report: --number must be 1 or more";
  return WrongSource(options);
}

std::string WrongMap(const CommandOptions& options) {
  const HeatCommandOptions& heat = options.heat;
  if (options.json) return "heat map: --json has no meaning there";
  if (heat.output.empty()) return "heat map: -o FILE.png is missing";
  if (heat.order != kNoOrder && (heat.order < 8 || heat.order > 12)) return "heat map: --order must be 8 to 12";
  if (heat.rebase && heat.prefix.empty()) return "heat map: --rebase belongs to --prefix";
  if (!heat.palette.empty() && !FindPalette(heat.palette)) {
    return "heat map: --palette '" + heat.palette + "' is none of viridis, magma, inferno, grey, cymru and bluered";
  }
  if (!heat.palette.empty() && !heat.diff.empty()) return "heat map: --diff has colours of its own, no --palette";
  const bool is_decorated =
      heat.legend || !heat.title.empty() || !heat.labels.empty() || !heat.shade.empty() || !heat.own.empty();
  if (heat.bare && is_decorated) {
    return "heat map: --bare has no place for --legend, --title, --labels, --shade and --own";
  }
  return WrongSource(options);
}

}  // namespace

constinit const std::string_view kHeatUsage =
    "  heat map -o FILE.png --file FILE|--zone Z|--feed F|--traffic\n"
    "                          draw a map of heat; of a file with no server\n"
    "  heat where ADDRESS [--order N]\n"
    "                          the pixel of an address on a map, as X,Y; needs no server\n"
    "  heat where --xy X,Y [--order N]\n"
    "                          the network of a pixel\n"
    "  heat report --own NETWORKS | --log LOG... --file FILE|--zone Z|--feed F|--traffic\n"
    "                          are own networks hot, or those that clients come from;\n"
    "                          exit code 3: some are, 4: own addresses are listed\n"
    "  heat top [-n N] [--level 8|16|24]\n"
    "                          the networks that the server is asked about most\n"
    "  heat cells --traffic | --zone Z | --feed F\n"
    "                          the scores of /24s, as format heat has them\n";

namespace {

// Absent unless it is given, whatever its value.
template <class T>
po::typed_value<T>* Optional(std::optional<T>* into) {
  return po::value<T>()->notifier([into](const T& value) { *into = value; });
}

}  // namespace

po::options_description HeatDescription(HeatCommandOptions* options) {
  po::options_description description("Options of heat");
  description.add_options()("xy", po::value(&options->xy)->value_name("X,Y"), "where: this pixel")(
      "order", po::value(&options->order)->value_name("N"),
      "maps of 2^N pixels a side; where: 12 when absent, a pixel is a /24")(
      "output,o", po::value(&options->output)->value_name("FILE"), "map: the picture to write")(
      "file", po::value(&options->file)->value_name("FILE"), "heat of this file, with no server")(
      "format", po::value(&options->format)->value_name("NAME"),
      "of --file, else guessed: heat, heat-counts, heat-list, ...")(
      "file-palette", po::value(&options->file_palette)->value_name("NAME"),
      "of a --file that is a picture, else grey")("feed", po::value(&options->feed)->value_name("FEED"),
                                                  "heat of this feed of the server")(
      "traffic", po::bool_switch(&options->traffic), "heat of the server's live traffic")(
      "prefix", po::value(&options->prefix)->value_name("CIDR"), "map: this network alone")(
      "rebase", po::bool_switch(&options->rebase), "map: with a curve of its own, as ipv4-heatmap -y")(
      "palette", po::value(&options->palette)->value_name("NAME"),
      "map: viridis, magma, inferno, grey, cymru or bluered")("log", po::bool_switch(&options->log),
                                                              "map: on a logarithmic scale; report: about these logs")(
      "legend", po::bool_switch(&options->legend), "map: say what the colours stand for")(
      "title", po::value(&options->title)->value_name("TEXT"), "map: above it")(
      "labels", po::value(&options->labels)->value_name("WHAT")->composing(),
      "map: /8, /16, or a file of ipv4-heatmap's annotations; may be given more than once")(
      "shade", po::value(&options->shade)->value_name("FILE"), "map: ipv4-heatmap's shades")(
      "own", po::value(&options->own)->value_name("FILE"), "own networks: outlined, or reported about")(
      "diff", po::value(&options->diff)->value_name("OLD"), "map: what has changed since this file of heat")(
      "bare", po::bool_switch(&options->bare), "map: pixels alone")(
      "number,n", Optional(&options->number)->value_name("N"), "top, report: so many networks of each kind")(
      "level", Optional(&options->level)->value_name("LENGTH"), "top: networks of this length (24)")(
      "min-score", Optional(&options->min_score)->value_name("SCORE"), "report: hot from this score on (64)")(
      "csv", po::bool_switch(&options->csv), "report: print CSV")(
      "last", po::value(&options->last)->value_name("FILE"),
      "report --own: what has changed since the run that left this file; it is written anew");
  return description;
}

std::string WrongHeat(const CommandOptions& options) {
  const std::vector<Given> all = AllGiven(options.heat);
  if (options.command != "heat") {
    const auto given = std::ranges::find(all, true, &Given::given);
    return given == all.end() ? "" : options.command + ": " + std::string(given->name) + " belongs to heat";
  }
  const std::string& name = options.arguments[0];
  const unsigned action = ActionOf(name);
  if (action == kNone) return "heat: '" + name + "' is none of map, where, report, top and cells";
  for (const Given& one : all) {
    if (one.given && (one.actions & action) == 0) {
      return "heat " + name + ": " + std::string(one.name) + " has no meaning there";
    }
  }
  // One address is where's, logs are report's.
  const size_t arguments = action == kWhere ? 2 : action == kReport ? options.arguments.size() : 1;
  if (options.arguments.size() > arguments) {
    return "heat " + name + ": unexpected argument '" + options.arguments[arguments] + "'";
  }
  if (action == kTop) return WrongTop(options);
  if (action == kCells) return WrongCells(options);
  if (action == kReport) return WrongReport(options);
  return action == kMap ? WrongMap(options) : WrongWhere(options);
}

}  // namespace rblitz
