#include "loaders/feed_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "loaders/byte_source.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"
#include "loaders/line_reader.h"
#include "tables/snapshot.h"

namespace rblitz {
namespace {

FeedConfig ConfigOf(const std::string& format) {
  FeedConfig config;
  config.name = "f";
  config.format = format;
  return config;
}

std::vector<FeedSource> SourcesOf(const std::vector<std::string>& files) {
  std::vector<FeedSource> sources;
  for (const std::string& text : files) {
    sources.push_back({.path = "file" + std::to_string(sources.size() + 1),
                       .bytes = std::make_unique<MemorySource>(text),
                       .size = text.size(),
                       .modified_ns = 0});
  }
  return sources;
}

std::string Lines(const std::string& format, const std::vector<std::string>& files, const Sought& sought) {
  const auto found = FindLines(ConfigOf(format), SourcesOf(files), sought);
  EXPECT_TRUE(found) << found.error().message;
  std::string text;
  for (const FoundLine& line : found.value_or(std::vector<FoundLine>())) {
    text += (text.empty() ? "" : " ") + line.path + ":" + std::to_string(line.line);
  }
  return text;
}

Sought Ip4(const char* text) {
  const std::string readable = text + std::string(kBlockSlack, '\0');
  std::string_view rest = std::string_view(readable).substr(0, std::string_view(text).size());
  Sought sought;
  sought.ip4 = TakeOctets(rest, LeadingZeros::kRefused)->address;
  return sought;
}

Sought Ip6(const char* text) {
  Sought sought;
  sought.ip6 = ReadIp6Address(text);
  return sought;
}

TEST(FeedSearch, FindsTheLinesThatDecideAddresses) {
  const std::vector<std::string> set = {"# comment\n192.0.2.0/24\n192.0.2.7 :5:\n!192.0.2.8\n",
                                        "192.0.2.7 :6:\r\n10\n"};
  EXPECT_EQ(Lines("ip4set", set, Ip4("192.0.2.1")), "file1:2");
  EXPECT_EQ(Lines("ip4set", set, Ip4("192.0.2.7")), "file1:3 file2:1");
  EXPECT_EQ(Lines("ip4set", set, Ip4("192.0.2.8")), "");
  EXPECT_EQ(Lines("ip4set", set, Ip4("192.0.3.1")), "");
  const std::vector<std::string> trie = {"192.0.2.0/24\n192.0.2.0/25 :5:\n192.0.2.0/25 :6:\n"};
  EXPECT_EQ(Lines("ip4trie", trie, Ip4("192.0.2.1")), "file1:2");
  EXPECT_EQ(Lines("ip4trie", trie, Ip4("192.0.2.200")), "file1:1");
  EXPECT_EQ(Lines("ip4tset", {":5:five\n192.0.2.1\n"}, Ip4("192.0.2.1")), "file1:2");
  EXPECT_EQ(Lines("ip6trie", {"2001:db8::/32\n2001:db8::/48\n!2001:db8::1\n"}, Ip6("2001:db8::2")), "file1:2");
  EXPECT_EQ(Lines("ip6trie", {"2001:db8::/32\n2001:db8::/48\n!2001:db8::1\n"}, Ip6("2001:db8::1")), "");
  EXPECT_EQ(Lines("ip6tset", {"2001:db8:0:1\n"}, Ip6("2001:db8:0:1::9")), "file1:1");
  EXPECT_EQ(Lines("cidr", {"bad line\n2001:db8::1\n"}, Ip6("2001:db8::1")), "file1:2");
}

TEST(FeedSearch, FindsTheLinesThatDecideNamesAndDigests) {
  const std::vector<uint8_t> name = {1, 'a', 3, 'n', 'e', 't'};
  Sought sought;
  sought.labels = name;
  EXPECT_EQ(Lines("dnset", {".net\n*.net\nA.net\n"}, sought), "file1:3");
  EXPECT_EQ(Lines("dnset", {".net\n*.net\nb.net\nxa.net\n"}, sought), "file1:1 file1:2");
  EXPECT_EQ(Lines("dnset", {"net\n"}, sought), "");
  EXPECT_EQ(Lines("domains", {"||net^\n"}, sought), "file1:1");
  EXPECT_EQ(Lines("hosts", {"0.0.0.0 b.net a.net\n"}, sought), "file1:1");
  std::vector<uint8_t> digest = {32};
  for (const char c : std::string("d41d8cd98f00b204e9800998ecf8427e")) digest.push_back(static_cast<uint8_t>(c));
  sought.labels = digest;
  EXPECT_EQ(Lines("hash", {"x\nD41D8CD98F00B204E9800998ECF8427E\n"}, sought), "file1:2");
}

// Each data set decides for itself, and only those of the zone that is asked count.
TEST(FeedSearch, FindsTheLinesOfDataSetsThatCountInAPartOfAZone) {
  const std::vector<std::string> files = {
      "$TTL 600\n$DATASET ip4set:one @ p\n192.0.2.0/24\n!192.0.2.9\n"
      "$DATASET ip4trie p\n192.0.2.9\n192.0.2.8/31\n",
      "$DATASET dnset @ q.p\n.net\n"};
  const auto lines = [&](Sought sought, const char* part) {
    sought.part = part;
    return Lines("combined", files, sought);
  };
  EXPECT_EQ(lines(Ip4("192.0.2.1"), ""), "file1:3");
  EXPECT_EQ(lines(Ip4("192.0.2.9"), ""), "");
  EXPECT_EQ(lines(Ip4("192.0.2.9"), "p"), "file1:6");
  EXPECT_EQ(lines(Ip4("192.0.2.8"), "p"), "file1:3 file1:7");
  EXPECT_EQ(lines(Ip4("192.0.2.1"), "q.p"), "");
  const std::vector<uint8_t> name = {1, 'a', 3, 'n', 'e', 't'};
  Sought sought;
  sought.labels = name;
  EXPECT_EQ(lines(sought, "q.p"), "file2:2");
  EXPECT_EQ(lines(sought, "p"), "");
}

TEST(FeedSearch, CountsLinesThatAreTooLong) {
  const std::string text = std::string((size_t{1} << 20) + 2, 'x') + "\n192.0.2.1\n";
  EXPECT_EQ(Lines("cidr", {text}, Ip4("192.0.2.1")), "file1:2");
}

// A line is found for exactly what is served, with the values that are served.
TEST(FeedSearch, AgreesWithTheLoad) {
  std::mt19937 random(5);
  for (const char* format : {"ip4set", "ip4trie"}) {
    for (int round = 0; round < 200; ++round) {
      std::string text;
      for (int line = 0; line < 30; ++line) {
        const auto length = static_cast<unsigned>(24 + random() % 9);
        const auto low_bits = static_cast<uint32_t>(random() % 256) & (~uint32_t{0} << (32 - length));
        const uint32_t address = 0xc0000200u | low_bits;
        const bool excluded = random() % 4 == 0;
        text += (excluded ? "!" : "") + std::to_string(address >> 24) + ".0.2." + std::to_string(address & 255) + "/" +
                std::to_string(length) + (excluded ? "" : " :" + std::to_string(line + 1) + ":") + "\n";
      }
      LoadReport report;
      const auto data = LoadSources(ConfigOf(format), SourcesOf({text}), nullptr, &report).value();
      for (uint32_t low = 0; low < 256; low += 5) {
        Sought sought;
        sought.ip4 = 0xc0000200u | low;
        std::vector<uint32_t> served;
        for (const Verdict& verdict : data->verdicts.at(data->ip4->Lookup(*sought.ip4))) served.push_back(verdict.a_be);
        std::vector<uint32_t> found;
        const std::vector<FoundLine> lines = FindLines(ConfigOf(format), SourcesOf({text}), sought).value();
        for (const FoundLine& line : lines) {
          found.push_back(line.a_be);
          EXPECT_EQ(__builtin_bswap32(line.a_be) & 255, line.line);
        }
        std::ranges::sort(served);
        std::ranges::sort(found);
        ASSERT_EQ(found, served) << format << "\n" << text << low;
      }
    }
  }
}

}  // namespace
}  // namespace rblitz
