#include "cli/heat_commands.h"

#include <cstdio>
#include <string>
#include <vector>

#include "cli/ask.h"
#include "cli/heat/server_cells.h"
#include "cli/heat/where.h"
#include "cli/heat_map_command.h"
#include "cli/heat_report_command.h"
#include "cli/json.h"
#include "cli/text_table.h"

namespace rblitz {

namespace {

std::string Fixed(double value, int digits) {
  char text[64];
  return {text, static_cast<size_t>(std::snprintf(text, sizeof text, "%.*f", digits, value))};
}

std::string TopText(const Json& answer) {
  TextTable table;
  table.AddRow({"network", "score", "highest", "questions", "share"});
  for (const Json& network : answer.at("top")) {
    table.AddRow({network.at("prefix").get<std::string>(), std::to_string(network.at("score").get<int>()),
                  std::to_string(network.at("highest").get<int>()), Fixed(network.at("questions").get<double>(), 0),
                  Fixed(100 * network.at("share").get<double>(), 1) + "%"});
  }
  return Fixed(answer.at("questions").get<double>(), 0) + " questions about " +
         std::to_string(answer.at("networks").get<uint64_t>()) + " /24s, half of them forgotten after " +
         std::to_string(answer.at("half_life").get<uint64_t>()) + " s; of " +
         std::to_string(answer.at("samples").get<uint64_t>() + answer.at("lost").get<uint64_t>()) + " samples " +
         std::to_string(answer.at("lost").get<uint64_t>()) + " were lost\n\n" + table.Text();
}

// A server of another version may answer something else.
Result<std::string> RenderTop(const std::string& control, const Json& answer) {
  try {
    return TopText(answer);
  } catch (const Json::exception& error) {
    return Fail(control + ": the server's answer is not understood: " + error.what());
  }
}

// A run of cells, one a line; of JSON one an element.
void PrintRun(const CellRun& run, bool json, bool* is_first, std::ostream& out) {
  for (uint32_t cell = run.first; cell < run.first + run.count; ++cell) {
    char line[80];
    std::snprintf(line, sizeof line, json ? "%s{\"prefix\": \"%u.%u.%u.0/24\", \"score\": %u}" : "%s%u.%u.%u.0/24 %u\n",
                  !json       ? ""
                  : *is_first ? "\n"
                              : ",\n",
                  cell >> 16, cell >> 8 & 255, cell & 255, run.score);
    out << line;
    *is_first = false;
  }
}

class Heat {
 public:
  Heat(const CommandOptions& options, const HeatStreams& streams) : options_(options), streams_(streams) {}

  [[nodiscard]] Result<int> Run() {
    const std::string& action = options_.arguments[0];
    if (action == "map") return DrawMap();
    if (action == "report") return Report();
    return action == "where" ? Where() : action == "top" ? Top() : Cells();
  }

 private:
  int Show(const Json& json, const std::string& text, int code = kExitSuccess) const {
    streams_.out << (options_.json ? DumpJson(json, 2) + "\n" : text) << std::flush;
    return code;
  }

  void Warn(const std::vector<std::string>& notes) const {
    for (const std::string& note : notes) {
      streams_.err << "rblitz: heat " << options_.arguments[0] << ": " << note << "\n";
    }
  }

  [[nodiscard]] Result<int> DrawMap() const {
    std::vector<std::string> notes;
    const Status drawn = WriteHeatMap(options_, &notes);
    Warn(notes);
    if (!drawn) return tl::unexpected(drawn.error());
    return kExitSuccess;
  }

  [[nodiscard]] Result<int> Report() const {
    std::vector<std::string> notes;
    const Result<HeatReport> report = MakeHeatReport(options_, &notes);
    Warn(notes);
    if (!report) return tl::unexpected(report.error());
    if (options_.heat.csv) streams_.out << report->rendered.csv << std::flush;
    return options_.heat.csv ? report->exit_code
                             : Show(report->rendered.json, report->rendered.text, report->exit_code);
  }

  [[nodiscard]] Result<int> Where() const {
    const HeatCommandOptions& heat = options_.heat;
    const unsigned order = heat.order == kNoOrder ? kHeatOrder : static_cast<unsigned>(heat.order);
    const bool is_address = heat.xy.empty();
    const Result<HeatPlace> place =
        is_address ? PlaceOfAddress(options_.arguments[1], order) : PlaceOfPixel(heat.xy, order);
    if (!place) return tl::unexpected(place.error());
    const std::string pixel = std::to_string(place->point.x) + "," + std::to_string(place->point.y);
    const Json json = {
        {"order", order}, {"x", place->point.x}, {"y", place->point.y}, {"prefix", NetworkText(place->network)}};
    return Show(json, (is_address ? pixel : NetworkText(place->network)) + "\n");
  }

  [[nodiscard]] Result<int> Top() const {
    Json request = {{"command", "heat"}, {"action", "top"}};
    if (options_.heat.number) request["n"] = *options_.heat.number;
    if (options_.heat.level) request["level"] = *options_.heat.level;
    const Result<Json> answer = Ask(options_.control, request);
    if (!answer) return tl::unexpected(answer.error());
    if (options_.json) return Show(*answer, "");
    const Result<std::string> text = RenderTop(options_.control, *answer);
    if (!text) return tl::unexpected(text.error());
    return Show(*answer, *text);
  }

  [[nodiscard]] Result<int> Cells() const {
    bool is_first = true;
    if (options_.json) streams_.out << "[";
    const Status walked = WalkServerCells(
        options_.control, {.zone = options_.zone, .feed = options_.heat.feed, .traffic = options_.heat.traffic},
        [&](const CellRun& run) { PrintRun(run, options_.json, &is_first, streams_.out); });
    if (!walked) return tl::unexpected(walked.error());
    streams_.out << (options_.json ? "\n]\n" : "") << std::flush;
    return kExitSuccess;
  }

  const CommandOptions& options_;
  const HeatStreams& streams_;
};

}  // namespace

int RunHeat(const CommandOptions& options, const HeatStreams& streams) {
  const Result<int> code = Heat(options, streams).Run();
  if (code) return *code;
  streams.err << "rblitz: heat " << options.arguments[0] << ": " << code.error().message << "\n";
  return kExitFailure;
}

}  // namespace rblitz
