// Heat maps as pictures: no bytes may crash, and what is read is a map. Palettes besides, which are read as text.
#include <string>

#include "loaders/heat_draft.h"
#include "loaders/heat_palette.h"
#include "loaders/heat_picture.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rblitz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto palette = ParsePalette(bytes, "palette");
  Require(palette.has_value() || palette.error().message.starts_with("palette:"));
  const HeatOptions options{
      .palette = size % 2 == 0 ? "grey" : "cymru", .mask_width = size % 3 == 0 ? 3u : 0u, .mask_height = 2};
  HeatDraft draft(options, HeatKind::kPicture, 0);
  LoadReport report;
  const Status read = ReadHeatPicture({.path = "map.png", .bytes = std::make_unique<MemorySource>(bytes), .size = size},
                                      options, {}, &draft, &report);
  Require(read.has_value() || !read.error().message.empty());
  if (!read) return 0;
  Require(report.lines >= 16 && report.lines <= 4096 && (report.lines & (report.lines - 1)) == 0);
  Require(draft.Finish().active() <= kHeatCells);
  return 0;
}
