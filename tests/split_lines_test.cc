#include "loaders/split_lines.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "loaders/feed.h"
#include "tables/snapshot.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

// What a block consists of: addresses, and other lines with their numbers.
struct Seen {
  std::vector<uint32_t> addresses;
  std::vector<std::pair<uint64_t, std::string>> others;
  std::vector<size_t> before;  // addresses before each of these
  uint64_t lines = 0;
  bool operator==(const Seen&) const = default;

  void operator()(std::span<const uint32_t> run) { addresses.insert(addresses.end(), run.begin(), run.end()); }
  void operator()(uint64_t number, std::string_view line) {
    others.emplace_back(number, line);
    before.push_back(addresses.size());
  }
};

Seen AtOnce(const SplitLines& split) {
  Seen seen;
  seen.lines = split.ForEach(seen, seen);
  return seen;
}

// Lines of a list, plain in `plain_of_ten` of ten cases.
std::string RandomLines(std::mt19937& random, size_t lines, unsigned plain_of_ten) {
  static const char* const kOthers[] = {
      "",         "# 1.2.3.4", "1.2.3.0/24", "10.1.2.3 :2:text", "!192.0.2.1",    " 1.2.3.4",      "1.2.3.4 ",
      "01.2.3.4", "256.1.1.1", "$TTL 300",   "not a line",       "203.0.113.7-9", ":127.0.0.3:x $"};
  std::string text;
  for (size_t i = 0; i < lines; ++i) {
    const auto address = static_cast<uint32_t>(random()) >> (random() % 4 * 8);
    text += random() % 10 < plain_of_ten ? Dotted(address) : kOthers[random() % std::size(kOthers)];
    text += random() % 7 == 0 ? "\r\n" : "\n";
  }
  return text;
}

TEST(SplitLines, SaysWhatSplitPlainLinesSays) {
  std::mt19937 random(1);
  SplitLines split;
  for (unsigned round = 0; round < 300; ++round) {
    std::string block = RandomLines(random, random() % 500, round % 11);
    const std::string_view lines(block.data(), block.size());
    block.append(kBlockSlack, '9');
    Seen expected;
    uint32_t buffer[16];
    expected.lines = SplitPlainLines(std::string_view(block).substr(0, lines.size()), buffer, expected, expected);
    ASSERT_EQ(expected.lines, expected.addresses.size() + expected.others.size());
    split.Split(std::string_view(block).substr(0, lines.size()));
    ASSERT_EQ(AtOnce(split), expected);
  }
}

TEST(SplitLines, ABlockInPartsIsTheSame) {
  std::mt19937 random(4);
  SplitLines whole;
  SplitLines parts;
  for (unsigned round = 0; round < 300; ++round) {
    const std::string text = RandomLines(random, random() % 500, round % 11) + std::string(kBlockSlack, '9');
    std::string_view block = std::string_view(text).substr(0, text.size() - kBlockSlack);
    whole.Split(block);
    bool is_first = true;
    do {
      const std::string_view part = block.substr(0, block.find('\n', random() % (block.size() + 1)) + 1);
      const std::string copy = std::string(part) + std::string(kBlockSlack, '9');
      const std::string_view lines = std::string_view(copy).substr(0, part.size());
      is_first ? parts.Split(lines) : parts.SplitMore(lines);
      is_first = false;
      block.remove_prefix(part.size());
    } while (!block.empty());
    ASSERT_EQ(AtOnce(parts), AtOnce(whole));
  }
}

TEST(SplitLines, KeepsBytesBehindALineReadable) {
  SplitLines split;
  const std::string block = "1.2.3.4 x\n5.6.7.8\n9 y\n" + std::string(kBlockSlack, '9');
  split.Split(std::string_view(block).substr(0, block.size() - kBlockSlack));
  std::vector<std::string> lines;
  split.ForEach([](std::span<const uint32_t> run) { EXPECT_EQ(run[0], HostOrder("5.6.7.8")); },
                // The LF is there still, so that what follows is not taken for a part of the line.
                [&](uint64_t /*number*/, std::string_view line) { lines.emplace_back(line.data(), line.size() + 1); });
  EXPECT_EQ(lines, (std::vector<std::string>{"1.2.3.4 x\n", "9 y\n"}));
  split.ForEach([](std::span<const uint32_t>) {},
                [](uint64_t number, std::string_view line) {
                  if (number < 2) return;
                  EXPECT_EQ(std::string(line.data() + line.size() + 1, kBlockSlack), std::string(kBlockSlack, '\0'));
                });
}

