// Maps of heat with all that is drawn on them, and what becomes of their scores.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <span>

#include "cli/heat/colours.h"
#include "cli/heat/pixels.h"
#include "cli/heat/source.h"
#include "cli/heat/where.h"
#include "loaders/ip4_text.h"
#include "tables/heat_table.h"
#include "tests/feed_fixture.h"
#include "tests/heat_line.h"
#include "tests/picture.h"
#include "tests/sanitizers.h"

namespace rblitz {
namespace {

constexpr const char* kHeat = "10.0.0.0/9 100\n198.51.100.0/24 180\n203.0.113.0/24 255\n198.18.0.0/15 40\n";
// Of a decorated map at order 10: where the curve's pixels begin.
constexpr size_t kLeft = 24;
constexpr size_t kTop = 84;

class HeatDrawing : public testing::Test {
 protected:
  Outcome Draw(std::vector<std::string> words, const std::string& name = "map.png") {
    words.insert(words.begin(), {"map", "--file", heat_, "-o", folder_.Path(name)});
    return RunHeatLine(words);
  }
  [[nodiscard]] std::string Bytes(const std::string& name) const {
    std::ifstream file(folder_.Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] Picture Read(const std::string& name = "map.png") const { return ReadPicture(folder_.Path(name)); }
  Picture Drawn(const std::vector<std::string>& words) {
    const Outcome outcome = Draw(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Read();
  }

  const TempFolder folder_;
  std::string heat_ = folder_.Write("heat.txt", kHeat);
};

// The middle of 10.128.0.0/9, of which nothing is known, and of 10.0.0.0/9, at order 10.
std::pair<size_t, size_t> MiddleOf(const char* address) {
  const auto place = PlaceOfAddress(address, 10);
  EXPECT_TRUE(place) << address;
  return {kLeft + place->point.x, kTop + place->point.y};
}

TEST_F(HeatDrawing, ShowsShadesLabelsAndOwnNetworks) {
  const Picture plain = Drawn({"--order", "10"});
  const std::pair<size_t, size_t> middle = MiddleOf("11.77.99.1");
  const auto at_middle = [&](const Picture& picture) { return picture.At(middle.first, middle.second); };
  const auto shade = [&](const char* text) {
    return at_middle(Drawn({"--order", "10", "--shade", folder_.Write("shade.tsv", text)}));
  };
  EXPECT_EQ(shade("11.0.0.0/8\t0xff8000\t0\n"), (Rgb{0xff, 0x80, 0}));
  EXPECT_EQ(shade("11.0.0.0/8\t0xff8000\t127\n"), at_middle(plain)) << "127 is nothing";
  const Rgb half = shade("11.0.0.0/8\t0xff8000\t64\n");
  EXPECT_NEAR(half.r, (0xff + at_middle(plain).r) / 2, 2);

  const auto differing = [&](const Picture& picture) {
    size_t count = 0;
    for (size_t row = 0; row < plain.rows.size(); ++row) count += picture.rows[row] != plain.rows[row];
    return count;
  };
  EXPECT_GT(differing(Drawn({"--order", "10", "--labels", "/16"})), 0u);
  EXPECT_GT(differing(Drawn({"--order", "10", "--labels",
                             folder_.Write("notes.tsv", "11.0.0.0/8\tA note\tprefix\n198.51.100.0/24\tSmall\n")})),
            0u);
  const Picture own = Drawn({"--order", "10", "--own", folder_.Write("own.txt", "11.0.0.0/8 ours\n2001:db8::/32\n")});
  const auto corner = PlaceOfAddress("11.0.0.0", 4);
  ASSERT_TRUE(corner);
  const Rgb white = {0xff, 0xff, 0xff};
  for (const size_t along : {5u, 30u, 50u}) {
    EXPECT_EQ(own.At(kLeft + corner->point.x * 64 + along, kTop + corner->point.y * 64), white) << along;
    EXPECT_EQ(own.At(kLeft + corner->point.x * 64, kTop + corner->point.y * 64 + along), white) << along;
  }
  EXPECT_NE(plain.At(kLeft + corner->point.x * 64 + 30, kTop + corner->point.y * 64), white);
}

TEST_F(HeatDrawing, HasColoursForWhatIsHotterAndCooler) {
  const std::string old = folder_.Write("old.txt", "10.0.0.0/10 20\n10.64.0.0/10 200\n12.0.0.0/8 9\n13.0.0.0/8 50\n");
  folder_.Write("heat.txt", "10.0.0.0/9 100\n13.0.0.0/8 50\n14.0.0.0/8 1\n");
  const Picture picture = Drawn({"--order", "10", "--diff", old, "--legend"});
  const auto at = [&](const char* address) {
    const auto [x, y] = MiddleOf(address);
    return picture.At(x, y);
  };
  EXPECT_EQ(at("10.32.77.1"), HeatColours::OfChange(80));
  EXPECT_EQ(at("10.96.77.1"), HeatColours::OfChange(-100));
  EXPECT_EQ(at("12.96.77.1"), HeatColours::OfChange(-9));
  EXPECT_EQ(at("13.96.77.1"), HeatColours::OfChange(0));
  EXPECT_EQ(at("14.96.77.1"), HeatColours::OfChange(1));
  EXPECT_NE(at("15.96.77.1"), HeatColours::OfChange(0)) << "nothing is known before and after";
  // The legend has a place of its own for what is as before.
  constexpr uint32_t kSwatchX = kLeft + 1024 + 28 + 12;
  constexpr uint32_t kSwatchY = kTop + 48 + 320 + 30 + 9;
  EXPECT_EQ(picture.At(kSwatchX, kSwatchY), HeatColours::OfChange(0));
  EXPECT_NE(Drawn({"--order", "10", "--legend"}).At(kSwatchX, kSwatchY), HeatColours::OfChange(0));
}

TEST_F(HeatDrawing, ComparesOnOneScaleOrNotAtAll) {
  folder_.Write("heat.txt", "10.0.0.0/24 1000\n11.0.0.0/24 10\n");
  const std::string old = folder_.Write("old.txt", "10.0.0.0/24 500\n11.0.0.0/24 10\n");
  const auto load = [](const std::string& path) {
    auto source = LoadHeatSource({.file = path, .format = "heat-counts", .log = true});
    EXPECT_TRUE(source);
    return *source;
  };
  const auto view = HeatView::Make({}, 12, false);
  ASSERT_TRUE(view);
  const HeatPixels pixels = MakePixels(*view, load(heat_), load(old));
  EXPECT_NEAR(pixels.scale.top, 1000, 0.01);
  const auto score = [&](const std::vector<uint8_t>& scores, const char* address) {
    const auto place = PlaceOfAddress(address, 12);
    return scores[place->point.y * 4096 + place->point.x];
  };
  EXPECT_EQ(score(pixels.now, "10.0.0.1"), 255);
  EXPECT_EQ(score(pixels.before, "10.0.0.1"), std::lround(255 * std::log1p(500) / std::log1p(1000)));
  // Rounded once as it is read.
  EXPECT_NEAR(score(pixels.now, "11.0.0.1"), score(pixels.before, "11.0.0.1"), 1);

  const Outcome unlike = Draw({"--diff", folder_.Write("scores.txt", "10.0.0.0/24 200\n")});
  EXPECT_EQ(unlike.code, 1);
  EXPECT_NE(unlike.err.find("heat.txt has counts and scores.txt scores: they cannot be compared"), std::string::npos)
      << unlike.err;
  EXPECT_EQ(Draw({"--diff", folder_.Path("scores.txt"), "--format", "heat-counts"}).code, 0);
}

TEST_F(HeatDrawing, AddsUpCountsAndNotTheirLogarithms) {
  std::mt19937 random(9);
  CellBlocks<uint8_t> cells;
  std::vector<std::pair<uint32_t, unsigned>> given;
  for (int i = 0; i < 4000; ++i) {
    const auto cell = static_cast<uint32_t>(random() % kHeatCells);
    const auto score = static_cast<uint8_t>(1 + random() % 255);
    cells[cell] = score;
  }
  for (uint32_t cell = 0; cell < kHeatCells; ++cell) {
    if (cells.at(cell) != 0) given.emplace_back(cell, cells.at(cell));
  }
  for (const bool log : {false, true}) {
    const HeatSource source = {
        .cells = std::make_shared<const HeatCells>(cells), .counts = true, .log = log, .top = log ? 999.0 : 255.0};
    for (const unsigned order : {8u, 10u, 12u}) {
      const auto view = HeatView::Make({}, order, false);
      ASSERT_TRUE(view);
      const HeatPixels pixels = MakePixels(*view, source, std::nullopt);
      std::map<uint32_t, double> sums;  // by position
      for (const auto& [cell, score] : given) {
        sums[cell >> (24 - 2 * order)] += log ? std::expm1(score / 255.0 * std::log1p(999.0)) : score;
      }
      double top = source.top;
      for (const auto& [at, sum] : sums) top = log ? std::max(top, sum) : top;
      EXPECT_NEAR(pixels.scale.top, top, 1e-6 * top);
      size_t known = 0;
      for (const uint8_t score : pixels.now) known += score != 0;
      ASSERT_EQ(known, sums.size());
      for (const auto& [at, sum] : sums) {
        const CurvePoint point = PointAt(at, order);
        const double exact = log ? 255 * std::log1p(sum) / std::log1p(top) : sum;
        ASSERT_NEAR(pixels.now[size_t{point.y} * view->width() + point.x], std::clamp(exact, 1.0, 255.0), 0.501) << at;
      }
    }
  }
}

TEST_F(HeatDrawing, CutsOutOfTheMapOfTheWorld) {
  const Picture world = Drawn({"--bare", "--order", "12"});
  for (const char* const prefix : {"198.0.0.0/8", "10.0.0.0/9", "198.18.0.0/15", "198.51.96.0/20"}) {
    const Picture cut = Drawn({"--bare", "--prefix", prefix});
    const auto network = ParseNetwork(prefix);
    ASSERT_TRUE(network);
    const CurveBox box = BoxOf(network->prefix, network->length, 12);
    ASSERT_EQ(std::pair(cut.width, cut.rows.size()), std::pair(box.width, size_t{box.height}));
    for (size_t y = 0; y < cut.rows.size(); ++y) {
      const auto* const row = world.rows[box.corner.y + y].data() + size_t{4} * box.corner.x;
      ASSERT_TRUE(std::equal(cut.rows[y].begin(), cut.rows[y].end(), row)) << prefix;
    }
  }
  // With texts too, whatever the grid falls upon.
  for (const char* const prefix : {"198.51.96.0/20", "198.51.100.0/24", "198.18.0.0/15"}) {
    EXPECT_EQ(Draw({"--prefix", prefix, "--legend", "--labels", "/16"}).code, 0) << prefix;
  }
  for (const char* const order : {"9", "10"}) {
    EXPECT_EQ(Draw({"--prefix", "198.51.0.0/16", "--order", order}).code, 0);
    EXPECT_EQ(Draw({"--prefix", "198.51.0.0/16", "--order", order, "--rebase"}).code, 0);
  }
}

TEST_F(HeatDrawing, IsTheSameBytesEachTime) {
  const std::vector<std::string> words = {"--legend",
                                          "--own",
                                          folder_.Write("own.txt", "198.51.100.0/24 office\n198.18.0.0/15\n"),
                                          "--labels",
                                          folder_.Write("notes.tsv", "10.0.0.0/8\tRFC 1918\tprefix\n"),
                                          "--order",
                                          "9"};
  ASSERT_EQ(Draw(words, "a.png").code, 0);
  ASSERT_EQ(Draw(words, "b.png").code, 0);
  EXPECT_FALSE(Bytes("a.png").empty());
  EXPECT_EQ(Bytes("a.png"), Bytes("b.png"));
}

TEST_F(HeatDrawing, IsReadBackAsTheSamePyramid) {
  std::mt19937 random(4);
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += AddressText(static_cast<uint32_t>(random() % (223u << 16) + (1u << 16)) << 8) + "/24 " +
            std::to_string(1 + random() % 255) + "\n";
  }
  folder_.Write("heat.txt", text);
  const char* const palettes[] = {"viridis", "cymru"};
  for (const char* const palette : std::span(palettes).first(UnlessAsan(2, 1))) {
    ASSERT_EQ(Draw({"--bare", "--palette", palette}).code, 0);
    const auto painted = LoadHeatSource({.file = heat_});
    const auto again = LoadHeatSource({.file = folder_.Path("map.png"), .palette = palette});
    ASSERT_TRUE(painted && again);
    const HeatCells* const one[] = {painted->cells.get()};
    const HeatCells* const other[] = {again->cells.get()};
    const HeatTable a = HeatTable::Build(one);
    const HeatTable b = HeatTable::Build(other);
    EXPECT_EQ(a.Root(), b.Root()) << palette;
    for (unsigned length = 2; length <= 24; length += 2) {
      uint64_t differing = 0;
      for (uint64_t prefix = 0; prefix < uint64_t{1} << length; ++prefix) {
        const auto address = static_cast<uint32_t>(prefix << (32 - length));
        if (a.Node(address, length) != b.Node(address, length)) ++differing;
      }
      EXPECT_EQ(differing, 0u) << palette << " /" << length;
    }
  }
}

TEST_F(HeatDrawing, GuessesFormats) {
  const std::pair<const char*, const char*> table[] = {
      {"\x89PNG\r\n", "heat-png"},
      {"203.0.113.9\n", "heat-list"},
      {"", "heat-list"},
      {"# heat\n203.0.113.0/24 180\n", "heat"},
      {"203.0.113.0/24 180", "heat"},
      {"203.0.113.0/24 180\n203.0.114.0/24 300\n", "heat-counts"},
      {"203.0.113.0/24 1.5\n", "heat-counts"},
      {"203.0.113.9 # why\n", "heat-list"},
      {"1795341601 203.0.113.9\n", "heat-times"},
      {"1795341601.5 203.0.113.9\n", "heat-times"},
      {"Start\tEnd\tNetblock\tAttacks\tName\n203.0.113.0\t203.0.113.255\t24\t788\t\t\t\n", "heat-dshield"},
      {"\"192.0.2.9\",\"4\",\"2026-11-22\"\n", "heat-stopforumspam"},
      {"\"2026-07-21\", \"1\", \"203.0.113.81:425\", \"ip:port\"\n", "heat-threatfox"},
      {"64496 | 203.0.113.9 | x\n", "heat-cap"},
  };
  for (const auto& [bytes, format] : table) EXPECT_EQ(GuessHeatFormat(bytes), format) << bytes;
}

TEST_F(HeatDrawing, SaysWhatIsWrongAndLeavesNoFile) {
  const auto file = [&](const char* text) { return folder_.Write("marks", text); };
  const struct {
    std::vector<std::string> words;
    const char* text;  // of the marks
    const char* what;
  } table[] = {
      {{"--shade"}, "10.0.0.0/8\t0xff8000\n", "marks:1: not 'network<TAB>0xRRGGBB<TAB>0 to 127'"},
      {{"--shade"}, "# x\n10.0.0.0/8\t0xff8000\t128\n", "marks:2: not 'network"},
      {{"--shade"}, "10.0.0.0/8\tff8000\t1\n", "marks:1: not 'network"},
      {{"--shade"}, "10.0.0.0/8\t0x1ff8000\t1\n", "marks:1: not 'network"},
      {{"--shade"}, "10.0.0.1/8\t0xff8000\t1\n", "marks:1: bits after the prefix"},
      {{"--labels"}, "10.0.0.0/8\n", "marks:1: not 'network<TAB>label"},
      {{"--labels"}, "2001:db8::/32\tsix\n", "maps of heat are of IPv4 alone"},
      {{"--own"}, "10.0.0.0/8\n10.0.0.0/33\n", "marks:2: bad prefix"},
      {{"--own"}, "mail.example.com\n", "marks:1: bad address"},
      {{"--own"}, "\n# none\n", "marks: there is no network in it"},
      {{"--prefix", "10.0.0.0/25", "--own"}, "10.0.0.0/8\n", "smaller than a pixel"},
      {{"--prefix", "10.0.0.0/9", "--rebase", "--own"}, "10.0.0.0/8\n", "has no curve of its own"},
  };
  for (auto [words, text, what] : table) {
    words.push_back(file(text));
    const Outcome outcome = Draw(words);
    EXPECT_EQ(outcome.code, 1) << what;
    EXPECT_NE(outcome.err.find(what), std::string::npos) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder_.Path("map.png")));
  }
  const std::string nul("10.0.0.0/8\n\0\n", 13);
  EXPECT_NE(Draw({"--own", folder_.Write("nul", nul)}).err.find("nul:2: "), std::string::npos);
}

TEST_F(HeatDrawing, ThatCannotBeWrittenLeavesTheOldOne) {
  folder_.Write("map.png", "old");
  const Outcome full = RunHeatLine({"map", "--file", heat_, "-o", "/dev/full"});
  EXPECT_EQ(full.code, 1);
  EXPECT_NE(full.err.find("/dev/full: cannot write: No space left"), std::string::npos) << full.err;
  const Outcome nowhere = RunHeatLine({"map", "--file", heat_, "-o", folder_.Path("no/map.png")});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_NE(nowhere.err.find("no/map.png: cannot create"), std::string::npos) << nowhere.err;
  EXPECT_EQ(RunHeatLine({"map", "--file", folder_.Write("empty", ""), "-o", folder_.Path("map.png")}).code, 1);
  EXPECT_EQ(Bytes("map.png"), "old");
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.Path("."))) files += entry.is_regular_file();
  EXPECT_EQ(files, 3u) << "heat.txt, map.png and empty: nothing is left beside them";
}

}  // namespace
}  // namespace rblitz
