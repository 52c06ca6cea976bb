#include "cli/heat/map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "cli/heat/callouts.h"
#include "cli/heat/colours.h"
#include "cli/heat/font.h"
#include "cli/heat/inks.h"
#include "cli/heat/legend.h"
#include "cli/heat/pixels.h"
#include "cli/heat/where.h"
#include "loaders/ip4_text.h"

namespace rblitz {

namespace {

constexpr Rgb kNothing = {0x1c, 0x1f, 0x27};
constexpr int kSide = 1024;  // that texts are measured for
constexpr unsigned kBits = 32;

// The pixels of a view with the colours of their scores, or of their change.
class Pixels {
 public:
  explicit Pixels(const HeatMap& map) : Pixels(map, MakePixels(map.view, map.source, map.before)) {}

  [[nodiscard]] const HeatScaleOf& scale() const noexcept { return scale_; }

  void Paint(Canvas* canvas, const Box& on, const HeatColours& colours) const {
    for (size_t at = 0; at < now_.size(); ++at) canvas->Fill(BoxOf(at, on), ColourOf(at, colours));
  }

  // "12 of 4096 pixels are hotter, 7 cooler and 30 as before". REQUIRES: there is something before.
  [[nodiscard]] std::string Changes() const {
    size_t hotter = 0;
    size_t cooler = 0;
    size_t same = 0;
    for (const size_t at : Known()) {
      hotter += now_[at] > before_[at];
      cooler += now_[at] < before_[at];
      same += now_[at] == before_[at];
    }
    return std::to_string(hotter) + " of " + std::to_string(now_.size()) + " pixels are hotter, " +
           std::to_string(cooler) + " cooler and " + std::to_string(same) + " as before";
  }

  // How much further a pixel with heat should reach on each side, so that the few that there are can be seen.
  [[nodiscard]] int Reach(int scale) const {
    const size_t known = Known().size();
    if (scale > 2 || known == 0 || known > now_.size() / 200) return 0;
    return known > now_.size() / 2000 ? 1 : 2;
  }

  // Known pixels again, the hottest on top, larger by `reach` on each side.
  void PaintKnown(Canvas* canvas, const Box& on, const HeatColours& colours, int reach) const {
    std::vector<size_t> known = Known();
    std::ranges::stable_sort(known, {}, [&](size_t at) { return Weight(at); });
    for (const size_t at : known) canvas->Fill(BoxOf(at, on).Grown(reach), ColourOf(at, colours));
  }

 private:
  Pixels(const HeatMap& map, HeatPixels pixels)
      : width_(map.view.width()),
        now_(std::move(pixels.now)),
        before_(std::move(pixels.before)),
        scale_(pixels.scale) {}

  [[nodiscard]] bool IsKnown(size_t at) const { return now_[at] != 0 || (!before_.empty() && before_[at] != 0); }
  [[nodiscard]] std::vector<size_t> Known() const {
    std::vector<size_t> known;
    for (size_t at = 0; at < now_.size(); ++at) {
      if (IsKnown(at)) known.push_back(at);
    }
    return known;
  }
  [[nodiscard]] int Weight(size_t at) const {
    return before_.empty() ? int{now_[at]} : std::abs(int{now_[at]} - int{before_[at]});
  }
  [[nodiscard]] Rgb ColourOf(size_t at, const HeatColours& colours) const {
    if (before_.empty() || !IsKnown(at)) return colours.OfScore(now_[at]);
    return HeatColours::OfChange(int{now_[at]} - int{before_[at]});
  }
  [[nodiscard]] Box BoxOf(size_t at, const Box& on) const {
    const int scale = on.width / static_cast<int>(width_);
    return {on.x + static_cast<int>(at % width_) * scale, on.y + static_cast<int>(at / width_) * scale, scale, scale};
  }

  uint32_t width_;
  std::vector<uint8_t> now_;
  std::vector<uint8_t> before_;
  HeatScaleOf scale_;
};

class Drawing {
 public:
  Drawing(const HeatMap& map, const Font& font, const Font& bold)
      : map_(map),
        font_(font),
        bold_(bold),
        scale_(std::max(1, kSide / static_cast<int>(std::max(map.view.width(), map.view.height())))),
        unit_(std::max(1.0, scale_ * static_cast<int>(std::max(map.view.width(), map.view.height())) / double{kSide})),
        field_{Units(24), Units(84), scale_ * static_cast<int>(map.view.width()),
               scale_ * static_cast<int>(map.view.height())},
        colours_(HeatColours::OnDark(map.palette, kNothing)),
        canvas_(field_.right() + Units(24) + (map.has_legend ? Units(176) : 0), field_.bottom() + Units(48), kPaper),
        callouts_(field_, unit_, font, &canvas_) {}

