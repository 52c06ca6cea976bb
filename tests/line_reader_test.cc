#include "loaders/line_reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <random>

#include "loaders/inflating_source.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

struct Lines {
  std::vector<std::string> lines;  // "<why>" stands for one that is not kept
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
    if ((*block)->bad != nullptr) all.lines.push_back("<" + std::string((*block)->bad) + ">");
    std::string_view rest = (*block)->bytes;
    EXPECT_TRUE(rest.empty() || rest.back() == '\n');
    for (; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) all.lines.emplace_back(rest, 0, rest.find('\n'));
  }
}

Lines ReadText(std::string_view text) { return ReadAll(std::make_unique<MemorySource>(text)); }

using Strings = std::vector<std::string>;

constexpr char kNul[] = "<line with a NUL byte>";
constexpr char kOverLong[] = "<line longer than 1048576 bytes>";

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
      {"a\0b\n\0\n"sv, {kNul, kNul}},
      {"a\n\nb\0\nc\n\0d"sv, {"a", "", kNul, "c", kNul}},
      {"\0"sv, {kNul}},
      {"\n\0\0\n\n"sv, {"", kNul, ""}},
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
  EXPECT_EQ(ReadText("a\n" + longest + "x\nb\n").lines, (Strings{"a", kOverLong, "b"}));
  EXPECT_EQ(ReadText(longest + longest + longest + "\nb").lines, (Strings{kOverLong, "b"}));
  EXPECT_EQ(ReadText(longest + "x").lines, (Strings{kOverLong}));
  EXPECT_EQ(ReadText(longest).lines, (Strings{longest}));
}

TEST(LineReader, KeepsNoLineThatHasANul) {
  std::mt19937 random(11);
  Strings lines;
  std::string text;
  while (text.size() < 2 * kMaxLineBytes) {
    std::string line(random() % 100, 'x');
    if (!line.empty() && random() % 4 == 0) line[random() % line.size()] = '\0';
    text += line + "\n";
    lines.push_back(line.find('\0') == std::string::npos ? line : kNul);
  }
  EXPECT_EQ(ReadText(text).lines, lines);
  EXPECT_EQ(ReadText(Gzip(text)).lines, lines);
  EXPECT_EQ(ReadText(std::string(kMaxLineBytes, '\0') + "\na").lines, (Strings{kNul, "a"}));
  EXPECT_EQ(ReadText(std::string(kMaxLineBytes + 1, '\0') + "\na").lines, (Strings{kOverLong, "a"}));
}

// In keys, values, comments and special lines.
TEST(LoadFeed, RejectsLinesWithANulInEveryFormat) {
  using namespace std::literals;
  const std::map<std::string_view, std::string_view> lines = {
      {"acl", "10.0.0.1 :refuse"},
      {"aclkey", "key :pass"},
      {"cymru-asn", "64496 | ZZ | arin | 2001-02-03 | E, ZZ"},
      {"cymru-cap", "bot|192.0.2.1|64496|2026-11-21 00:00:00|x|E, ZZ"},
      {"cymru-mhr", "5a9392784e07eb40cfb3f4a464e0a914 1 5"},
      {"cymru-origin", "64496 | 192.0.2.0/24 | ZZ | arin | 2001-02-03"},
      {"cymru-peer", "64496 | 192.0.2.0/24 | ZZ | arin | "},
      {"cymru-whois", "64496 | 192.0.2.1 | 192.0.2.0/24 | ZZ | arin | 2001-02-03 | E"},
      {"dnset", "a.example text"},
      {"domains", "a.example # x"},
      {"domains-below", "a.example # x"},
      {"generic", "www TXT text"},
      {"hash", "5a9392784e07eb40cfb3f4a464e0a914 :2:x"},
      {"hash-zbase32", "5a9392784e07eb40cfb3f4a464e0a914 :2:x"},
      {"hosts", "0.0.0.0 a.example # x"},
      {"ip6trie", "2001:db8::/32 x"},
      {"ip6tset", "2001:db8:0:1 x"}};
  for (const std::string_view format : FeedFormats()) {
    if (IsHeatFormat(format) || format == "combined") continue;
    const auto own = lines.find(format);
    const std::string line(own != lines.end() ? own->second : "192.0.2.1 # x");
    const Loaded good = LoadText(format, line + "\n");
    ASSERT_EQ(good.error + "|" + std::to_string(good.report.entries), "|1") << format;
    for (const size_t at : {size_t{0}, size_t{1}, line.find_first_of(" |"), line.size() - 1, line.size()}) {
      const std::string with_nul = line.substr(0, at) + "\0"s + line.substr(at);
      const Loaded loaded = LoadText(format, "#\n" + with_nul + "\n" + line + "\n");
      if (IsAccessFormat(format)) {
        EXPECT_EQ(loaded.error, "feed test: 1:2: line with a NUL byte: an access list with a bad line is not used");
        continue;
      }
      EXPECT_EQ(loaded.report.errors, Strings{"1:2: line with a NUL byte"}) << format << at;
      EXPECT_EQ(loaded.report.lines, 3u);
      EXPECT_EQ(loaded.report.entries, 1u);
    }
  }
  EXPECT_EQ(LoadText("combined", "$DATASET ip4set @\n1.1.1.1\n1.1.1.2 \0\n1.1.1.3\n"sv).report.errors,
            Strings{"1:3: line with a NUL byte"});
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
