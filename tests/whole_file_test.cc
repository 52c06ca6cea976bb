// Files that are written as a whole.
#include "cli/whole_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

namespace fs = std::filesystem;

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(WholeFile, TakesThePlaceOfTheOneBeforeAndLeavesNothingElse) {
  const TempFolder folder;
  const std::string path = folder.Path("map.png");
  for (const std::string bytes : {"one", "another"}) {
    const Status written = WriteWholeFile(path, bytes, 0640);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(Contents(path), bytes);
  }
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0640));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.Path("")), {}), 1);
}

// Or /dev/stdout would no longer be what it was.
TEST(WholeFile, WritesThroughASymbolicLink) {
  const TempFolder folder;
  const std::string target = folder.Path("target");
  const std::string link = folder.Path("link");
  std::ofstream(target) << "longer than what comes";
  fs::create_symlink(target, link);
  ASSERT_TRUE(WriteWholeFile(link, "short"));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(Contents(target), "short");
}

TEST(WholeFile, SaysWhatCannotBeWritten) {
  const TempFolder folder;
  const auto error = [](const std::string& path) {
    const Status written = WriteWholeFile(path, "bytes");
    return written ? "" : written.error().message;
  };
  EXPECT_EQ(error(folder.Path("none/map.png")),
            folder.Path("none/map.png") + ": cannot create a file beside it: No such file or directory");
  EXPECT_EQ(error(folder.Path("")), folder.Path("") + ": cannot open: Is a directory");
  EXPECT_EQ(error("/dev/full"), "/dev/full: cannot write: No space left on device");
}

}  // namespace
}  // namespace rblitz
