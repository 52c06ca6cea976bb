// `rblitz heat map --bare` against pictures that ipv4-heatmap has painted.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "cli/heat_commands.h"
#include "tests/picture.h"
#include "tests/sanitizers.h"

namespace rblitz {
namespace {

int Draw(std::vector<std::string> words) {
  words.insert(words.begin(), {"rblitz", "heat", "map", "--bare", "--palette", "bluered"});
  std::vector<const char*> line;
  for (const std::string& word : words) line.push_back(word.c_str());
  std::ostringstream out;
  const auto options = ParseCommandOptions(static_cast<int>(line.size()), line.data(), out, out);
  const int code = options ? RunHeat(*options, {.out = out, .err = out}) : options.error();
  EXPECT_EQ(out.str(), "");
  return code;
}

// ipv4-heatmap's watermark: 20 or so pixels at the right edge, 220 from the top.
size_t Differing(const Picture& a, const Picture& b) {
  size_t count = a.width == b.width && a.rows.size() == b.rows.size() ? 0 : 1;
  for (size_t y = 0; count == 0 && y < a.rows.size(); ++y) {
    const size_t width = y < 225 ? a.width - 20 : a.width;
    count += !std::equal(a.rows[y].begin(), a.rows[y].begin() + static_cast<ptrdiff_t>(4 * width), b.rows[y].begin());
  }
  return count;
}

TEST(HeatMap, IsBareWhatIpv4HeatmapPaints) {
  const std::string samples = std::string(RBLITZ_SAMPLES) + "/";
  const std::string out = testing::TempDir() + "heat_map_test_" + std::to_string(getpid()) + ".png";
  ASSERT_EQ(Draw({"--file", samples + "heat-golden-input.txt", "-o", out}), 0);
  EXPECT_EQ(Differing(ReadPicture(out), ReadPicture(samples + "heat-golden-ipv4-heatmap.png")), 0u);
  const std::string again = out + ".again.png";
  ASSERT_EQ(Draw({"--file", out, "--file-palette", "bluered", "-o", again}), 0);
  EXPECT_EQ(ReadPicture(out).rows, ReadPicture(again).rows) << "read back";
  if (!kAddressSanitizer) {  // the same way twice more
    ASSERT_EQ(Draw({"--file", samples + "heat-golden-values.txt", "-o", out}), 0);
    EXPECT_EQ(Differing(ReadPicture(out), ReadPicture(samples + "heat-golden-values-ipv4-heatmap.png")), 0u);
    ASSERT_EQ(Draw({"--file", samples + "heat-golden-input.txt", "--prefix", "128.0.0.0/2", "--rebase", "-o", out}), 0);
    EXPECT_EQ(Differing(ReadPicture(out), ReadPicture(samples + "heat-golden-zoom-128-2.png")), 0u);
  }
  std::filesystem::remove(out);
  std::filesystem::remove(again);
}

}  // namespace
}  // namespace rblitz
