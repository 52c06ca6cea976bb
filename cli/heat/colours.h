// The colours of the pixels of a map of heat: of a score, or of the change from one score to another.
//
// Thread-safety: const once made.
#pragma once

#include <array>
#include <string_view>

#include "loaders/heat_palette.h"

namespace rblitz {

class HeatColours {
 public:
  // The palette as it is. `nothing`: where nothing is known. REQUIRES: there is a palette of that name.
  HeatColours(std::string_view palette, Rgb nothing);
  // Without the first colours of a ramp that begins in black: on a dark ground they could not be told from nothing.
  [[nodiscard]] static HeatColours OnDark(std::string_view palette, Rgb nothing);

  [[nodiscard]] Rgb OfScore(unsigned score) const noexcept { return scores_[score]; }
  // Blue where it was hotter, red where it is hotter now. `change`: -255 to 255.
  [[nodiscard]] static Rgb OfChange(int change) noexcept;
  [[nodiscard]] Rgb nothing() const noexcept { return scores_[0]; }

 private:
  HeatPalette scores_;
};

}  // namespace rblitz