FeedConfig ListOf(const std::string& path) {
  FeedConfig config;
  config.name = "list";
  config.format = "ip4set";
  config.paths = {path};
  return config;
}

// Loads on one CPU, where there is one thread, or on all of them.
struct Loaded {
  LoadReport report;
  std::shared_ptr<const FeedData> data;
};
Loaded Load(const std::string& path, bool on_one_cpu) {
  Loaded loaded;
  std::jthread([&] {
    cpu_set_t cpus;
    ASSERT_EQ(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    if (on_one_cpu) {
      int cpu = 0;
      while (!CPU_ISSET(cpu, &cpus)) ++cpu;
      CPU_ZERO(&cpus);
      CPU_SET(cpu, &cpus);
      ASSERT_EQ(sched_setaffinity(0, sizeof cpus, &cpus), 0);
    }
    Result<std::shared_ptr<const FeedData>> data = LoadFeed(ListOf(path), nullptr, &loaded.report, nullptr, {});
    ASSERT_TRUE(data) << data.error().message;
    loaded.data = *data;
  }).join();
  return loaded;
}

TEST(SplitLines, OnAnotherThreadTheyAreTheSameList) {
  std::mt19937 random(2);
  const TempFolder folder;
  for (const bool is_packed : {false, true}) {
    std::string text = RandomLines(random, 400'000, 9);
    text.insert(text.find('\n', text.size() / 3) + 1, std::string("a NUL \0 in a line\n", 18));
    text.insert(text.find('\n', text.size() / 2) + 1, std::string(kMaxLineBytes + 10, 'x') + "\n");
    text += "192.0.2.77";  // without LF
    const std::string path = folder.Write(is_packed ? "list.txt.gz" : "list.txt", is_packed ? Gzip(text) : text);
    const Loaded one = Load(path, true);
    const Loaded all = Load(path, false);
    ASSERT_TRUE(one.data != nullptr && all.data != nullptr);
    EXPECT_EQ(all.report.lines, one.report.lines);
    EXPECT_GT(one.report.rejected, 1000u);
    EXPECT_EQ(all.report.rejected, one.report.rejected);
    EXPECT_EQ(all.report.errors, one.report.errors);
    EXPECT_EQ(all.report.entries, one.report.entries);
    EXPECT_EQ(all.report.duplicates, one.report.duplicates);
    EXPECT_EQ(all.data->ip4->addresses(), one.data->ip4->addresses());
    ASSERT_EQ(all.data->verdicts.values(), one.data->verdicts.values());
    EXPECT_NE(all.data->ip4->Lookup(HostOrder("192.0.2.77")), kNotListed);
    for (size_t i = 0; i < 200'000; ++i) {
      const auto address = static_cast<uint32_t>(random()) >> (random() % 4 * 8);
      ASSERT_EQ(all.data->ip4->Lookup(address), one.data->ip4->Lookup(address)) << address;
    }
  }
}

TEST(SplitLines, ALoadThatIsStoppedFails) {
  const TempFolder folder;
  std::mt19937 random(3);
  const FeedConfig config = ListOf(folder.Write("list.txt", RandomLines(random, 400'000, 10)));
  std::stop_source stop;
  stop.request_stop();
  LoadReport report;
  const auto data = LoadFeed(config, nullptr, &report, nullptr, {.stop = stop.get_token()});
  ASSERT_FALSE(data);
  EXPECT_NE(data.error().message.find("stopped"), std::string::npos) << data.error().message;
}

// While the thread is at work on what comes next.
TEST(SplitLines, ALoadThatNeedsTooMuchMemoryFails) {
  const TempFolder folder;
  std::mt19937 random(4);
  FeedConfig config = ListOf(folder.Write("list.txt", RandomLines(random, 400'000, 10)));
  for (const uint64_t most : {1'000u, 400'000u, 1'000'000u}) {
    config.guards.max_memory = most;
    LoadReport report;
    const auto data = LoadFeed(config, nullptr, &report, nullptr, {});
    ASSERT_FALSE(data);
    EXPECT_TRUE(report.refused);
    EXPECT_LT(report.lines, 400'000u);
  }
}

}  // namespace
}  // namespace rblitz
