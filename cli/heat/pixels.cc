#include "cli/heat/pixels.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rblitz {

namespace {

constexpr double kMostScore = 255;

std::vector<double> ValuesOf(const HeatView& view, const HeatSource& source) {
  std::array<double, 256> value_of{};
  for (unsigned score = 1; score < value_of.size(); ++score) {
    value_of[score] = source.counts ? ValueOf(source.scale(), score) : score;
  }
  return view.Pixels(*source.cells, value_of, source.counts);
}

uint8_t ScoreOf(const HeatScaleOf& scale, double value) {
  if (value <= 0) return 0;
  const double share = scale.log ? std::log1p(value) / std::log1p(scale.top) : value / scale.top;
  return static_cast<uint8_t>(std::lround(std::clamp(kMostScore * share, 1.0, kMostScore)));
}

std::vector<uint8_t> ScoresOf(const HeatScaleOf& scale, const std::vector<double>& values) {
  std::vector<uint8_t> scores(values.size());
  std::ranges::transform(values, scores.begin(), [&](double value) { return ScoreOf(scale, value); });
  return scores;
}

}  // namespace

HeatPixels MakePixels(const HeatView& view, const HeatSource& source, const std::optional<HeatSource>& before) {
  const std::vector<double> now = ValuesOf(view, source);
  const std::vector<double> then = before ? ValuesOf(view, *before) : std::vector<double>();
  HeatPixels pixels = {.now = {}, .before = {}, .scale = source.scale()};
  if (source.counts && source.log) {
    if (before) pixels.scale.top = std::max(pixels.scale.top, before->top);
    for (const std::vector<double>* const values : {&now, &then}) {
      for (const double value : *values) pixels.scale.top = std::max(pixels.scale.top, value);
    }
  }
  pixels.now = ScoresOf(pixels.scale, now);
  pixels.before = ScoresOf(pixels.scale, then);
  return pixels;
}

}  // namespace rblitz
