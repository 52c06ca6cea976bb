// What is drawn on a map besides heat: an operator's own networks, and ipv4-heatmap's files of annotations and shades.
//
// Own networks, a line each: `203.0.113.0/28 mx-pool`, the label perhaps absent; comments begin with #.
// Annotations: `10.0.0.0/8<TAB>RFC 1918<TAB>prefix`: a label and perhaps a second line, of which `prefix` is the
// network. Shades: `10.0.0.0/8<TAB>0x7F7FFF<TAB>64`: a colour and how transparent it is, from 0, opaque, to 127,
// nothing, as ipv4-heatmap draws it (its manual has it the other way round).
//
// Thread-safety: pure but for files. Errors: name the file and the line; a file with a bad line fails as a whole.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loaders/heat_palette.h"
#include "loaders/heat_text.h"
#include "tables/ip6.h"
#include "tables/result.h"

namespace rblitz {

struct OwnNetwork {
  std::string text;                // as it was written
  std::optional<HeatNetwork> ip4;  // one of these
  std::optional<Ip6Prefix> ip6;
  std::string label;
};

struct HeatAnnotation {
  HeatNetwork network;
  std::string label;
  std::string below;  // empty: nothing
};

struct HeatShade {
  HeatNetwork network;
  Rgb colour;
  unsigned transparency = 0;  // 0 to 127
};

[[nodiscard]] Result<std::vector<OwnNetwork>> ReadOwnNetworks(const std::string& path);
[[nodiscard]] Result<std::vector<HeatAnnotation>> ReadAnnotations(const std::string& path);
[[nodiscard]] Result<std::vector<HeatShade>> ReadShades(const std::string& path);

}  // namespace rblitz
