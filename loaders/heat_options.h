// What the configuration says of a feed of heat.
//
// Thread-safety: a value.
#pragma once

#include <cstdint>
#include <string>

namespace rblitz {

// What becomes of counts; scores stay what they are.
enum class HeatScale : uint8_t {
  kLog,     // 255 is reached at `scale_max`, and half of it far below
  kLinear,  // a count is its score, or as much of 255 as it is of `scale_max`
};

struct HeatOptions {
  double weight = 1;               // scores are multiplied by it
  uint32_t half_life_seconds = 0;  // what has a time counts half after so long; 0: as long as it is there
  HeatScale scale = HeatScale::kLog;
  double scale_max = 0;              // 0: of a logarithmic scale the 99.9th percentile, of a linear one 255
  bool hits = false;                 // of lists: each line counts, not each address
  std::string list_format = "cidr";  // of lists: the grammar of their lines
  std::string palette = "grey";      // of pictures: a name of heat_palette.h, or a file
  uint32_t mask_width = 0;           // of pictures: pixels at the top left of every /8 that are labels
  uint32_t mask_height = 0;
  uint32_t tolerance = 40;  // of pictures: how far a colour may be from the palette, in steps of 255
  bool operator==(const HeatOptions&) const = default;
};

}  // namespace rblitz