  Canvas Draw() {
    const Pixels pixels(map_);
    pixels.Paint(&canvas_, field_, colours_);
    for (const HeatShade& shade : map_.shades) Shade(shade);
    Grid();
    Numbers();
    reach_ = pixels.Reach(scale_);
    if (reach_ != 0) pixels.PaintKnown(&canvas_, field_, colours_, reach_);
    for (const HeatAnnotation& annotation : map_.annotations) Annotate(annotation);
    for (const OwnNetwork& own : map_.own) Own(own);
    callouts_.Draw();
    canvas_.Frame(field_.Grown(1), 1, kFaint);
    Heading(map_.before ? pixels.Changes() : Facts());
    if (map_.has_legend) {
      DrawLegend({.counts = map_.source.counts,
                  .scale = pixels.scale(),
                  .colours = colours_,
                  .changes = map_.before.has_value(),
                  .has_own = !map_.own.empty(),
                  .x = field_.right() + Units(28),
                  .y = field_.y,
                  .unit = unit_},
                 font_, bold_, &canvas_);
    }
    return std::move(canvas_);
  }

 private:
  [[nodiscard]] int Units(double pixels) const noexcept { return static_cast<int>(std::lround(pixels * unit_)); }

  // Nothing: it is not on this map.
  [[nodiscard]] std::optional<Box> BoxOf(HeatNetwork network) const {
    const HeatView::Place place = map_.view.PlaceOf(network);
    if (!place.inside) return std::nullopt;
    return Box{field_.x + static_cast<int>(place.box.corner.x) * scale_,
               field_.y + static_cast<int>(place.box.corner.y) * scale_, static_cast<int>(place.box.width) * scale_,
               static_cast<int>(place.box.height) * scale_};
  }

  void Shade(const HeatShade& shade) {
    if (const auto box = BoxOf(shade.network)) {
      canvas_.Fill(*box, shade.colour, Canvas::kOpaque * static_cast<int>(127 - shade.transparency) / 127);
    }
  }

  // The networks whose borders are drawn: /8s of the world, /16s in a /8, /24s in a /16.
  [[nodiscard]] unsigned GridLength() const {
    return std::min({map_.view.network().length / 8 * 8 + 8, 24u, map_.view.order() * 2});
  }

  template <class Take>
  void EachNetwork(unsigned length, const Take& take) const {
    const HeatNetwork whole = map_.view.network();
    if (length < whole.length) return;
    for (uint64_t i = 0; i < uint64_t{1} << (length - whole.length); ++i) {
      const HeatNetwork network = {.prefix = whole.prefix + static_cast<uint32_t>(i << (kBits - length)),
                                   .length = length};
      if (const auto box = BoxOf(network)) take(network, *box);
    }
  }

  void Grid() {
    EachNetwork(GridLength(), [&](HeatNetwork, const Box& box) {
      canvas_.Fill({box.x, box.y, box.width, 1}, kInk, 38);
      canvas_.Fill({box.x, box.y, 1, box.height}, kInk, 38);
    });
  }

  // "203" of a /8, "203.0" of a /16, "203.0.113" of a /24; the whole of what has no octet of its own.
  [[nodiscard]] static std::string NumberOf(HeatNetwork network) {
    if (network.length % 8 != 0) return NetworkText(network);
    std::string text = AddressText(network.prefix);
    for (unsigned octets = 4; octets > network.length / 8; --octets) text.resize(text.rfind('.'));
    return text;
  }

  void Numbers() {
    const unsigned length = map_.label_length == 0 ? GridLength() : map_.label_length;
    EachNetwork(length, [&](HeatNetwork network, const Box& box) {
      const std::string text = NumberOf(network);
      const int room = std::min(box.width, box.height) - Units(6);
      int size = std::clamp(box.height / 5, 1, Units(17));
      while (size >= Units(8) && font_.Width(text, size) > room) --size;
      if (size < Units(8)) return;
      font_.DrawRimmed(&canvas_, box.x + Units(4), box.y + Units(4) + Font::CapHeight(size), text, size, kFaint, rim());
    });
  }

