#include "cli/heat_commands.h"

#include <cstdio>
#include <string>

#include "cli/ask.h"
#include "cli/json.h"
#include "cli/text_table.h"

namespace rblitz {

namespace {

constexpr uint64_t kCells = uint64_t{1} << 24;

std::string Fixed(double value, int digits) {
  char text[64];
  return {text, static_cast<size_t>(std::snprintf(text, sizeof text, "%.*f", digits, value))};
}

std::string RenderTop(const Json& answer) {
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

Status RunTop(const CommandOptions& options, std::ostream& out) {
  Json request = {{"command", "heat"}, {"action", "top"}};
  if (options.heat.number != 0) request["n"] = options.heat.number;
  if (options.heat.level != 0) request["level"] = options.heat.level;
  const Result<Json> answer = Ask(options.control, request);
  if (!answer) return tl::unexpected(answer.error());
  out << (options.json ? DumpJson(*answer, 2) + "\n" : RenderTop(*answer)) << std::flush;
  return {};
}

// A run of cells, one a line; of JSON one an element.
void PrintRun(const Json& run, bool json, bool* is_first, std::ostream& out) {
  const auto first = run.at(0).get<uint64_t>();
  const auto count = run.at(1).get<uint64_t>();
  const auto score = run.at(2).get<unsigned>();
  for (uint64_t cell = first; cell < first + count && cell < kCells; ++cell) {
    char line[80];
    std::snprintf(line, sizeof line, json ? "%s{\"prefix\": \"%u.%u.%u.0/24\", \"score\": %u}" : "%s%u.%u.%u.0/24 %u\n",
                  !json       ? ""
                  : *is_first ? "\n"
                              : ",\n",
                  static_cast<unsigned>(cell >> 16), static_cast<unsigned>(cell >> 8 & 255),
                  static_cast<unsigned>(cell & 255), score);
    out << line;
    *is_first = false;
  }
}

Status RunCells(const CommandOptions& options, std::ostream& out) {
  const bool of_feed = !options.heat.feed.empty();
  Json request = {{"command", "heat"}, {"action", "cells"}};
  request["source"] = options.heat.traffic ? "traffic" : of_feed ? "feed" : "zone";
  if (!options.heat.traffic) request["name"] = of_feed ? options.heat.feed : options.zone;
  bool is_first = true;
  if (options.json) out << "[";
  for (uint64_t from = 0;;) {
    request["from"] = from;
    const Result<Json> page = Ask(options.control, request);
    if (!page) return tl::unexpected(page.error());
    for (const Json& run : page->at("runs")) PrintRun(run, options.json, &is_first, out);
    const Json& next = page->at("next");
    if (next.is_null()) break;
    // An answer that leads back would be asked for ever.
    if (!next.is_number_unsigned() || next.get<uint64_t>() <= from) {
      return Fail(options.control + ": the server's cells are not understood");
    }
    from = next.get<uint64_t>();
  }
  if (options.json) out << "\n]\n";
  out << std::flush;
  return {};
}

}  // namespace

Status RunHeat(const CommandOptions& options, std::ostream& out) {
  return options.arguments[0] == "top" ? RunTop(options, out) : RunCells(options, out);
}

}  // namespace rblitz
