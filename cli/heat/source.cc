#include "cli/heat/source.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "cli/heat/server_cells.h"
#include "loaders/feed.h"
#include "loaders/heat_text.h"
#include "loaders/inflating_source.h"
#include "loaders/list_text.h"

namespace rblitz {

namespace {

constexpr double kMostScore = 255;
constexpr size_t kGuessedBytes = size_t{1} << 16;
constexpr const char* kHeat = "heat";
constexpr const char* kPicture = "heat-png";

Result<std::string> FirstBytes(const std::string& path) {
  auto file = FileSource::Open(path);
  if (!file) return tl::unexpected(file.error());
  InflatingSource bytes(path, *std::move(file));
  std::string first(kGuessedBytes, '\0');
  const Result<size_t> read = bytes.Read(first.data(), first.size());
  if (!read) return tl::unexpected(read.error());
  first.resize(*read);
  return first;
}

// Of the text formats that no mark tells apart: by how many words a line has, and whether scores are above 255.
std::string GuessOfWords(std::string_view bytes) {
  bool has_values = false;
  while (!bytes.empty()) {
    std::string_view line = WithoutComment(bytes.substr(0, bytes.find_first_of("\r\n")));
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;  // perhaps half of it
    bytes.remove_prefix(end + 1);
    if (line.empty()) continue;
    const std::string_view first = TakeListWord(line);
    const std::string_view second = TakeListWord(line);
    if (second.empty()) return "heat-list";
    if (second.find_first_of(".:") != std::string_view::npos && !ReadCount(second)) {
      return first.find('.') == first.rfind('.') ? "heat-times" : "heat-list";
    }
    const std::optional<double> value = ReadCount(second);
    if (!value) return "heat-list";
    if (*value > kMostScore || *value != std::floor(*value)) return "heat-counts";
    has_values = true;
  }
  return has_values ? kHeat : "heat-list";
}

Status CheckUsable(const LoadReport& report, const std::string& path, const std::string& format) {
  if (report.entries > 0) return {};
  std::string why = path + ": no heat in it, read as " + format;
  if (!report.errors.empty()) why += ": " + report.errors.front();
  return Fail(why);
}

Result<HeatSource> LoadFile(const HeatRequest& request) {
  std::string format = request.format;
  if (format.empty()) {
    const Result<std::string> bytes = FirstBytes(request.file);
    if (!bytes) return tl::unexpected(bytes.error());
    format = GuessHeatFormat(*bytes);
  }
  FeedConfig config = {.name = request.file, .paths = {request.file}, .format = format};
  config.heat.hits = !request.as_feed;
  config.heat.scale = request.log || request.as_feed ? HeatScale::kLog : HeatScale::kLinear;
  if (!request.palette.empty()) config.heat.palette = request.palette;
  LoadReport report;
  const auto loaded = LoadFeed(config, nullptr, &report);
  if (!loaded) return tl::unexpected(loaded.error());
  if (Status usable = CheckUsable(report, request.file, format); !usable) return tl::unexpected(usable.error());
  HeatSource source = {.cells = (*loaded)->heat,
                       .networks6 = (*loaded)->heat6,
                       .name = std::filesystem::path(request.file).filename().string(),
                       .notes = report.notes};
  source.counts = report.heat_top > 0;
  if (source.counts) source.top = report.heat_top;
  if (report.rejected > 0) {
    source.notes.push_back(std::to_string(report.rejected) + " lines or pixels are rejected, the first: " +
                           (report.errors.empty() ? "" : report.errors.front()));
  }
  return source;
}

Result<HeatSource> AskServer(const HeatRequest& request) {
  HeatSource source;
  source.name = request.traffic ? "live traffic" : request.feed.empty() ? request.zone : request.feed;
  CellBlocks<uint8_t> cells;
  auto networks6 = std::make_shared<Heat6Networks>();
  const Status walked = WalkServerCells(
      request.control, {.zone = request.zone, .feed = request.feed, .traffic = request.traffic},
      [&](const CellRun& run) {
        for (uint32_t cell = run.first; cell < run.first + run.count; ++cell) {
          cells[cell] = static_cast<uint8_t>(run.score);
        }
      },
      request.ip6 ? networks6.get() : nullptr);
  if (!walked) return tl::unexpected(walked.error());
  source.cells = std::make_shared<const HeatCells>(std::move(cells));
  if (networks6->count() > 0) source.networks6 = std::move(networks6);
  source.is_traffic = request.traffic;
  return source;
}

}  // namespace

std::string GuessHeatFormat(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG")) return kPicture;
  std::string_view rest = bytes;
  std::string_view line;
  while (line.empty() && !rest.empty()) {
    line = WithoutComment(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(
        std::min(rest.size(), rest.find('\n') == std::string_view::npos ? rest.size() : rest.find('\n') + 1));
    if (line.starts_with("Start\t")) line = {};
  }
  if (line.starts_with('"'))
    return line.find("ip:port") != std::string_view::npos ? "heat-threatfox" : "heat-stopforumspam";
  if (line.find('|') != std::string_view::npos) return "heat-cap";
  // Columns at the end may be empty, and are cut off as blanks are.
  if (std::ranges::count(line, '\t') >= 3) return "heat-dshield";
  const std::string padded = std::string(bytes.ends_with('\n') ? bytes : bytes.substr(0, bytes.rfind('\n') + 1));
  return GuessOfWords(padded.empty() ? std::string(bytes) + "\n" : padded);
}

Result<HeatSource> LoadHeatSource(const HeatRequest& request) {
  Result<HeatSource> source = request.file.empty() ? AskServer(request) : LoadFile(request);
  if (source) source->log = request.log;
  return source;
}

double ValueOf(const HeatScaleOf& scale, unsigned score) noexcept {
  const double share = score / kMostScore;
  return scale.log ? std::expm1(share * std::log1p(scale.top)) : share * scale.top;
}

}  // namespace rblitz