  // In its box where that is large enough to be read, else beside it.
  void Annotate(const HeatAnnotation& annotation) {
    const auto box = BoxOf(annotation.network);
    if (!box) return;
    canvas_.Frame(*box, std::max(1, Units(1)), kInk, 200);
    int size = Units(40);
    while (size >= Units(11) && !Fits(annotation, size, *box)) --size;
    if (size < Units(11)) return callouts_.Add(*box, annotation.label, Callouts::Kind::kNote);
    const int lines = annotation.below.empty() ? 1 : 2;
    const int y = box->y + (box->height + (lines == 1 ? Font::CapHeight(size) : Font::CapHeight(size) / 4)) / 2;
    const auto centred = [&](const std::string& text, int line, int text_size) {
      const int x = box->x + (box->width - font_.Width(text, text_size)) / 2;
      font_.DrawRimmed(&canvas_, x, line, text, text_size, kInk, rim());
    };
    centred(annotation.label, y, size);
    if (lines == 2) centred(annotation.below, y + size * 9 / 10, size * 6 / 10);
  }

  [[nodiscard]] bool Fits(const HeatAnnotation& annotation, int size, const Box& box) const {
    const int width = std::max(font_.Width(annotation.label, size), font_.Width(annotation.below, size * 6 / 10));
    return width <= box.width * 17 / 20 && size * 2 <= box.height;
  }

  void Own(const OwnNetwork& own) {
    const auto box = own.ip4 ? BoxOf(*own.ip4) : std::nullopt;
    if (box) callouts_.Add(*box, own.label.empty() ? own.text : own.label, Callouts::Kind::kOwn);
  }

  void Heading(const std::string& facts) {
    const std::string against = map_.before ? " against " + map_.before->name : "";
    const std::string title = map_.title.empty() ? "IPv4 heat: " + map_.source.name + against : map_.title;
    bold_.Draw(&canvas_, field_.x, Units(42), title, Units(24), kInk);
    font_.Draw(&canvas_, field_.x, Units(68), facts, Units(14), kFaint);
    const HeatNetwork network = map_.view.network();
    std::string foot = "Hilbert curve; one pixel is a /" + std::to_string(map_.view.order() * 2);
    if (network.length == 0) {
      foot += "; 0.0.0.0 is top left, 255.255.255.255 top right";
    } else if (map_.view.rebase()) {
      // The curve of the network alone begins and ends where that of the world does.
      const uint32_t last = network.prefix | (UINT32_MAX >> (network.length - 1) >> 1);
      foot += "; " + AddressText(network.prefix) + " is top left, " + AddressText(last) + " top right";
    } else {
      foot += "; the part of the map that is " + NetworkText(network);
    }
    if (reach_ != 0) foot += "; pixels with heat are drawn larger";
    font_.Draw(&canvas_, field_.x, field_.bottom() + Units(28), foot, Units(13), kFaint);
  }

  [[nodiscard]] std::string Facts() const {
    const HeatNetwork network = map_.view.network();
    const uint32_t first = network.prefix >> 8;
    const uint64_t count = uint64_t{1} << (24 - std::min(network.length, 24u));
    uint64_t active = 0;
    uint32_t hottest = first;
    for (uint64_t i = 0; i < count; ++i) {
      const auto cell = static_cast<uint32_t>(first + i);
      active += map_.source.cells->at(cell) != 0;
      if (map_.source.cells->at(cell) > map_.source.cells->at(hottest)) hottest = cell;
    }
    if (active == 0) return "Nothing is known of any of its " + std::to_string(count) + " networks of /24";
    return std::to_string(active) + " of " + std::to_string(count) + " networks of /24 have heat; the hottest is " +
           AddressText(hottest << 8) + "/24 with " +
           std::to_string(std::lround(map_.source.counts ? ValueOf(map_.source.scale(), map_.source.cells->at(hottest))
                                                         : map_.source.cells->at(hottest)));
  }

  [[nodiscard]] int rim() const { return std::max(1, Units(1)); }

  const HeatMap& map_;
  const Font& font_;
  const Font& bold_;
  const int scale_;    // pixels of the picture a pixel of the view
  const double unit_;  // pixels a pixel of a picture of kSide
  const Box field_;    // of the map
  const HeatColours colours_;
  int reach_ = 0;  // of known pixels beyond themselves
  Canvas canvas_;
  Callouts callouts_;
};

}  // namespace

Canvas DrawBareHeatMap(const HeatMap& map) {
  const HeatColours colours(map.palette, Rgb{});
  const auto width = static_cast<int>(map.view.width());
  const auto height = static_cast<int>(map.view.height());
  Canvas canvas(width, height, Rgb{});
  Pixels(map).Paint(&canvas, {0, 0, width, height}, colours);
  return canvas;
}

Result<Canvas> DrawHeatMap(const HeatMap& map) {
  const Result<Font> font = Font::Open(kFontFile);
  if (!font) return tl::unexpected(font.error());
  const Result<Font> bold = Font::Open(kBoldFontFile);
  if (!bold) return tl::unexpected(bold.error());
  return Drawing(map, *font, *bold).Draw();
}

}  // namespace rblitz
