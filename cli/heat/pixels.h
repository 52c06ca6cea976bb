// The pixels of a map as scores of its colours, of one source or of two that are compared on one scale.
//
// Counts of a pixel are added up before they become scores. On a logarithmic scale 255 is then the highest that the map
// has, or what 255 of the source stands for, whichever is more; of two sources, the higher of both.
//
// Thread-safety: const once made.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cli/heat/source.h"
#include "cli/heat/view.h"

namespace rblitz {

struct HeatPixels {
  std::vector<uint8_t> now;     // row by row
  std::vector<uint8_t> before;  // empty: nothing is compared
  HeatScaleOf scale;
};

[[nodiscard]] HeatPixels MakePixels(const HeatView& view, const HeatSource& source,
                                    const std::optional<HeatSource>& before);

}  // namespace rblitz
