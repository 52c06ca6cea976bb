#include "loaders/line_reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <random>

#include "loaders/inflating_source.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

struct Lines {
  std::vector<std::string> lines;  // "<over long>" stands for one that was
  std::string error;
};

Lines ReadAll(std::unique_ptr<ByteSource> source) {
  LineReader reader(std::make_unique<InflatingSource>("test", std::move(source)));
  Lines all;
  for (;;) {
    const Result<std::optional<LineBlock>> block = reader.Next();
    if (!block) {
      all.error = block.error().message;
      return all;
    }
    if (!block->has_value()) return all;
    if ((*block)->over_long) all.lines.emplace_back("<over long>");
    std::string_view rest = (*block)->bytes;
    EXPECT_TRUE(rest.empty() || rest.back() == '\n');
    for (; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) all.lines.emplace_back(rest, 0, rest.find('\n'));
  }
}

Lines ReadText(std::string_view text) { return ReadAll(std::make_unique<MemorySource>(text)); }

using Strings = std::vector<std::string>;

TEST(LineReader, SplitsAtLineFeeds) {
  using namespace std::literals;
  const struct {
    std::string_view text;
    Strings lines;
  } cases[] = {
      {"", {}},
      {"\n", {""}},
      {"a", {"a"}},
      {"a\n", {"a"}},
      {"a\n\nb", {"a", "", "b"}},
      {"a\r\nb\rc\n", {"a\r", "b\rc"}},
      {"\xef\xbb\xbf"sv, {}},
      {"\xef\xbb\xbf"
       "a\n\xef\xbb\xbf"
       "b\n",
       {"a",
        "\xef\xbb\xbf"
        "b"}},
      {"\xef\xbb", {"\xef\xbb"}},
      {"a\0b\n\0\n"sv, {"a\0b"s, "\0"s}},
  };
  for (const auto& c : cases) {
    const Lines read = ReadText(c.text);
    EXPECT_EQ(read.lines, c.lines) << c.text;
    EXPECT_EQ(read.error, "");
  }
}

TEST(LineReader, GivesTheSameLinesWhateverTheirLengths) {
  std::mt19937 random(7);
  for (const size_t longest : {size_t{40}, size_t{5000}, size_t{300'000}, kMaxLineBytes}) {
    Strings lines;
    std::string text;
    while (text.size() < 3 * kMaxLineBytes) {
      lines.emplace_back(random() % (longest + 1), static_cast<char>('a' + random() % 26));
      text += lines.back() + "\n";
    }
    EXPECT_EQ(ReadText(text).lines, lines) << longest;
    EXPECT_EQ(ReadText(Gzip(text)).lines, lines) << longest;
    EXPECT_EQ(ReadText(Zstd(text)).lines, lines) << longest;
  }
}

TEST(LineReader, SkipsLinesAboveTheLimitAndKeepsTheirNumbers) {
  const std::string longest(kMaxLineBytes, 'x');
  EXPECT_EQ(ReadText("a\n" + longest + "\nb\n").lines, (Strings{"a", longest, "b"}));
  EXPECT_EQ(ReadText("a\n" + longest + "x\nb\n").lines, (Strings{"a", "<over long>", "b"}));
  EXPECT_EQ(ReadText(longest + longest + longest + "\nb").lines, (Strings{"<over long>", "b"}));
  EXPECT_EQ(ReadText(longest + "x").lines, (Strings{"<over long>"}));
  EXPECT_EQ(ReadText(longest).lines, (Strings{longest}));
}

TEST(LineReader, InflatesAllMembersOfAGzipFile) {
  EXPECT_EQ(ReadText(Gzip("a\nb") + Gzip("c\n") + Gzip("")).lines, (Strings{"a", "bc"}));
  EXPECT_EQ(ReadText(Gzip("a\n") + std::string(700, '\0')).lines, Strings{"a"});
  EXPECT_EQ(ReadText(Gzip("\xef\xbb\xbf"
                          "a\n"))
                .lines,
            Strings{"a"});
}

TEST(LineReader, RefusesDamagedGzip) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string whole = Gzip(text);
  for (const size_t size : {size_t{2}, size_t{5}, size_t{10}, size_t{1000}, whole.size() - 9, whole.size() - 1}) {
    EXPECT_EQ(ReadText(whole.substr(0, size)).error, "test: truncated gzip data") << size;
  }
  std::string damaged = whole;
  damaged[damaged.size() / 2] ^= 0x55;
  EXPECT_TRUE(ReadText(damaged).error.starts_with("test: corrupt gzip data: ")) << ReadText(damaged).error;
  damaged = whole;
  damaged[damaged.size() - 6] ^= 1;  // its CRC
  EXPECT_EQ(ReadText(damaged).error, "test: corrupt gzip data: incorrect data check");
  EXPECT_EQ(ReadText(whole + "1.2.3.4\n").error, "test: corrupt gzip data: garbage after its end");
}

TEST(LineReader, DecompressesAllFramesOfAZstdFile) {
  using namespace std::literals;
  const std::string skippable = "\x50\x2a\x4d\x18\x03\x00\x00\x00xyz"s;
  EXPECT_EQ(ReadText(Zstd("a\nb") + skippable + Zstd("c\n") + Zstd("")).lines, (Strings{"a", "bc"}));
  EXPECT_EQ(ReadText(Zstd("\xef\xbb\xbf"
                          "a\n"))
                .lines,
            Strings{"a"});
}

TEST(LineReader, RefusesDamagedZstd) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string whole = Zstd(text);
  for (const size_t size : {size_t{2}, size_t{3}, size_t{5}, size_t{1000}, whole.size() - 1}) {
    EXPECT_EQ(ReadText(whole.substr(0, size)).error, "test: truncated zstd data") << size;
  }
  EXPECT_EQ(ReadText(whole + whole.substr(0, 3)).error, "test: truncated zstd data");
  EXPECT_TRUE(ReadText(whole + "1.2.3.4\n").error.starts_with("test: corrupt zstd data: "));
  std::string damaged = whole;
  damaged[4] ^= 0x08;  // a bit of its header that must be 0 (RFC 8878 section 3.1.1.1.1.4)
  EXPECT_TRUE(ReadText(damaged).error.starts_with("test: corrupt zstd data: ")) << ReadText(damaged).error;
}

