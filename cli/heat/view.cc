#include "cli/heat/view.h"

#include <algorithm>
#include <string>

#include "cli/heat/where.h"

namespace rblitz {

namespace {

constexpr unsigned kAddressBits = 32;
constexpr unsigned kCellBits = 2 * kHeatOrder;

}  // namespace

HeatView::HeatView(HeatNetwork network, unsigned order, bool rebase)
    : network_(network), order_(order), rebase_(rebase), box_(BoxOf(network.prefix, network.length, order)) {
  if (rebase) box_.corner = {};
}

Result<HeatView> HeatView::Make(HeatNetwork network, unsigned order, bool rebase) {
  const std::string text = "--prefix " + NetworkText(network);
  if (network.length > 2 * order) {
    return Fail(text + " is smaller than a pixel of a map of order " + std::to_string(order) + ", which is a /" +
                std::to_string(2 * order));
  }
  if (rebase && network.length % 2 != 0)
    return Fail(text + ": a network of odd length has no curve of its own to --rebase to");
  return HeatView(network, order, rebase);
}

HeatView::Place HeatView::PlaceOf(HeatNetwork network) const noexcept {
  const unsigned common = std::min(network.length, network_.length);
  const bool meets = common == 0 || ((network.prefix ^ network_.prefix) >> (kAddressBits - common)) == 0;
  if (!meets) return {};
  if (network.length <= network_.length) return {.inside = true, .box = {{}, width(), height()}};
  if (!rebase_) {
    CurveBox box = BoxOf(network.prefix, network.length, order_);
    box.corner.x -= box_.corner.x;
    box.corner.y -= box_.corner.y;
    return {.inside = true, .box = box};
  }
  const unsigned order = order_ - network_.length / 2;
  if (order == 0) return {.inside = true, .box = {{}, 1, 1}};
  const uint32_t prefix = network.prefix << network_.length;
  return {.inside = true, .box = BoxOf(prefix, network.length - network_.length, order)};
}

std::vector<double> HeatView::Pixels(const HeatCells& cells, const std::array<double, 256>& value_of, bool sums) const {
  const unsigned shift = kCellBits - 2 * order_;
  const uint32_t first = network_.length == 0 ? 0 : network_.prefix >> (kAddressBits - 2 * order_);
  std::vector<double> nodes(size_t{width()} * height());
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    const HeatCells::Block* const scores = cells.block(block);
    if (scores == nullptr) continue;
    for (uint32_t i = 0; i < kCellsInBlock; ++i) {
      const uint32_t node = ((block * kCellsInBlock + i) >> shift) - first;
      if (node >= nodes.size()) continue;
      const double value = value_of[(*scores)[i]];
      nodes[node] = sums ? nodes[node] + value : std::max(nodes[node], value);
    }
  }
  const unsigned order = rebase_ ? order_ - network_.length / 2 : order_;
  if (order == 0) return nodes;
  std::vector<double> pixels(nodes.size());
  for (uint32_t y = 0; y < height(); ++y) {
    for (uint32_t x = 0; x < width(); ++x) {
      const uint32_t at = PositionAt({box_.corner.x + x, box_.corner.y + y}, order);
      pixels[size_t{y} * width() + x] = nodes[rebase_ ? at : at - first];
    }
  }
  return pixels;
}

}  // namespace rblitz
