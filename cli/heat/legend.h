// The legend beside a map of heat: what its colours stand for.
//
// Thread-safety: pure but for the canvas.
#pragma once

#include "cli/heat/canvas.h"
#include "cli/heat/colours.h"
#include "cli/heat/font.h"
#include "cli/heat/source.h"

namespace rblitz {

struct HeatLegend {
  bool counts = false;
  HeatScaleOf scale;
  const HeatColours& colours;
  bool changes = false;
  bool has_own = false;
  int x = 0;  // top left
  int y = 0;
  double unit = 1;
};

void DrawLegend(const HeatLegend& legend, const Font& font, const Font& bold, Canvas* canvas);

}  // namespace rblitz
