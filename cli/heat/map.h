// A map of heat as people read it: the curve's pixels with a title, a grid, labels, own networks and a legend around
// and on them; or bare, the pixels alone, as ipv4-heatmap paints them.
//
// Thread-safety: pure but for the fonts' files. Units: texts and lines grow with the picture.
// Errors: a font that cannot be read. The same request gives the same picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/heat/canvas.h"
#include "cli/heat/marks.h"
#include "cli/heat/source.h"
#include "cli/heat/view.h"
#include "tables/result.h"

namespace rblitz {

struct HeatMap {
  HeatView view;
  HeatSource source;
  std::optional<HeatSource> before;  // what it is compared with
  std::string palette;
  std::string title;  // empty: the source's name
  bool has_legend = false;
  unsigned label_length = 0;  // of networks whose numbers are written; 0: those of the grid
  std::vector<HeatAnnotation> annotations;
  std::vector<HeatShade> shades;
  std::vector<OwnNetwork> own;
};

[[nodiscard]] Canvas DrawBareHeatMap(const HeatMap& map);
[[nodiscard]] Result<Canvas> DrawHeatMap(const HeatMap& map);

}  // namespace rblitz
