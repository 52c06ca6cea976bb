#include "cli/heat/legend.h"

#include <cmath>
#include <string>

#include "cli/heat/inks.h"

namespace rblitz {

namespace {

constexpr int kMost = 255;

class Legend {
 public:
  Legend(const HeatLegend& legend, const Font& font, const Font& bold, Canvas* canvas)
      : legend_(legend), font_(font), bold_(bold), canvas_(canvas) {}

  void Draw() {
    const int size = Units(14);
    bold_.Draw(canvas_, legend_.x, legend_.y + Units(12), legend_.changes ? "Change" : What(), size, kInk);
    Note(32, legend_.changes ? "of the score" : legend_.counts ? "in a pixel" : "0 to 255");
    if (legend_.changes) {
      Bar(kMost, -kMost);
      for (const int change : {255, 128, -128, -255}) Tick((kMost - change) / (2.0 * kMost), ChangeText(change));
    } else {
      Bar(kMost, 1);
      for (const int score : {255, 192, 128, 64, 1}) Tick((kMost - score) / 254.0, ScoreText(score));
    }
    int y = kBarTop + kBarHeight;
    // Far more than the one line in the middle of the bar that has this colour.
    if (legend_.changes) Swatch(y += kSwatchStep, HeatColours::OfChange(0), "as before");
    Swatch(y += kSwatchStep, legend_.colours.nothing(), "no data");
    if (!legend_.has_own) return;
    const Box box = SwatchBox(y + kSwatchStep);
    canvas_->Frame(box, Units(2), {0xff, 0xff, 0xff});
    Text(box, "own network");
  }

 private:
  static constexpr int kBarTop = 48;
  static constexpr int kBarHeight = 320;
  static constexpr int kBarWidth = 24;
  static constexpr int kSwatchStep = 30;

  [[nodiscard]] int Units(double pixels) const noexcept { return static_cast<int>(std::lround(pixels * legend_.unit)); }
  [[nodiscard]] std::string What() const { return legend_.counts ? "Sightings" : "Score"; }

  void Note(int y, const std::string& text) {
    font_.Draw(canvas_, legend_.x, legend_.y + Units(y), text, Units(12), kFaint);
  }

  void Bar(int first, int last) {
    const int height = Units(kBarHeight);
    const Box bar = {legend_.x, legend_.y + Units(kBarTop), Units(kBarWidth), height};
    for (int y = 0; y < height; ++y) {
      const int value = static_cast<int>(std::lround(first + (last - first) * (y / (height - 1.0))));
      const Rgb colour =
          legend_.changes ? HeatColours::OfChange(value) : legend_.colours.OfScore(static_cast<unsigned>(value));
      canvas_->Fill({bar.x, bar.y + y, bar.width, 1}, colour);
    }
    canvas_->Frame(bar.Grown(1), 1, kFaint);
  }

  void Tick(double share, const std::string& text) {
    const int y = legend_.y + Units(kBarTop) + static_cast<int>(std::lround(share * (Units(kBarHeight) - 1)));
    const int x = legend_.x + Units(kBarWidth);
    canvas_->Fill({x + 1, y, Units(6), std::max(1, Units(1))}, kInk);
    font_.Draw(canvas_, x + Units(11), y + Font::CapHeight(Units(13)) / 2, text, Units(13), kInk);
  }

  [[nodiscard]] std::string ScoreText(int score) const {
    const auto value = std::lround(ValueOf(legend_.scale, static_cast<unsigned>(score)));
    return std::to_string(std::max(value, 1L)) + (score == kMost && legend_.counts ? " or more" : "");
  }
  [[nodiscard]] static std::string ChangeText(int change) {
    return (change > 0 ? "+" : "\xe2\x88\x92") + std::to_string(std::abs(change)) +
           (change == kMost    ? " hotter"
            : change == -kMost ? " cooler"
                               : "");
  }

  [[nodiscard]] Box SwatchBox(int y) const { return {legend_.x, legend_.y + Units(y), Units(kBarWidth), Units(18)}; }
  void Text(const Box& box, const std::string& text) {
    font_.Draw(canvas_, box.right() + Units(11), box.y + (box.height + Font::CapHeight(Units(13))) / 2, text, Units(13),
               kInk);
  }
  void Swatch(int y, Rgb colour, const std::string& text) {
    const Box box = SwatchBox(y);
    canvas_->Fill(box, colour);
    canvas_->Frame(box.Grown(1), 1, kFaint);
    Text(box, text);
  }

  const HeatLegend& legend_;
  const Font& font_;
  const Font& bold_;
  Canvas* canvas_;
};

}  // namespace

void DrawLegend(const HeatLegend& legend, const Font& font, const Font& bold, Canvas* canvas) {
  Legend(legend, font, bold, canvas).Draw();
}

}  // namespace rblitz
