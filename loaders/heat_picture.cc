#include "loaders/heat_picture.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "loaders/heat_palette.h"
#include "loaders/inflating_source.h"
#include "loaders/png_file.h"
#include "tables/hilbert.h"

namespace rblitz {

namespace {

constexpr unsigned kLeastOrder = 4;
constexpr uint32_t kSideOfSlashEight = 16;  // of a map, in /8s
constexpr size_t kPixelBytes = 4;

// What a pixel says: its place on a palette, or its lightness (ITU-R BT.709).
class Scale {
 public:
  Scale(const HeatPalette& palette, bool is_luma, uint32_t tolerance)
      : search_(palette), is_luma_(is_luma), farthest_(tolerance * tolerance) {}

  // False: it is none of them.
  bool Read(Rgb colour, uint8_t* score) noexcept {
    if (is_luma_) {
      *score = static_cast<uint8_t>(std::lround(0.2126 * colour.r + 0.7152 * colour.g + 0.0722 * colour.b));
      return true;
    }
    const PaletteSearch::Found found = search_.Nearest(colour);
    *score = found.score;
    return found.distance <= farthest_;
  }

 private:
  PaletteSearch search_;
  bool is_luma_;
  uint32_t farthest_;
};

class Map final : public PngRows {
 public:
  Map(const std::string& path, const FeedConfig& config, Scale scale, const LoadWatch& watch, HeatDraft* draft,
      LoadReport* report)
      : path_(path),
        options_(config.heat),
        guards_(config.guards),
        scale_(scale),
        watch_(watch),
        draft_(draft),
        report_(report) {}

  Status Start(uint32_t width, uint32_t height) override {
    order_ = static_cast<unsigned>(std::countr_zero(width));
    if (width != height || !std::has_single_bit(width) || order_ < kLeastOrder || order_ > kHeatOrder) {
      return Fail(path_ + ": " + std::to_string(width) + " x " + std::to_string(height) +
                  " pixels are no map: it is square, with 16 to 4096 a side, a power of two");
    }
    positions_.resize(width);
    return {};
  }

  Status StartTaking(uint64_t bytes) override {
    reader_bytes_ = bytes;
    return CheckRoom();
  }

  Status Row(uint32_t y, std::span<const uint8_t> rgba) override {
    if (watch_.stop.stop_requested()) return Fail("loading was stopped");
    PositionsOfRow(y, order_, positions_);
    for (uint32_t x = 0; x < positions_.size(); ++x) {
      const uint8_t* const pixel = &rgba[kPixelBytes * x];
      if (pixel[3] == 0) continue;
      const Rgb colour{pixel[0], pixel[1], pixel[2]};
      uint8_t score = 0;
      if (IsMasked(x, y)) {
        ++masked_;
      } else if (!scale_.Read(colour, &score)) {
        Reject(x, y, colour);
      } else {
        ++given_;
        if (score != 0) Set(positions_[x], score);
      }
    }
    ++report_->lines;
    if (watch_.lines_read != nullptr) watch_.lines_read->store(report_->lines, std::memory_order_relaxed);
    return CheckRoom();
  }

  void End() {
    draft_->Add(std::move(cells_), given_);
    if (masked_ > 0)
      draft_->Note(std::to_string(masked_) + " pixels are under the mask of labels: nothing is known there");
  }

 private:
  Status CheckRoom() {
    Status fits = CheckMemory(guards_, draft_->bytes() + cells_.bytes() + reader_bytes_);
    report_->refused = !fits;
    return fits;
  }

  [[nodiscard]] bool IsMasked(uint32_t x, uint32_t y) const noexcept {
    const auto side = static_cast<uint32_t>(positions_.size()) / kSideOfSlashEight;
    return x % side < options_.mask_width && y % side < options_.mask_height;
  }

  void Set(uint32_t position, uint8_t score) {
    const unsigned shift = 2 * (kHeatOrder - order_);
    uint32_t cell = position << shift;
    for (uint32_t left = 1u << shift; left > 0;) {
      HeatCells::Block& block = cells_.MutableBlock(cell / kCellsInBlock);
      const uint32_t count = std::min(left, kCellsInBlock);
      std::fill_n(block.begin() + cell % kCellsInBlock, count, score);
      cell += count;
      left -= count;
    }
  }

  void Reject(uint32_t x, uint32_t y, Rgb colour) {
    ++report_->rejected;
    if (report_->errors.size() == kKeptErrors) return;
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), ": pixel %u,%u: #%02x%02x%02x is far from all of the palette", x, y,
                  unsigned{colour.r}, unsigned{colour.g}, unsigned{colour.b});
    report_->errors.push_back(std::filesystem::path(path_).filename().string() + text.data());
  }

  const std::string& path_;
  const HeatOptions& options_;
  const FeedGuards& guards_;
  Scale scale_;
  const LoadWatch& watch_;
  HeatDraft* const draft_;
  LoadReport* const report_;
  uint64_t reader_bytes_ = 0;  // that libpng's rows take
  unsigned order_ = 0;
  std::vector<uint32_t> positions_;  // of a row
  HeatCells cells_;
  uint64_t given_ = 0;  // pixels that tell a score, or that nothing is known
  uint64_t masked_ = 0;
};

Result<HeatPalette> PaletteOf(const std::string& name) {
  if (const auto built_in = FindPalette(name)) return *built_in;
  if (name == "luma") return HeatPalette{};  // none is needed
  return ReadPalette(name);
}

}  // namespace

Status ReadHeatPicture(FeedSource source, const FeedConfig& config, const LoadWatch& watch, HeatDraft* draft,
                       LoadReport* report) {
  const HeatOptions& options = config.heat;
  const Result<HeatPalette> palette = PaletteOf(options.palette);
  if (!palette) return tl::unexpected(palette.error());
  Map map(source.path, config, Scale(*palette, options.palette == "luma", options.tolerance), watch, draft, report);
  InflatingSource bytes(source.path, std::move(source.bytes));
  if (Status read = ReadPng(source.path, &bytes, &map); !read) return read;
  map.End();
  return {};
}

}  // namespace rblitz
