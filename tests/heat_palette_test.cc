// Palettes of heat maps: built in, and from files.
#include "loaders/heat_palette.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/heat_feeds.h"

namespace rblitz {
namespace {

TEST(HeatPalette, GivesEachScoreAColourOfItsOwn) {
  for (const std::string_view name : PaletteNames()) {
    const HeatPalette palette = *FindPalette(name);
    EXPECT_EQ(palette[0], Rgb{}) << name;
    PaletteSearch search(palette);
    for (int score = 0; score < 256; ++score) {
      const Rgb colour = palette[static_cast<size_t>(score)];
      EXPECT_EQ(search.Nearest(colour).score, score) << name;
      EXPECT_EQ(search.Nearest(colour).distance, 0u) << name;
    }
  }
  EXPECT_FALSE(FindPalette("Grey"));
  EXPECT_EQ((*FindPalette("bluered"))[1], (Rgb{0, 3, 255}));
  EXPECT_EQ((*FindPalette("bluered"))[255], (Rgb{255, 0, 0}));
  EXPECT_EQ((*FindPalette("cymru"))[255], (Rgb{255, 255, 255}));
}

TEST(HeatPalette, IsReadFromLegendKeys) {
  const Result<HeatPalette> key = ReadPalette(HeatSample("heatmap-legend-key.txt"));
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ((*key)[0], Rgb{});
  EXPECT_EQ((*key)[1], (Rgb{0, 0, 255}));
  EXPECT_EQ((*key)[16], (Rgb{0, 0xaa, 255}));
  EXPECT_EQ((*key)[64], (Rgb{0, 255, 0x55}));
  EXPECT_EQ((*key)[255], (Rgb{255, 0, 0}));
  const Result<HeatPalette> plain = ParsePalette("0x000001\n0x0000FFx\n", "p");
  EXPECT_EQ(plain ? "" : plain.error().message, "p:2: not '0xRRGGBB [score, 0 to 255]' in a palette");
  const Result<HeatPalette> two = ParsePalette("# x\r\n0x000000\r\n\r\n0x0000FE\r\n", "p");
  ASSERT_TRUE(two) << two.error().message;
  EXPECT_EQ((*two)[128], (Rgb{0, 0, 127}));
  EXPECT_EQ((*two)[255], (Rgb{0, 0, 254}));
}

TEST(HeatPalette, SaysWhatIsWrong) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {{"", "p: a palette needs at least two colours"},
               {"title\n0x000000\n", "p: a palette needs at least two colours"},
               {"t\nnothing\n", "p:2: not '0xRRGGBB [score, 0 to 255]' in a palette"},
               {"0x000000 5\n0x0000ff 5\n", "p:2: scores that do not rise in a palette"},
               {"0x000000 5\n0x0000ff\n0xff0000 4\n", "p:3: scores that do not rise in a palette"},
               {"0x000000 -1\n0x0000ff\n", "p:1: not '0xRRGGBB [score, 0 to 255]' in a palette"},
               {"0x000000\n0x0000ff 256\n", "p:2: not '0xRRGGBB [score, 0 to 255]' in a palette"},
               {"0x000000\n0x0000ff 12.5\n", "p:2: not '0xRRGGBB [score, 0 to 255]' in a palette"},
               {"0x000000\n0x0000ff 99999999999999999999\n", "p:2: not '0xRRGGBB [score, 0 to 255]' in a palette"},
               {"0xgg0000\n0x0000ff\n0x0000fe\n", "p:1: not '0xRRGGBB [score, 0 to 255]' in a palette"},
               {"0x000000 1-5\n0x0000ff 6-15 hosts\n", ""},
               {"0x000000\n0xgg0000\n", "p:2: not '0xRRGGBB [score, 0 to 255]' in a palette"}};
  for (const auto& [text, error] : cases) {
    const Result<HeatPalette> palette = ParsePalette(text, "p");
    EXPECT_EQ(palette ? "" : palette.error().message, error) << text;
  }
  const TempFolder folder;
  const std::string colours = "0x000000\n0x0000ff\n";
  const size_t most = size_t{1} << 20;
  const auto full = ReadPalette(folder.Write("full", colours + std::string(most - colours.size(), '\n')));
  EXPECT_TRUE(full) << full.error().message;
  const auto over = ReadPalette(folder.Write("over", colours + std::string(most - colours.size() + 1, '\n')));
  ASSERT_FALSE(over);
  EXPECT_THAT(over.error().message, testing::EndsWith("over: a palette of more than 1 MiB"));
  const auto nowhere = ReadPalette("/nowhere");
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, testing::StartsWith("/nowhere: palette cannot be read"));
}

}  // namespace
}  // namespace rblitz
