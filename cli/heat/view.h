// The part of the IPv4 space that a map shows, and the scores of its pixels.
//
// A cut keeps the orientation of the map of the world; a rebased one begins top left and ends top right, as
// ipv4-heatmap's -y does. A pixel larger than a /24 has the highest of its scores, or the sum of its counts.
//
// Thread-safety: const once made. Units: at order n a map of the world has 2^n pixels a side.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "loaders/heat_text.h"
#include "tables/cell_blocks.h"
#include "tables/hilbert.h"
#include "tables/result.h"

namespace rblitz {

class HeatView {
 public:
  // Length 0: the world. Fails where a pixel is larger than the network, and to rebase one of an odd length.
  [[nodiscard]] static Result<HeatView> Make(HeatNetwork network, unsigned order, bool rebase);

  [[nodiscard]] HeatNetwork network() const noexcept { return network_; }
  [[nodiscard]] unsigned order() const noexcept { return order_; }
  [[nodiscard]] bool rebase() const noexcept { return rebase_; }
  [[nodiscard]] uint32_t width() const noexcept { return box_.width; }
  [[nodiscard]] uint32_t height() const noexcept { return box_.height; }

  // The pixels of a network, which may lie outside of the view in part or as a whole.
  struct Place {
    bool inside = false;
    CurveBox box;
  };
  [[nodiscard]] Place PlaceOf(HeatNetwork network) const noexcept;

  // Row by row; `value_of`: what each score stands for, 0 for 0.
  [[nodiscard]] std::vector<double> Pixels(const HeatCells& cells, const std::array<double, 256>& value_of,
                                           bool sums) const;

 private:
  HeatView(HeatNetwork network, unsigned order, bool rebase);

  HeatNetwork network_;
  unsigned order_;
  bool rebase_;
  CurveBox box_;  // on the map of the world
};

}  // namespace rblitz
