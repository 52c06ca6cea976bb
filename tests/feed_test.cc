#include "loaders/feed.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

TEST(LoadFeed, KnowsItsFormatsInOrder) {
  const std::vector<std::string_view> formats = FeedFormats();
  EXPECT_TRUE(std::ranges::is_sorted(formats));
  EXPECT_EQ(formats.size(), 33u);
  for (const std::string_view format : formats) {
    // Before the first $DATASET a combined feed has no entries; a key is one label, and keys count whole or not at all.
    // A picture is whole or nothing.
    const bool is_strict = format == "combined" || format == "aclkey" || format == "heat-png";
    EXPECT_EQ(LoadText(format, "1.2.3.4/32\n").feed == nullptr, is_strict) << format;
  }
  EXPECT_EQ(LoadText("none", "").error, "feed test: unknown format 'none'");
}

TEST(LoadFeed, MakesAnEmptyTableOfAnEmptyFile) {
  for (const std::string_view format : FeedFormats()) {
    if (format == "heat-png") continue;  // empty bytes are no picture
    const Loaded loaded = LoadText(format, "");
    ASSERT_NE(loaded.feed, nullptr) << format;
    EXPECT_EQ(loaded.feed->ip4->addresses(), 0u);
    EXPECT_EQ(loaded.report.lines, 0u);
    EXPECT_EQ(loaded.Ask("127.0.0.2"), "-");
  }
}

TEST(LoadFeed, FailsWithThePathOfAFileItCannotRead) {
  const TempFolder folder;
  const std::string good = folder.Write("good", "1.2.3.4\n");
  const std::string truncated = folder.Write("truncated.gz", "\x1f\x8b\x08");
  EXPECT_EQ(Load({.name = "f", .paths = {good, folder.Path("none")}, .format = "cidr"}).error,
            folder.Path("none") + ": cannot open: No such file or directory");
  EXPECT_EQ(Load({.name = "f", .paths = {good, truncated}, .format = "cidr"}).error,
            truncated + ": truncated gzip data");
}

TEST(LoadFeed, CountsAllBadLinesAndKeepsTheFirstTen) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "1.2.3." + std::to_string(i) + "\nbad" + std::to_string(i) + "\n";
  const Loaded loaded = LoadTexts("cidr", {"\nfirst\n", text});
  EXPECT_EQ(loaded.report.lines, 42u);
  EXPECT_EQ(loaded.report.entries, 20u);
  EXPECT_EQ(loaded.report.rejected, 21u);
  ASSERT_EQ(loaded.report.errors.size(), kKeptErrors);
  EXPECT_EQ(loaded.report.errors[0], "1:2: bad address 'first'");
  EXPECT_EQ(loaded.report.errors[1], "2:2: bad address 'bad0'");
  EXPECT_EQ(loaded.report.errors[9], "2:18: bad address 'bad8'");
}

TEST(LoadFeed, NumbersLinesAcrossBlocksAndOverLongLines) {
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += "10.1." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256) + "\n";
  text += std::string((size_t{1} << 20) + 1, '1') + "\nbad\n1.2.3.4\n";
  const Loaded loaded = LoadText("ip4set", text);
  EXPECT_EQ(loaded.report.errors,
            (std::vector<std::string>{"1:100001: line longer than 1048576 bytes", "1:100002: bad address 'bad'"}));
  EXPECT_EQ(loaded.report.lines, 100'003u);
  EXPECT_EQ(loaded.Ask("1.2.3.4"), "127.0.0.2");
}

TEST(LoadFeed, RejectsLinesWithNulBytes) {
  using namespace std::literals;
  const Loaded loaded = LoadText("cidr", "1.2.3.4\0\n\0\n1.2.3.5\n"sv);
  EXPECT_EQ(loaded.report.errors, (std::vector<std::string>{"1:1: line with a NUL byte", "1:2: line with a NUL byte"}));
  EXPECT_EQ(loaded.Ask("1.2.3.4"), "-");
  EXPECT_EQ(loaded.Ask("1.2.3.5"), "127.0.0.2");
}

TEST(LoadFeed, ReadsNoMoreOnceItIsStopped) {
  const TempFolder folder;
  const FeedConfig config{.name = "f", .paths = {folder.Write("f", "1.2.3.4\n")}, .format = "cidr"};
  std::stop_source stop;
  LoadReport report;
  EXPECT_TRUE(LoadFeed(config, nullptr, &report, nullptr, {.stop = stop.get_token()}));
  stop.request_stop();
  const auto stopped = LoadFeed(config, nullptr, &report, nullptr, {.stop = stop.get_token()});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().message, "loading was stopped");
  EXPECT_EQ(report.lines, 0u);
}

