#include "cli/heat/marks.h"

#include <charconv>
#include <functional>
#include <string_view>

#include "cli/heat/lines.h"
#include "cli/heat/where.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"
#include "loaders/list_text.h"

namespace rblitz {

namespace {

constexpr unsigned kMostTransparent = 127;
constexpr unsigned kIp6Bits = 128;
constexpr uint32_t kMostColour = 0xffffff;

// Gives each line that is neither empty nor a comment to `take`.
Status ReadLines(const std::string& path, const std::function<Status(std::string_view)>& take) {
  return EachLine(path, [&](const PlacedLine& line) -> Status {
    const auto at = [&] { return InputName(path) + ":" + std::to_string(line.number) + ": "; };
    if (line.bad != nullptr) return Fail(at() + line.bad);
    if (TrimBlanks(line.text).empty() || TrimBlanks(line.text).starts_with('#')) return {};
    if (Status taken = take(line.text); !taken) return Fail(at() + taken.error().message);
    return {};
  });
}

// Takes what is before the next tab.
std::string_view TakeField(std::string_view& line) {
  const std::string_view field = line.substr(0, line.find('\t'));
  line.remove_prefix(std::min(line.size(), field.size() + 1));
  return TrimBlanks(field);
}

Result<Ip6Prefix> ParseIp6Network(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = ReadIp6Address(text.substr(0, slash));
  unsigned length = kIp6Bits;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || end != digits.data() + digits.size()) length = kIp6Bits + 1;
  }
  if (!address || length > kIp6Bits) return Fail("bad network " + Quoted(text));
  const auto prefix = MakeIp6Prefix(*address, length);
  if (!prefix) return Fail("bits after the prefix are set in " + Quoted(text));
  return *prefix;
}

std::optional<Rgb> ParseColour(std::string_view text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || value > kMostColour) return std::nullopt;
  return Rgb{static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

}  // namespace

Result<std::vector<OwnNetwork>> ReadOwnNetworks(const std::string& path) {
  std::vector<OwnNetwork> networks;
  Status read = ReadLines(path, [&](std::string_view line) -> Status {
    std::string_view rest = WithoutComment(line);
    if (rest.empty()) return {};
    OwnNetwork own = {.text = std::string(TakeListWord(rest)), .ip4 = {}, .ip6 = {}, .label = std::string(rest)};
    if (own.text.find(':') != std::string::npos) {
      const Result<Ip6Prefix> network = ParseIp6Network(own.text);
      if (!network) return tl::unexpected(network.error());
      own.ip6 = *network;
    } else {
      const Result<HeatNetwork> network = ParseNetwork(own.text);
      if (!network) return tl::unexpected(network.error());
      own.ip4 = *network;
      own.text = NetworkText(*network);
    }
    networks.push_back(std::move(own));
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  if (networks.empty()) return Fail(InputName(path) + ": there is no network in it");
  return networks;
}

Result<std::vector<HeatAnnotation>> ReadAnnotations(const std::string& path) {
  std::vector<HeatAnnotation> annotations;
  Status read = ReadLines(path, [&](std::string_view line) -> Status {
    const Result<HeatNetwork> network = ParseNetwork(TakeField(line));
    if (!network) return tl::unexpected(network.error());
    HeatAnnotation annotation = {
        .network = *network, .label = std::string(TakeField(line)), .below = std::string(TakeField(line))};
    if (annotation.label.empty()) return Fail("not 'network<TAB>label[<TAB>second line|prefix]'");
    if (annotation.below == "prefix") annotation.below = NetworkText(*network);
    annotations.push_back(std::move(annotation));
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return annotations;
}

Result<std::vector<HeatShade>> ReadShades(const std::string& path) {
  std::vector<HeatShade> shades;
  Status read = ReadLines(path, [&](std::string_view line) -> Status {
    const Result<HeatNetwork> network = ParseNetwork(TakeField(line));
    if (!network) return tl::unexpected(network.error());
    const std::optional<Rgb> colour = ParseColour(TakeField(line));
    const std::string_view digits = TakeField(line);
    unsigned transparency = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), transparency);
    const bool is_number = error == std::errc() && end == digits.data() + digits.size();
    if (!colour || !is_number || transparency > kMostTransparent) {
      return Fail("not 'network<TAB>0xRRGGBB<TAB>0 to 127'");
    }
    shades.push_back({.network = *network, .colour = *colour, .transparency = transparency});
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return shades;
}

}  // namespace rblitz
