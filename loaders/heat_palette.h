// Palettes of heat maps: a colour for each score, and back.
//
// Colours of 0 are what a map shows where nothing is known. Built in: grey; bluered, from blue to red by hue, as
// ipv4-heatmap has it; cymru, black to blue, purple, green, yellow, orange, red and white, as the Internet Malicious
// Activity Map had it; viridis, magma and inferno, whose lightness grows with the score.
//
// Thread-safety: pure but for reading files. Errors: name the file and its line.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tables/result.h"

namespace rblitz {

struct Rgb {
  uint8_t r = 0;
  uint8_t g = 0;
  uint8_t b = 0;

  bool operator==(const Rgb&) const = default;
};

using HeatPalette = std::array<Rgb, 256>;

[[nodiscard]] std::span<const std::string_view> PaletteNames();
// Nothing: there is none of that name.
[[nodiscard]] std::optional<HeatPalette> FindPalette(std::string_view name);

// A file of lines `0xRRGGBB [score]`, as ipv4-heatmap's legend keys have them, perhaps below a title: colours between
// two that have a score are spread evenly, and between two colours a straight line is drawn.
[[nodiscard]] Result<HeatPalette> ReadPalette(const std::string& path);
// The same from its text; `name` is for messages.
[[nodiscard]] Result<HeatPalette> ParsePalette(std::string_view text, const std::string& name);

// Finds the score whose colour is nearest.
//
// Thread-safety: none. Cost: colours that were asked for before, two reads; others, 256 distances.
class PaletteSearch {
 public:
  explicit PaletteSearch(const HeatPalette& palette);

  struct Found {
    uint8_t score = 0;
    uint32_t distance = 0;  // squared
  };
  [[nodiscard]] Found Nearest(Rgb colour) noexcept;

 private:
  struct Known {
    uint32_t colour = UINT32_MAX;
    Found found;
  };
  [[nodiscard]] Found Search(Rgb colour) const noexcept;

  std::array<std::array<int32_t, 256>, 3> channels_;
  std::array<Known, 4096> known_;
};

}  // namespace rblitz