TEST(LoadFeed, ReadsWhatRandomWritersWrite) {
  std::mt19937 random(5);
  std::set<uint32_t> listed;
  std::string text = "$TTL 5\n";
  for (int i = 0; i < 50'000; ++i) {
    const auto address = static_cast<uint32_t>(random());
    listed.insert(address);
    text += Dotted(htonl(address)) + (random() % 10 == 0 ? " # comment\r\n" : "\n");
  }
  for (const char* format : {"ip4set", "ip4tset", "ip4trie"}) {
    const Loaded loaded = LoadText(format, text);
    EXPECT_EQ(loaded.report.rejected, 0u);
    EXPECT_EQ(loaded.report.entries, listed.size());
    EXPECT_EQ(loaded.feed->ip4->addresses(), listed.size());
    for (const uint32_t address : listed) ASSERT_NE(loaded.feed->ip4->Lookup(address), kNotListed);
    for (const uint32_t address : listed)
      ASSERT_EQ(loaded.feed->ip4->Lookup(address + 1) != kNotListed, listed.contains(address + 1));
  }
}

TEST(LoadFeed, CountsWhatCameAndWhatWent) {
  const Loaded before = LoadText("cidr", "1.1.1.1\n1.1.1.2\n10.0.0.0/8\n");
  EXPECT_EQ(before.report.added, 3u);
  const TempFolder folder;
  const Loaded after =
      Load({.name = "f", .paths = {folder.Write("f", "1.1.1.2\n1.1.1.3\n1.1.1.4\n10.0.0.0/8\n")}, .format = "cidr"},
           before.feed.get());
  EXPECT_EQ(after.report.added, 2u);
  EXPECT_EQ(after.report.removed, 1u);
}

TEST(LoadFeed, CountsEntriesGivenAgain) {
  const std::string text = "1.1.1.1\n1.1.1.2\n1.1.1.1\n10.0.0.0/8\n10.0.0.0/8\n10.0.0.0/9\n1.1.1.1\nbad\nbad\n";
  for (const char* format : {"cidr", "ip4set", "ip4trie"}) {
    const Loaded loaded = LoadText(format, text);
    EXPECT_EQ(loaded.report.entries, 4u) << format;
    EXPECT_EQ(loaded.report.duplicates, 3u) << format;
    EXPECT_EQ(loaded.report.lines, loaded.report.entries + loaded.report.duplicates + loaded.report.rejected) << format;
  }
}

TEST(LoadFeed, NotesThatNothingIsListed) {
  using Notes = std::vector<std::string>;
  const std::pair<const char*, Notes> cases[] = {
      {"", {"there is nothing to read, the file is empty: nothing is listed now"}},
      {"# only\n\n", {"there are no entries in 2 lines: nothing is listed now"}},
      {"<html>\n# c\n</html>\n", {"all 2 lines that are no comments are rejected: nothing is listed now"}},
      {"<html>\n1.1.1.1\n", {}},
      {"!1.1.1.1\n", {}}};
  for (const auto& [text, notes] : cases) {
    const Loaded loaded = LoadText("ip4set", text);
    ASSERT_NE(loaded.feed, nullptr) << text;
    EXPECT_EQ(loaded.report.notes, notes) << text;
  }
  EXPECT_EQ(LoadText("acl", "").report.notes, Notes());
}

TEST(LoadFeed, KnowsTheEntriesForExactlyTheTestPoints) {
  const auto exact = [](std::string_view format, std::string_view text) { return LoadText(format, text).feed; };
  EXPECT_FALSE(exact("ip4set", "127.0.0.0/8\n127.0.0.1-5\n")->test_listed.present);
  auto feed = exact("ip4set", "127.0.0.1\n!127.0.0.2\n");
  EXPECT_TRUE(feed->test_unlisted.present);
  EXPECT_NE(feed->test_unlisted.value, kNotListed);
  EXPECT_TRUE(feed->test_listed.present);
  EXPECT_EQ(feed->test_listed.value, kNotListed);
}

TEST(LoadFeed, DatesTheDataByItsNewestFileWhenItSaysNothing) {
  const TempFolder folder;
  FeedConfig config{
      .name = "f", .paths = {folder.Write("a", "1.1.1.1\n"), folder.Write("b", "1.1.1.2\n")}, .format = "ip4set"};
  for (const auto& [path, time] :
       {std::pair{config.paths[0], 1'000'000'000}, std::pair{config.paths[1], 900'000'000}}) {
    const timespec times[2] = {{time, 0}, {time, 5}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  EXPECT_EQ(Load(config).feed->data_time, 1'000'000'000);
}

}  // namespace
}  // namespace rblitz
