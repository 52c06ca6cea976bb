// What a feed does with every shape its files may have: the table of docs/feeds.md, "Files".
#include "loaders/feed_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

namespace fs = std::filesystem;
using namespace std::literals;
using Strings = std::vector<std::string>;

Strings Names(const std::vector<std::string>& paths) {
  Strings names;
  for (const std::string& path : paths) names.push_back(fs::path(path).filename());
  return names;
}

Loaded LoadPath(const std::string& path) { return Load({.name = "f", .paths = {path}, .format = "cidr"}); }

TEST(FeedFiles, OfAFolderAreItsRegularFilesInTheOrderOfTheirNames) {
  const TempFolder folder;
  for (const char* name : {"b.txt", "a.txt", "C.txt", "10", "9", "x.gz", "tmp"}) folder.Write(name, "");
  for (const char* name : {".hidden", "a.txt~", "b.tmp", "c.part", ".rsync.aX9"}) folder.Write(name, "");
  fs::create_directory(folder.Path("d"));
  ASSERT_EQ(mkfifo(folder.Path("fifo").c_str(), 0600), 0);
  fs::create_symlink("a.txt", folder.Path("link"));
  fs::create_directory_symlink("d", folder.Path("link-to-folder"));
  const auto files = ListFeedFiles({folder.Path("")});
  ASSERT_TRUE(files);
  EXPECT_EQ(Names(*files), (Strings{"10", "9", "C.txt", "a.txt", "b.txt", "link", "tmp", "x.gz"}));
}

TEST(FeedFiles, KeepTheOrderOfThePathsAndNamesThatAreNoFolder) {
  const TempFolder folder;
  fs::create_directory(folder.Path("d"));
  folder.Write("d/2", "");
  folder.Write("d/1", "");
  const auto files = ListFeedFiles({folder.Path("z"), folder.Path("d"), folder.Path("a")});
  ASSERT_TRUE(files);
  EXPECT_EQ(Names(*files), (Strings{"z", "1", "2", "a"}));
}

TEST(FeedFiles, OfAFolderWithoutAnyAreAFailure) {
  const TempFolder folder;
  folder.Write(".hidden", "1.2.3.4\n");
  EXPECT_EQ(LoadPath(folder.Path("")).error, folder.Path("") + ": has no files in it");
}

TEST(FeedFiles, LinkedToNowhereAreMissing) {
  const TempFolder folder;
  folder.Write("a", "1.2.3.4\n");
  fs::create_symlink("none", folder.Path("link"));
  EXPECT_EQ(LoadPath(folder.Path("")).error, folder.Path("link") + ": cannot open: No such file or directory");
}

TEST(FeedFiles, OfAFolderAreOneFeed) {
  const TempFolder folder;
  folder.Write("1", "1.1.1.1\nbad\n");
  folder.Write("2", Zstd("2.2.2.2\n"));
  folder.Write("3", Gzip("3.3.3.3\n"));
  const Loaded loaded = LoadPath(folder.Path(""));
  EXPECT_EQ(loaded.report.entries, 3u);
  EXPECT_EQ(loaded.report.errors, Strings{"1:2: bad address 'bad'"});
  EXPECT_EQ(loaded.Ask("2.2.2.2"), "127.0.0.2");
}

TEST(FeedFiles, HaveOtherIdentitiesWhenAFolderGainsOrLosesOne) {
  const TempFolder folder;
  folder.Write("1", "");
  const Strings paths = {folder.Path("")};
  const auto one = IdentitiesOf(paths);
  folder.Write("2", "");
  const auto two = IdentitiesOf(paths);
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  fs::remove(folder.Path("1"));
  EXPECT_NE(IdentitiesOf(paths), two);
  fs::remove(folder.Path("2"));
  EXPECT_EQ(IdentitiesOf(paths), std::nullopt);
}

