#include "loaders/heat_palette.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <vector>

#include "loaders/ip4_text.h"

namespace rblitz {

namespace {

constexpr std::string_view kNames[] = {"bluered", "cymru", "grey", "inferno", "magma", "viridis"};
constexpr uint32_t kLastScore = 255;
constexpr size_t kMostColours = 1024;
constexpr size_t kMostFileBytes = size_t{1} << 20;

constexpr Rgb Colour(uint32_t rgb) {
  return {static_cast<uint8_t>(rgb >> 16), static_cast<uint8_t>(rgb >> 8), static_cast<uint8_t>(rgb)};
}

// A colour at a score.
struct Anchor {
  double score;
  Rgb colour;
};

Rgb Between(const Anchor& a, const Anchor& b, double score) {
  const double share = b.score > a.score ? (score - a.score) / (b.score - a.score) : 0;
  const auto channel = [share](uint8_t from, uint8_t to) {
    return static_cast<uint8_t>(std::lround(from + (double{static_cast<double>(to)} - from) * share));
  };
  return {channel(a.colour.r, b.colour.r), channel(a.colour.g, b.colour.g), channel(a.colour.b, b.colour.b)};
}

// Straight lines between anchors in order of score; 0 stays black.
HeatPalette Ramp(std::span<const Anchor> anchors) {
  HeatPalette palette{};
  size_t next = 1;
  for (uint32_t score = 1; score <= kLastScore; ++score) {
    while (next + 1 < anchors.size() && score > anchors[next].score) ++next;
    palette[score] = Between(anchors[next - 1], anchors[next],
                             std::clamp<double>(score, anchors[next - 1].score, anchors[next].score));
  }
  return palette;
}

HeatPalette EvenRamp(std::initializer_list<uint32_t> colours) {
  std::vector<Anchor> anchors;
  for (const uint32_t colour : colours) {
    const double share = static_cast<double>(anchors.size()) / static_cast<double>(colours.size() - 1);
    anchors.push_back({.score = 1 + share * (kLastScore - 1), .colour = Colour(colour)});
  }
  HeatPalette palette = Ramp(anchors);
  // Each score a colour of its own: what is drawn can be read back.
  for (uint32_t score = 1; score <= kLastScore; ++score) {
    while (std::find(palette.begin(), palette.begin() + score, palette[score]) != palette.begin() + score) {
      ++palette[score].b;
    }
  }
  return palette;
}

HeatPalette Grey() {
  HeatPalette palette;
  for (uint32_t score = 0; score <= kLastScore; ++score) palette[score] = Colour(score * 0x10101);
  return palette;
}

// Hues from 240 to 0 degrees; channels are cut off, not rounded.
HeatPalette BlueRed() {
  HeatPalette palette{};
  for (uint32_t score = 1; score <= kLastScore; ++score) {
    const double hue = 240.0 * (kLastScore - score) / kLastScore / 60;
    const double rise = hue - std::floor(hue);
    const auto up = static_cast<uint8_t>(kLastScore * (1 - (1 - rise)));  // as it rounds there
    const auto down = static_cast<uint8_t>(kLastScore * (1 - rise));
    const Rgb sectors[] = {{255, up, 0}, {down, 255, 0}, {0, 255, up}, {0, down, 255}};
    palette[score] = sectors[static_cast<size_t>(hue)];
  }
  return palette;
}

std::optional<uint32_t> ReadHex(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 6 || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What is there to be read as a score, and not as a label: "255", "-1", "12.5".
bool LooksLikeNumber(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// A line of a palette; without a score, -1.
std::optional<Anchor> ReadAnchor(std::string_view line) {
  if (!line.starts_with("0x") && !line.starts_with("0X")) return std::nullopt;
  const std::optional<uint32_t> colour = ReadHex(line.substr(2, 6));
  if (!colour) return std::nullopt;
  std::string_view rest = line.substr(8);
  if (!rest.empty() && !IsBlank(rest.front())) return std::nullopt;
  rest = TrimBlanks(rest);
  const bool is_number = LooksLikeNumber(rest);
  const std::optional<uint32_t> score = TakeNumber(rest, kLastScore);
  const bool is_score = score && rest.empty();
  if (is_number && !is_score) return std::nullopt;
  return Anchor{.score = is_score ? *score : -1.0, .colour = Colour(*colour)};
}

// Gives scores to those that have none: the ends 1 and 255, the others by their place between two that have one.
void Spread(std::vector<Anchor>* anchors) {
  if (anchors->front().score < 0) anchors->front().score = 1;
  if (anchors->back().score < 0) anchors->back().score = kLastScore;
  size_t known = 0;
  for (size_t i = 1; i < anchors->size(); ++i) {
    const double end = (*anchors)[i].score;
    if (end < 0) continue;
    const double begin = (*anchors)[known].score;
    for (size_t between = known + 1; between < i; ++between) {
      const double share = static_cast<double>(between - known) / static_cast<double>(i - known);
      (*anchors)[between].score = begin + share * (end - begin);
    }
    known = i;
  }
}

}  // namespace

std::span<const std::string_view> PaletteNames() { return kNames; }

std::optional<HeatPalette> FindPalette(std::string_view name) {
  if (name == "grey") return Grey();
  if (name == "bluered") return BlueRed();
  if (name == "cymru") return EvenRamp({0x0000ff, 0x800080, 0x00ff00, 0xffff00, 0xffa500, 0xff0000, 0xffffff});
  if (name == "viridis") {
    return EvenRamp(
        {0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725});
  }
  if (name == "magma") {
    return EvenRamp(
        {0x000004, 0x180f3d, 0x440f76, 0x721f81, 0x9e2f7f, 0xcd4071, 0xf1605d, 0xfd9668, 0xfeca8d, 0xfcfdbf});
  }
  if (name == "inferno") {
    return EvenRamp(
        {0x000004, 0x1b0c41, 0x4a0c6b, 0x781c6d, 0xa52c60, 0xcf4446, 0xed6925, 0xfb9b06, 0xf7d13d, 0xfcffa4});
  }
  return std::nullopt;
}

Result<HeatPalette> ReadPalette(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(path + ": palette cannot be read");
  std::string text(kMostFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Fail(path + ": palette cannot be read");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMostFileBytes) return Fail(path + ": a palette of more than 1 MiB");
  return ParsePalette(text, path);
}

Result<HeatPalette> ParsePalette(std::string_view text, const std::string& name) {
  std::vector<Anchor> anchors;
  for (uint64_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = TrimBlanks(line);
    const auto fail = [&](const std::string& what) {
      return Fail(name + ":" + std::to_string(number) + ": " + what + " in a palette");
    };
    if (line.empty() || line.starts_with('#')) continue;
    const std::optional<Anchor> anchor = ReadAnchor(line);
    if (!anchor && number == 1 && !line.starts_with("0x") && !line.starts_with("0X")) continue;  // a title
    if (!anchor) return fail("not '0xRRGGBB [score, 0 to 255]'");
    const bool falls = std::ranges::any_of(
        anchors, [&](const Anchor& before) { return anchor->score >= 0 && before.score >= anchor->score; });
    if (falls) return fail("scores that do not rise");
    anchors.push_back(*anchor);
    if (anchors.size() > kMostColours) return fail("more than " + std::to_string(kMostColours) + " colours");
  }
  if (anchors.size() < 2) return Fail(name + ": a palette needs at least two colours");
  Spread(&anchors);
  if (!std::ranges::is_sorted(anchors, {}, &Anchor::score))
    return Fail(name + ": scores of a palette that do not rise");
  return Ramp(anchors);
}

PaletteSearch::PaletteSearch(const HeatPalette& palette) {
  for (size_t i = 0; i < palette.size(); ++i) {
    channels_[0][i] = palette[i].r;
    channels_[1][i] = palette[i].g;
    channels_[2][i] = palette[i].b;
  }
}

PaletteSearch::Found PaletteSearch::Nearest(Rgb colour) noexcept {
  constexpr uint32_t kMix = 0x9e3779b1;
  const uint32_t packed = uint32_t{colour.r} << 16 | uint32_t{colour.g} << 8 | colour.b;
  Known& known = known_[packed * kMix >> 20];
  if (known.colour != packed) known = {.colour = packed, .found = Search(colour)};
  return known.found;
}

// Of equal distances the lower score.
PaletteSearch::Found PaletteSearch::Search(Rgb colour) const noexcept {
  std::array<int32_t, 256> distances;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled at once
  for (size_t i = 0; i < distances.size(); ++i) {
    const int32_t r = channels_[0][i] - colour.r;
    const int32_t g = channels_[1][i] - colour.g;
    const int32_t b = channels_[2][i] - colour.b;
    distances[i] = r * r + g * g + b * b;
  }
  const auto* const least = std::ranges::min_element(distances);
  return {.score = static_cast<uint8_t>(least - distances.begin()), .distance = static_cast<uint32_t>(*least)};
}

}  // namespace rblitz
