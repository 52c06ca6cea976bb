#include "cli/heat_report_command.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <utility>

#include "cli/heat/listed.h"
#include "cli/heat/log_report.h"
#include "cli/heat/own_report.h"
#include "cli/heat_map_command.h"
#include "cli/whole_file.h"
#include "loaders/byte_source.h"

namespace rblitz {

namespace {

constexpr unsigned kMinScore = 64;      // as [[heat]] has it
constexpr uint64_t kMostNamed = 5;      // of own networks, each
constexpr uint64_t kMostOfLength = 10;  // of a log
constexpr size_t kMostLastBytes = size_t{64} << 20;
constexpr const char* kTrafficIsIp4 = "the live traffic is known of IPv4 alone: networks of IPv6 have a score of 0";

Result<std::string> ReadWhole(const std::string& path) {
  auto file = FileSource::Open(path);
  if (!file) return tl::unexpected(file.error());
  std::string text(kMostLastBytes + 1, '\0');
  const Result<size_t> read = (*file)->Read(text.data(), text.size());
  if (!read) return tl::unexpected(read.error());
  text.resize(*read);
  return text;
}

// Scores by network, as the last run has left them.
Result<std::map<std::string, int>> ReadLast(const std::string& path) {
  std::map<std::string, int> scores;
  if (!std::filesystem::exists(path)) return scores;
  const Result<std::string> text = ReadWhole(path);
  if (!text) return tl::unexpected(text.error());
  const auto unfit = [&] { return Fail(path + ": no report that `rblitz heat report --last` has left"); };
  const Json json = ParseJson(*text);
  if (!json.is_object() || !json.value("networks", Json()).is_array()) return unfit();
  for (const Json& one : json["networks"]) {
    const uint64_t score = one.is_object() ? NumberAt(one, "score", 256) : 256;
    if (score > 255 || TextAt(one, "network").empty()) return unfit();
    scores[TextAt(one, "network")] = static_cast<int>(score);
  }
  return scores;
}

Status TellChanges(const std::string& last, std::vector<OwnHeat>* report) {
  if (last.empty()) return {};
  const auto scores = ReadLast(last);
  if (!scores) return tl::unexpected(scores.error());
  for (OwnHeat& own : *report) {
    const auto before = scores->find(own.own.text);
    if (before != scores->end()) own.change = static_cast<int>(own.score) - before->second;
  }
  return {};
}

int ExitCodeOf(const std::vector<OwnHeat>& report) {
  if (std::ranges::any_of(report, IsListed)) return kExitListed;
  return std::ranges::any_of(report, [](const OwnHeat& own) { return own.warm > 0; }) ? kExitWarm : kExitSuccess;
}

Result<HeatReport> ReportOf(const CommandOptions& options, const ReportHead& head, const HeatSource& source,
                            std::vector<std::string>* notes) {
  const auto own = ReadOwnNetworks(options.heat.own);
  if (!own) return tl::unexpected(own.error());
  if (source.is_traffic && std::ranges::any_of(*own, [](const OwnNetwork& one) { return one.ip6.has_value(); })) {
    notes->push_back(kTrafficIsIp4);
  }
  std::vector<OwnHeat> report =
      ReportOwn(*own, source, {.min_score = head.min_score, .most = options.heat.number.value_or(kMostNamed)});
  // A file needs no server, and none is asked.
  if (options.heat.file.empty()) {
    const Status listed = TellListed(options.control, options.heat.number.value_or(kMostNamed), &report, notes);
    if (!listed) return tl::unexpected(listed.error());
  }
  if (Status told = TellChanges(options.heat.last, &report); !told) return tl::unexpected(told.error());
  SortWorstFirst(&report);
  HeatReport made = {.rendered = RenderOwnReport(head, report), .exit_code = ExitCodeOf(report)};
  if (!options.heat.last.empty()) {
    const Status written = WriteWholeFile(options.heat.last, DumpJson(made.rendered.json, 2) + "\n");
    if (!written) return tl::unexpected(written.error());
  }
  return made;
}

Result<HeatReport> ReportOfLogs(const CommandOptions& options, const ReportHead& head, const HeatSource& source,
                                std::vector<std::string>* notes) {
  LogTally tally(source, head.min_score);
  for (size_t i = 1; i < options.arguments.size(); ++i) {
    if (Status read = tally.Read(options.arguments[i]); !read) return tl::unexpected(read.error());
  }
  const LogReport report = tally.Report(options.heat.number.value_or(kMostOfLength));
  const LogFigures& figures = report.figures;
  if (source.is_traffic && figures.ip6 > 0) notes->push_back(kTrafficIsIp4);
  if (figures.bad > 0) {
    notes->push_back(std::to_string(figures.bad) + " lines are bad, the first: " + figures.bad_lines.front());
  }
  return HeatReport{.rendered = RenderLogReport(head, report), .exit_code = figures.hot > 0 ? kExitWarm : kExitSuccess};
}

}  // namespace

Result<HeatReport> MakeHeatReport(const CommandOptions& options, std::vector<std::string>* notes) {
  HeatRequest request = HeatRequestOf(options);
  request.log = false;
  request.as_feed = true;
  request.ip6 = true;
  const Result<HeatSource> source = LoadHeatSource(request);
  if (!source) return tl::unexpected(source.error());
  std::ranges::copy(source->notes, std::back_inserter(*notes));
  const ReportHead head = {.source = source->name, .min_score = options.heat.min_score.value_or(kMinScore)};
  return options.heat.log ? ReportOfLogs(options, head, *source, notes) : ReportOf(options, head, *source, notes);
}

}  // namespace rblitz