TEST(FeedFiles, OfEveryOddShapeAreReadAsDocumented) {
  const std::string long_line(1'000'000, ' ');
  const struct {
    const char* what;
    std::string content;
    uint64_t lines, entries, rejected;
  } cases[] = {
      {"empty", "", 0, 0, 0},
      {"empty gzip", Gzip(""), 0, 0, 0},
      {"empty zstd", Zstd(""), 0, 0, 0},
      {"only a mark", "\xef\xbb\xbf", 0, 0, 0},
      {"no final newline", "1.2.3.4\n1.2.3.5", 2, 2, 0},
      {"CR LF", "1.2.3.4\r\n\r\n# x\r\n1.2.3.5\r\n", 4, 2, 0},
      {"CR alone", "1.2.3.4\r1.2.3.5\n", 1, 0, 1},
      {"mark",
       "\xef\xbb\xbf"
       "1.2.3.4\n",
       1, 1, 0},
      {"mark twice",
       "\xef\xbb\xbf"
       "1.2.3.4\n\xef\xbb\xbf"
       "1.2.3.5\n",
       2, 1, 1},
      {"NUL bytes", "1.2.3.4\n1.2.3.5\0\n\0\0\n1.2.3.6\n"s, 4, 2, 2},
      {"UTF-16",
       "\xff\xfe"
       "1\0.\0\n\0"s,
       2, 0, 2},
      {"line of 1 MB", "1.2.3.4" + long_line + "\n1.2.3.5\n", 2, 2, 0},
      {"line of 2 MB", "1.2.3.4" + long_line + long_line + "\n1.2.3.5\n", 2, 1, 1},
      {"binary",
       std::string("\x7f"
                   "ELF\x02\x01\x01\0\0\n\xff\xfe\xfd",
                   13),
       2, 0, 2},
  };
  for (const auto& c : cases) {
    const Loaded loaded = LoadText("cidr", c.content);
    ASSERT_NE(loaded.feed, nullptr) << c.what << ": " << loaded.error;
    EXPECT_EQ(loaded.report.lines, c.lines) << c.what;
    EXPECT_EQ(loaded.report.entries, c.entries) << c.what;
    EXPECT_EQ(loaded.report.rejected, c.rejected) << c.what;
  }
}

TEST(FeedFiles, ThatCannotBeReadToTheirEndAreAFailure) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "1.2." + std::to_string(i / 256) + "." + std::to_string(i % 256) + "\n";
  for (const std::string& packed : {Gzip(text), Zstd(text)}) {
    for (const size_t size : {size_t{2}, size_t{20}, packed.size() / 2, packed.size() - 1}) {
      const std::string path = folder.Write("packed", packed.substr(0, size));
      EXPECT_TRUE(LoadPath(path).error.starts_with(path + ": truncated ")) << LoadPath(path).error;
    }
  }
  EXPECT_EQ(LoadPath(folder.Path("none")).error, folder.Path("none") + ": cannot open: No such file or directory");
  ASSERT_EQ(mkfifo(folder.Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(LoadPath(folder.Path("fifo")).error, folder.Path("fifo") + ": is not a regular file");
}

// Half of one version and half of the next is never served: each load is one version or fails.
TEST(FeedFiles, ThatAreReplacedWhileReadAreOneVersion) {
  const TempFolder folder;
  const auto version = [](int v) {
    std::string text;
    for (int i = 0; i < 30'000; ++i) {
      text += "10." + std::to_string(v) + "." + std::to_string(i / 200) + "." + std::to_string(i % 200) + "\n";
    }
    return text;
  };
  const std::string texts[] = {version(0), version(1)};
  const std::string path = folder.Write("f", texts[0]);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) fs::rename(folder.Write("f.new", texts[i % 2]), path);
  });
  for (int i = 0; i < 30; ++i) {
    const Loaded loaded = LoadPath(path);
    ASSERT_NE(loaded.feed, nullptr) << loaded.error;
    EXPECT_EQ(loaded.report.entries, 30'000u);
    EXPECT_NE(loaded.Ask("10.0.149.199"), loaded.Ask("10.1.149.199"));
  }
  stop = true;
  writer.join();
}

TEST(FeedFiles, ThatGrowWhileTheyAreReadAreAFailure) {
  const TempFolder folder;
  const std::string path = folder.Write("f", "1.2.3.4\n");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    std::ofstream out(path, std::ios::app);
    while (!stop) out << "1.2.3.5\n" << std::flush;
  });
  // It may have been read within one tick of the file system's clock, but never half.
  bool failed = false;
  for (int i = 0; i < 1000 && !failed; ++i) {
    const std::string error = LoadPath(path).error;
    failed = !error.empty();
    if (failed) {
      EXPECT_EQ(error, path + ": changed while it was read");
    }
  }
  stop = true;
  writer.join();
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace rblitz