// Output that a compressed format still holds when its input is used up must not be lost.
TEST(LineReader, GivesAllThatIsPackedIntoFewBytes) {
  const std::string text = std::string(3'000'000, 'x') + "\n" + std::string(600'000, '\n');
  for (const std::string& packed : {Gzip(text), Zstd(text)}) {
    EXPECT_LT(packed.size(), 10'000u);
    EXPECT_EQ(ReadText(packed).lines.size(), 600'001u);
  }
}

Lines ReadFile(const std::string& path) {
  Result<std::unique_ptr<FileSource>> file = FileSource::Open(path);
  if (!file) return {.lines = {}, .error = file.error().message};
  return ReadAll(std::move(*file));
}

TEST(FileSource, ReadsRegularFilesOnly) {
  const TempFolder folder;
  EXPECT_EQ(ReadFile(folder.Write("list", "a\nb\n")).lines, (Strings{"a", "b"}));
  EXPECT_EQ(ReadFile(folder.Path("none")).error, folder.Path("none") + ": cannot open: No such file or directory");
  EXPECT_EQ(ReadFile(folder.Path(".")).error, folder.Path(".") + ": is a directory");
  ASSERT_EQ(mkfifo(folder.Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(folder.Path("fifo")).error, folder.Path("fifo") + ": is not a regular file");
}

TEST(FileSource, FailsWhenTheFileChangesUnderIt) {
  const TempFolder folder;
  const std::string path = folder.Write("list", std::string(600'000, '\n'));
  Result<std::unique_ptr<FileSource>> file = FileSource::Open(path);
  ASSERT_TRUE(file);
  LineReader reader(std::move(*file));
  ASSERT_TRUE(reader.Next());
  std::ofstream(path, std::ios::app) << "one more\n";
  Result<std::optional<LineBlock>> block = reader.Next();
  while (block && block->has_value()) block = reader.Next();
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().message, path + ": changed while it was read");
}

TEST(FileSource, ReadsTheSameVersionAgainAfterItsNameIsGone) {
  const TempFolder folder;
  const std::string path = folder.Write("list", "old\n");
  Result<std::unique_ptr<FileSource>> file = FileSource::Open(path);
  ASSERT_TRUE(file);
  Result<std::unique_ptr<FileSource>> again = (*file)->Again();
  ASSERT_TRUE(again);
  EXPECT_EQ(ReadAll(std::move(*file)).lines, Strings{"old"});
  std::filesystem::rename(folder.Write("new", "new\n"), path);
  EXPECT_EQ(ReadAll(std::move(*again)).lines, Strings{"old"});
}

TEST(FileSource, ReadsOnWhenTheFileIsReplacedByRename) {
  const TempFolder folder;
  const std::string path = folder.Write("list", "old\n");
  Result<std::unique_ptr<FileSource>> file = FileSource::Open(path);
  ASSERT_TRUE(file);
  std::filesystem::rename(folder.Write("new", "new\n"), path);
  EXPECT_EQ(ReadAll(std::move(*file)).lines, Strings{"old"});
}

}  // namespace
}  // namespace rblitz
