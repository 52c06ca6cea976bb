#include "cli/heat_map_command.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cli/heat/map.h"
#include "cli/heat/where.h"
#include "cli/whole_file.h"
#include "loaders/png_file.h"

namespace rblitz {

namespace {

constexpr unsigned kReadableOrder = 10;  // with texts: a picture that a screen shows
constexpr const char* kPalette = "viridis";

Result<HeatView> ViewOf(const HeatCommandOptions& heat) {
  HeatNetwork network;
  if (!heat.prefix.empty()) {
    const Result<HeatNetwork> parsed = ParseNetwork(heat.prefix);
    if (!parsed) return tl::unexpected(parsed.error());
    network = *parsed;
  }
  unsigned order = heat.bare ? kHeatOrder : std::min(kHeatOrder, kReadableOrder + (network.length + 1) / 2);
  if (heat.order != kNoOrder) order = static_cast<unsigned>(heat.order);
  return HeatView::Make(network, order, heat.rebase);
}

Result<HeatSource> LoadNoted(const HeatRequest& request, std::vector<std::string>* notes) {
  Result<HeatSource> source = LoadHeatSource(request);
  if (source) std::ranges::copy(source->notes, std::back_inserter(*notes));
  return source;
}

Status AddLabels(const std::vector<std::string>& labels, HeatMap* map) {
  for (const std::string& label : labels) {
    if (label == "/8" || label == "/16") {
      map->label_length = label == "/8" ? 8 : 16;
      continue;
    }
    auto annotations = ReadAnnotations(label);
    if (!annotations) return tl::unexpected(annotations.error());
    std::ranges::move(*annotations, std::back_inserter(map->annotations));
  }
  return {};
}

Status AddMarks(const HeatCommandOptions& heat, HeatMap* map) {
  if (Status added = AddLabels(heat.labels, map); !added) return added;
  if (!heat.shade.empty()) {
    auto shades = ReadShades(heat.shade);
    if (!shades) return tl::unexpected(shades.error());
    map->shades = *std::move(shades);
  }
  if (heat.own.empty()) return {};
  auto own = ReadOwnNetworks(heat.own);
  if (!own) return tl::unexpected(own.error());
  map->own = *std::move(own);
  return {};
}

}  // namespace

HeatRequest HeatRequestOf(const CommandOptions& options) {
  const HeatCommandOptions& heat = options.heat;
  return {.file = heat.file,
          .zone = options.zone,
          .feed = heat.feed,
          .traffic = heat.traffic,
          .format = heat.format,
          .palette = heat.file_palette,
          .log = heat.log,
          .control = options.control};
}

Status WriteHeatMap(const CommandOptions& options, std::vector<std::string>* notes) {
  const HeatCommandOptions& heat = options.heat;
  const Result<HeatView> view = ViewOf(heat);
  if (!view) return tl::unexpected(view.error());
  const HeatRequest request = HeatRequestOf(options);
  Result<HeatSource> source = LoadNoted(request, notes);
  if (!source) return tl::unexpected(source.error());
  HeatMap map = {.view = *view,
                 .source = *std::move(source),
                 .before = {},
                 .palette = heat.palette.empty() ? kPalette : heat.palette,
                 .title = heat.title,
                 .has_legend = heat.legend};
  if (!heat.diff.empty()) {
    const bool is_alike = !heat.file.empty();  // the same format is meant
    HeatRequest before = {.file = heat.diff, .palette = heat.file_palette, .log = heat.log, .control = options.control};
    if (is_alike) before.format = heat.format;
    Result<HeatSource> old = LoadNoted(before, notes);
    if (!old) return tl::unexpected(old.error());
    if (old->counts != map.source.counts) {
      return Fail(map.source.name + " has " + (map.source.counts ? "counts" : "scores") + " and " + old->name + " " +
                  (old->counts ? "counts" : "scores") + ": they cannot be compared; --format says what both are");
    }
    map.before = *std::move(old);
  }
  if (Status marked = AddMarks(heat, &map); !marked) return marked;
  const Result<Canvas> canvas = heat.bare ? Result<Canvas>(DrawBareHeatMap(map)) : DrawHeatMap(map);
  if (!canvas) return tl::unexpected(canvas.error());
  const auto png =
      WritePng(static_cast<uint32_t>(canvas->width()), static_cast<uint32_t>(canvas->height()), canvas->rgb());
  if (!png) return tl::unexpected(png.error());
  return WriteWholeFile(heat.output, *png);
}

}  // namespace rblitz
