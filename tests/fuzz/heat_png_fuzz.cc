// Heat maps as pictures: no bytes may crash, and what is read is a map. Palettes besides, which are read as text.
#include <string>

#include "loaders/heat_draft.h"
#include "loaders/heat_palette.h"
#include "loaders/heat_picture.h"
#include "loaders/inflating_source.h"
#include "tests/fuzz/require.h"

namespace {

// A few bytes can be a picture of 16 million pixels: larger ones than this say nothing new, and would take a second
// each.
constexpr uint32_t kMostSide = 256;

// Whether a picture, packed or not, says first that it is larger.
bool IsLarge(std::string_view bytes) {
  using namespace rblitz;
  constexpr size_t kWidthAt = 16;  // behind the signature, IHDR's size and name
  uint8_t head[kWidthAt + 8];
  InflatingSource source("", std::make_unique<MemorySource>(bytes));
  size_t size = 0;
  while (size < sizeof head) {
    const Result<size_t> read = source.Read(reinterpret_cast<char*>(head) + size, sizeof head - size);
    if (!read || *read == 0) return false;
    size += *read;
  }
  const auto number = [&](size_t at) {
    return uint32_t{head[at]} << 24 | uint32_t{head[at + 1]} << 16 | uint32_t{head[at + 2]} << 8 | head[at + 3];
  };
  return number(kWidthAt) > kMostSide && number(kWidthAt + 4) > kMostSide;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rblitz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto palette = ParsePalette(bytes, "palette");
  Require(palette.has_value() || palette.error().message.starts_with("palette:"));
  if (IsLarge(bytes)) return 0;
  FeedConfig config;
  config.heat = {.palette = size % 2 == 0 ? "grey" : "cymru", .mask_width = size % 3 == 0 ? 3u : 0u, .mask_height = 2};
  HeatDraft draft(config.heat, HeatKind::kPicture, 0);
  LoadReport report;
  const Status read = ReadHeatPicture({.path = "map.png", .bytes = std::make_unique<MemorySource>(bytes), .size = size},
                                      config, {}, &draft, &report);
  Require(read.has_value() || !read.error().message.empty());
  if (!read) return 0;
  Require(report.lines >= 16 && report.lines <= kMostSide && (report.lines & (report.lines - 1)) == 0);
  Require(draft.Finish().active() <= kHeatCells);
  return 0;
}
