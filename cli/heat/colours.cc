#include "cli/heat/colours.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <span>

namespace rblitz {

namespace {

constexpr int kMost = 255;
constexpr std::string_view kFromBlack[] = {"viridis", "magma", "inferno", "grey"};
constexpr unsigned kFirstOnDark = 72;
constexpr Rgb kSame = {0x6b, 0x6f, 0x78};
// From little to much. The first step is far from kSame, so that a small change is seen.
constexpr Rgb kHotter[] = {{0xa8, 0x5a, 0x4c}, {0xff, 0x4d, 0x2e}, {0xff, 0xe0, 0x8a}};
constexpr Rgb kCooler[] = {{0x4c, 0x70, 0xa8}, {0x2e, 0x8b, 0xff}, {0xb8, 0xf4, 0xff}};

uint8_t Mix(uint8_t a, uint8_t b, int share, int whole) {
  return static_cast<uint8_t>((a * (whole - share) + b * share + whole / 2) / whole);
}

}  // namespace

HeatColours::HeatColours(std::string_view palette, Rgb nothing) : scores_(*FindPalette(palette)) {
  scores_[0] = nothing;
}

HeatColours HeatColours::OnDark(std::string_view palette, Rgb nothing) {
  HeatColours colours(palette, nothing);
  if (std::ranges::find(kFromBlack, palette) == std::end(kFromBlack)) return colours;
  const HeatPalette ramp = *FindPalette(palette);
  for (unsigned score = 1; score <= kMost; ++score) {
    colours.scores_[score] = ramp[kFirstOnDark + score * (kMost - kFirstOnDark) / kMost];
  }
  return colours;
}

Rgb HeatColours::OfChange(int change) noexcept {
  if (change == 0) return kSame;
  const std::span<const Rgb> ramp = change > 0 ? kHotter : kCooler;
  const int amount = std::min(std::abs(change), kMost) * 2;
  const size_t step = amount > kMost ? 1 : 0;
  const int share = amount - static_cast<int>(step) * kMost;
  const Rgb& a = ramp[step];
  const Rgb& b = ramp[step + 1];
  return {Mix(a.r, b.r, share, kMost), Mix(a.g, b.g, share, kMost), Mix(a.b, b.b, share, kMost)};
}

}  // namespace rblitz
