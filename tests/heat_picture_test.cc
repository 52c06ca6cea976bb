// Heat maps as pictures: what they say, and what nobody should send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "loaders/heat_palette.h"
#include "loaders/png_file.h"
#include "tables/heat_table.h"
#include "tables/hilbert.h"
#include "tests/heat_feeds.h"
#include "tests/png_maker.h"

namespace rblitz {
namespace {

using test::Chunk;
using test::Deflated;
using test::Png;
using test::PngHead;
using test::PngPicture;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Every /8 a pixel.
int ScoreAt(const Loaded& loaded, uint32_t x, uint32_t y, unsigned order = 4) {
  if (loaded.feed == nullptr) return -1;
  const uint32_t first = PositionAt({x, y}, order) << (24 - 2 * order);
  const uint32_t last = first + (1u << (24 - 2 * order)) - 1;
  const int score = loaded.feed->heat->at(first);
  return loaded.feed->heat->at(last) == score ? score : -2;
}

std::string Byte(unsigned value) { return std::string(1, static_cast<char>(value)); }

// 16 x 16 pixels of grey, each its own score.
std::string GreyAt(uint32_t x, uint32_t y) { return Byte(16 * y + x); }

Loaded LoadPicture(const std::string& bytes, HeatOptions options = {}) {
  return LoadHeat("heat-png", bytes, std::move(options));
}

TEST(HeatPicture, TellsAScoreForEachPixel) {
  const Loaded loaded = LoadPicture(Png({.rows = test::PngRowsOf(16, 16, GreyAt)}));
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  for (uint32_t y = 0; y < 16; ++y) {
    for (uint32_t x = 0; x < 16; ++x) ASSERT_EQ(ScoreAt(loaded, x, y), static_cast<int>(16 * y + x));
  }
  EXPECT_EQ(loaded.report.lines, 16u);
  EXPECT_EQ(loaded.report.entries, uint64_t{255} << 16);
  EXPECT_EQ(loaded.report.added, loaded.report.entries);
  EXPECT_EQ(HeatOf(loaded, "10.1.2.3"), 16 * 3 + 3) << "10/8 stands at 3,3";
}

// The same picture in every coat.
TEST(HeatPicture, IsReadWhateverItsKindOfPng) {
  const std::string plain = test::PngRowsOf(16, 16, GreyAt);
  const auto rgb = [](uint32_t x, uint32_t y) { return GreyAt(x, y) + GreyAt(x, y) + GreyAt(x, y); };
  std::string palette;
  for (unsigned i = 0; i < 256; ++i) palette += Byte(i) + Byte(i) + Byte(i);
  const std::map<const char*, PngPicture> pictures = {
      {"interlaced", {.interlaced = true, .rows = test::InterlacedRowsOf(16, 16, GreyAt)}},
      {"16 bit",
       {.depth = 16, .rows = test::PngRowsOf(16, 16, [](auto x, auto y) { return GreyAt(x, y) + GreyAt(x, y); })}},
      {"rgb", {.type = test::kRgbPng, .rows = test::PngRowsOf(16, 16, rgb)}},
      {"rgb interlaced", {.type = test::kRgbPng, .interlaced = true, .rows = test::InterlacedRowsOf(16, 16, rgb)}},
      {"rgba",
       {.type = test::kRgbaPng,
        .rows = test::PngRowsOf(16, 16, [&](auto x, auto y) { return rgb(x, y) + Byte(255); })}},
      {"rgba 16 bit",
       {.depth = 16,
        .type = test::kRgbaPng,
        .rows = test::PngRowsOf(16, 16,
                                [](auto x, auto y) {
                                  std::string pixel;
                                  for (int i = 0; i < 6; ++i) pixel += GreyAt(x, y);
                                  return pixel + "\xff\xff";
                                })}},
      {"grey and alpha",
       {.type = test::kGreyAlphaPng,
        .rows = test::PngRowsOf(16, 16, [](auto x, auto y) { return GreyAt(x, y) + Byte(1); })}},
      {"palette", {.type = test::kPalettePng, .before_data = Chunk("PLTE", palette), .rows = plain}},
      {"with texts and a profile",
       {.before_data = Chunk("tEXt", std::string("a\0b", 3)) + Chunk("zTXt", std::string("a\0\0", 3) + Deflated("x")) +
                       Chunk("gAMA", std::string("\0\1\x86\xa0", 4)),
        .rows = plain}},
  };
  for (const auto& [name, picture] : pictures) {
    const Loaded loaded = LoadPicture(Png(picture));
    ASSERT_NE(loaded.feed, nullptr) << name << ": " << loaded.error;
    EXPECT_EQ(loaded.report.rejected, 0u) << name;
    for (uint32_t y = 0; y < 16; ++y) {
      for (uint32_t x = 0; x < 16; ++x) ASSERT_EQ(ScoreAt(loaded, x, y), static_cast<int>(16 * y + x)) << name;
    }
  }
  const Loaded gzipped = LoadPicture(Gzip(Png({.rows = plain})));
  EXPECT_EQ(ScoreAt(gzipped, 15, 15), 255) << gzipped.error;
  // Four pixels a byte: black, a third, two thirds, white.
  const Loaded two_bits =
      LoadPicture(Png({.depth = 2, .rows = test::PngRowsOf(4, 16, [](auto, auto) { return Byte(0x1b); })}));
  for (uint32_t x = 0; x < 16; ++x) EXPECT_EQ(ScoreAt(two_bits, x, 7), static_cast<int>(x % 4 * 85)) << two_bits.error;
}

TEST(HeatPicture, OfTransparentPixelsKnowsNothing) {
  const Loaded loaded = LoadPicture(Png({.type = test::kGreyAlphaPng, .rows = test::PngRowsOf(16, 16, [](auto x, auto) {
                                                                        return Byte(200) + Byte(x == 3 ? 0 : 255);
                                                                      })}));
  EXPECT_EQ(ScoreAt(loaded, 3, 5), 0);
  EXPECT_EQ(ScoreAt(loaded, 4, 5), 200);
  const Loaded by_key = LoadPicture(
      Png({.before_data = Chunk("tRNS", std::string("\0\x11", 2)), .rows = test::PngRowsOf(16, 16, GreyAt)}));
  EXPECT_EQ(ScoreAt(by_key, 1, 1), 0);
  EXPECT_EQ(ScoreAt(by_key, 2, 1), 18);
}

TEST(HeatPicture, RejectsColoursOfNoPlaceOnThePalette) {
  const Loaded loaded = LoadPicture(Png({.type = test::kRgbPng, .rows = test::PngRowsOf(16, 16, [](auto x, auto y) {
                                                                  if (x == 2 && y == 3)
                                                                    return std::string("\x00\xff\x00", 3);
                                                                  return std::string("\x64\x60\x66", 3);
                                                                })}));
  EXPECT_EQ(ScoreAt(loaded, 2, 3), 0);
  EXPECT_EQ(ScoreAt(loaded, 0, 0), 99);
  EXPECT_EQ(loaded.report.rejected, 1u);
  EXPECT_THAT(loaded.report.errors, ElementsAre("heat: pixel 2,3: #00ff00 is far from all of the palette"));
  EXPECT_EQ(loaded.report.given, 255u);
  EXPECT_EQ(loaded.report.duplicates, 0u);
  const Loaded strict = LoadPicture(
      Png({.type = test::kRgbPng, .rows = test::PngRowsOf(16, 16, [](auto, auto) { return "\x64\x60\x66"; })}),
      {.tolerance = 1});
  EXPECT_EQ(strict.report.rejected, 256u);
  EXPECT_EQ(strict.report.errors.size(), kKeptErrors);
}

// Pixels are counted, not what they cover.
TEST(HeatPicture, ObeysGuardsOfBadPixels) {
  const std::string rows = test::PngRowsOf(
      16, 16, [](auto x, auto) { return x < 4 ? std::string("\x00\xff\x00", 3) : std::string("\x64\x60\x66", 3); });
  const Loaded loaded = LoadPicture(Png({.type = test::kRgbPng, .rows = rows}));
  EXPECT_EQ(RefusalOf({.max_bad = 0.25}, loaded), "");
  EXPECT_THAT(RefusalOf({.max_bad = 0.24}, loaded), HasSubstr("refused: 64 of 256 entries are bad lines"));
}

TEST(HeatPicture, MasksLabels) {
  const std::string rows = test::PngRowsOf(64, 64, [](auto, auto) { return Byte(255); });
  const Loaded loaded =
      LoadPicture(Png({.width = 64, .height = 64, .rows = rows}), {.mask_width = 3, .mask_height = 1});
  for (const uint32_t corner : {0u, 4u, 60u}) {
    EXPECT_EQ(ScoreAt(loaded, corner, corner, 6), 0);
    EXPECT_EQ(ScoreAt(loaded, corner + 2, corner, 6), 0);
    EXPECT_EQ(ScoreAt(loaded, corner + 3, corner, 6), 255);
    EXPECT_EQ(ScoreAt(loaded, corner, corner + 1, 6), 255);
  }
  EXPECT_THAT(loaded.report.notes, ElementsAre("768 pixels are under the mask of labels: nothing is known there"));
}

TEST(HeatPicture, TakesTheLightnessOfColours) {
  const Loaded loaded = LoadPicture(
      Png({.type = test::kRgbPng,
           .rows = test::PngRowsOf(
               16, 16, [](auto x, auto) { return x == 0 ? std::string("\0\0\xff", 3) : std::string("\0\xff\0", 3); })}),
      {.palette = "luma"});
  EXPECT_EQ(ScoreAt(loaded, 0, 0), 18);
  EXPECT_EQ(ScoreAt(loaded, 1, 0), 182);
}

TEST(HeatPicture, JoinsSeveralByMaximum) {
  const TempFolder folder;
  const Loaded loaded =
      Load({.name = "test",
            .paths = {folder.Write("a", Png({.rows = test::PngRowsOf(16, 16, GreyAt)})),
                      folder.Write("b", Png({.rows = test::PngRowsOf(16, 16, [](auto, auto) { return Byte(100); })}))},
            .format = "heat-png"});
  EXPECT_EQ(ScoreAt(loaded, 0, 0), 100);
  EXPECT_EQ(ScoreAt(loaded, 15, 15), 255);
}

std::string Cut(std::string bytes, size_t less) {
  bytes.resize(bytes.size() - less);
  return bytes;
}

TEST(HeatPicture, ThatIsNoMapIsRefused) {
  const std::string rows = test::PngRowsOf(16, 16, GreyAt);
  const std::string good = Png({.rows = rows});
  std::string flipped = good;
  flipped[flipped.size() - 20] ^= 1;  // within IDAT
  std::string wrong_crc = good;
  wrong_crc[kMaxBatch] ^= 1;
  const auto sized = [](uint32_t width, uint32_t height) {
    return PngHead({.width = width, .height = height}) + Chunk("IDAT", Deflated("")) + Chunk("IEND", "");
  };
  const struct {
    const char* name;
    std::string bytes;
    const char* error;
  } cases[] = {
      {"empty", "", "truncated"},
      {"no PNG", "192.0.2.0/24 9\n", "not a whole PNG"},
      {"only a signature", std::string(test::kPngSignature), "truncated"},
      {"without IEND", Cut(good, 12), "truncated"},
      {"cut in IDAT", Cut(good, 40), "truncated"},
      {"damaged", flipped, "not a whole PNG"},
      {"with a wrong sum", wrong_crc, "not a whole PNG"},
      {"too few rows", Png({.rows = rows.substr(0, 17 * 15)}), "not a whole PNG"},
      {"no data", PngHead({}) + Chunk("IEND", ""), "not a whole PNG"},
      {"a rectangle", sized(16, 32), "16 x 32 pixels are no map"},
      {"no power of two", sized(48, 48), "48 x 48 pixels are no map"},
      {"too small", sized(8, 8), "8 x 8 pixels are no map"},
      {"too large", sized(8192, 8192), "8192 x 8192 pixels are no map"},
      {"a bomb by its size", sized(1 << 20, 1 << 20), "pixels are no map"},
      {"beyond all limits", sized(0x7fffffff, 0x7fffffff), "not a whole PNG"},
      {"of no size", sized(0, 0), "not a whole PNG"},
      {"bad filter", Png({.rows = "\x9" + rows.substr(1)}), "not a whole PNG"},
      {"palette without PLTE", Png({.type = test::kPalettePng, .rows = rows}), "not a whole PNG"},
      {"a colour type that is none", Png({.type = test::ColourType{5}, .rows = rows}), "not a whole PNG"},
      {"a depth that is none", Png({.depth = 3, .rows = rows}), "not a whole PNG"},
      {"an unknown critical chunk", PngHead({}) + Chunk("IDAZ", "x") + good.substr(33), "not a whole PNG"},
      {"two heads", PngHead({}) + PngHead({}).substr(8) + good.substr(33), "not a whole PNG"},
  };
  for (const auto& [name, bytes, error] : cases) {
    const Loaded loaded = LoadPicture(bytes);
    EXPECT_EQ(loaded.feed, nullptr) << name;
    EXPECT_THAT(loaded.error, HasSubstr(error)) << name;
    EXPECT_THAT(loaded.error, HasSubstr("/heat: ")) << name;
  }
}

// What is small on disk and large in memory: texts, profiles, and rows behind the last.
TEST(HeatPicture, BombsAreNotUnpacked) {
  const std::string zeros(size_t{16} << 20, '\0');
  const std::string packed = Deflated(zeros);
  const std::string rows = test::PngRowsOf(16, 16, GreyAt);
  const std::string profile = std::string("x\0\0", 3) + packed;
  const std::string text = std::string("x\0\0", 3) + packed;
  const Loaded loaded = LoadPicture(PngHead({}) + Chunk("iCCP", profile) + Chunk("zTXt", text) +
                                    Chunk("IDAT", Deflated(rows)) + Chunk("zTXt", text) + Chunk("IEND", ""));
  EXPECT_EQ(ScoreAt(loaded, 15, 15), 255) << loaded.error;
  const Loaded longer = LoadPicture(PngHead({}) + Chunk("IDAT", Deflated(rows + zeros)) + Chunk("IEND", ""));
  EXPECT_TRUE(longer.feed == nullptr || ScoreAt(longer, 15, 15) == 255) << "more rows than it has";
  // A gzip of a picture that never ends.
  const std::string member = Gzip(Chunk("abCd", zeros));
  std::string stream = Gzip(PngHead({}));
  for (int i = 0; i < 13; ++i) stream += member;
  EXPECT_THAT(LoadPicture(stream).error, HasSubstr("larger than any map"));
}

// Before it is read whole: 256 pixels are 16 million /24s, and what is interlaced is kept as a whole.
TEST(HeatPicture, KeepsToItsMemory) {
  const auto nothing = [](uint32_t, uint32_t) { return Byte(0); };
  const std::string small = Png({.rows = test::PngRowsOf(16, 16, GreyAt)});
  const std::string interlaced =
      Png({.width = 1024, .height = 1024, .interlaced = true, .rows = test::InterlacedRowsOf(1024, 1024, nothing)});
  const std::string plain = Png({.width = 1024, .height = 1024, .rows = test::PngRowsOf(1024, 1024, nothing)});
  const struct {
    const std::string& bytes;
    uint64_t max_memory;
    bool fits;
    uint64_t lines;
  } cases[] = {
      {small, 8'000'000, false, 7},        {small, 60'000'000, true, 16},  {interlaced, 4'000'000, false, 0},
      {interlaced, 8'000'000, true, 1024}, {plain, 4'000'000, true, 1024},
  };
  for (const auto& [bytes, max_memory, fits, lines] : cases) {
    const TempFolder folder;
    FeedConfig config{.name = "test", .paths = {folder.Write("x", bytes)}, .format = "heat-png"};
    config.guards.max_memory = max_memory;
    const Loaded loaded = Load(config);
    EXPECT_EQ(loaded.feed != nullptr, fits) << loaded.error;
    EXPECT_EQ(loaded.report.refused, !fits);
    EXPECT_LE(loaded.report.lines, lines);
    EXPECT_EQ(loaded.error.find("max_memory") != std::string::npos, !fits) << loaded.error;
  }
}

TEST(HeatPicture, StopsWhenNobodyWantsItAnyMore) {
  const TempFolder folder;
  std::stop_source stop;
  stop.request_stop();
  LoadReport report;
  const auto loaded = LoadFeed({.name = "test",
                                .paths = {folder.Write("x", Png({.rows = test::PngRowsOf(16, 16, GreyAt)}))},
                                .format = "heat-png"},
                               nullptr, &report, nullptr, {.stop = stop.get_token()});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message, "loading was stopped");
}

TEST(HeatPicture, SamplesSayWhatTheyShow) {
  const Loaded grey = LoadHeatSample("heat-hilbert-order8-gray.png", "heat-png");
  EXPECT_EQ(ScoreAt(grey, 192, 80, 8), 255);
  EXPECT_EQ(ScoreAt(grey, 193, 0, 8), 77);
  EXPECT_EQ(HeatOf(grey, "203.0.255.255"), 255);
  EXPECT_EQ(HeatOf(grey, "10.0.0.0"), 1);
  const Loaded cymru = LoadHeatSample("heat-hilbert-order10-cymrulike-rgb.png", "heat-png", {.palette = "cymru"});
  EXPECT_EQ(cymru.report.rejected, 0u);
  EXPECT_EQ(HeatOf(cymru, "203.0.113.9"), 255);
  EXPECT_NEAR(HeatOf(cymru, "198.51.100.7"), 180, 2);
  EXPECT_EQ(HeatOf(cymru, "10.200.0.0"), 1);
  EXPECT_EQ(HeatOf(cymru, "8.8.8.8"), 0);
}

// ipv4-heatmap's own pictures of values that are known: pixels, colours, and where they stand.
TEST(HeatPicture, GoldenPicturesSayWhatWasPainted) {
  std::map<uint32_t, int> values;
  std::ifstream in(HeatSample("heat-golden-values.txt"));
  for (std::string address, value; in >> address >> value;) values[HostOrder(address) >> 8] = std::stoi(value);
  ASSERT_GT(values.size(), 250u);
  const Loaded loaded =
      LoadHeatSample("heat-golden-values-ipv4-heatmap.png", "heat-png", {.palette = "bluered", .tolerance = 0});
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  for (const auto& [cell, value] : values) {
    EXPECT_TRUE(value == 0 || loaded.feed->heat->at(cell) == value) << Dotted(htonl(cell << 8));
  }
  // The program's name stands at the right edge.
  EXPECT_LT(loaded.report.rejected, 2000u);
  EXPECT_NEAR(static_cast<double>(loaded.report.entries), static_cast<double>(values.size()), 10);
}

TEST(HeatPicture, OfAPaletteThatCannotBeReadIsRefused) {
  EXPECT_THAT(LoadPicture(Png({.rows = test::PngRowsOf(16, 16, GreyAt)}), {.palette = "/nowhere"}).error,
              StartsWith("/nowhere: palette cannot be read"));
}

// What was drawn is what is read back.
TEST(HeatPicture, OfAnyPaletteIsReadAsItWasWritten) {
  for (const std::string_view name : PaletteNames()) {
    const HeatPalette palette = *FindPalette(name);
    std::vector<uint8_t> rgb;
    for (uint32_t y = 0; y < 16; ++y) {
      for (uint32_t x = 0; x < 16; ++x) {
        const Rgb colour = palette[16 * y + x];
        rgb.insert(rgb.end(), {colour.r, colour.g, colour.b});
      }
    }
    const Result<std::string> written = WritePng(16, 16, rgb);
    ASSERT_TRUE(written);
    EXPECT_EQ(*WritePng(16, 16, rgb), *written);
    const Loaded loaded = LoadPicture(*written, {.palette = std::string(name), .tolerance = 0});
    EXPECT_EQ(loaded.report.rejected, 0u) << name;
    for (uint32_t y = 0; y < 16; ++y) {
      for (uint32_t x = 0; x < 16; ++x) ASSERT_EQ(ScoreAt(loaded, x, y), static_cast<int>(16 * y + x)) << name;
    }
  }
}

}  // namespace
}  // namespace rblitz
