// Where an address stands on a map of heat, and what stands at a pixel.
//
// Thread-safety: pure. Errors: say what is wrong with the text.
#pragma once

#include <string>
#include <string_view>

#include "loaders/heat_text.h"
#include "tables/hilbert.h"
#include "tables/result.h"

namespace rblitz {

struct HeatPlace {
  CurvePoint point;
  HeatNetwork network;  // of the pixel
};

// An IPv4 address (length 32), a prefix, or an address as one decimal number.
[[nodiscard]] Result<HeatNetwork> ParseNetwork(std::string_view text);

// REQUIRES: order is 1 to kMaxHilbertOrder.
[[nodiscard]] Result<HeatPlace> PlaceOfAddress(std::string_view address, unsigned order);
// Of "x,y".
[[nodiscard]] Result<HeatPlace> PlaceOfPixel(std::string_view pixel, unsigned order);

// "203.0.113.0/24".
[[nodiscard]] std::string NetworkText(HeatNetwork network);

}  // namespace rblitz
