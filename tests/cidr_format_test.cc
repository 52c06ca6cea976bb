#include <gtest/gtest.h>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

TEST(Cidr, ReadsAddressesPrefixesAndRangesWithComments) {
  const Loaded loaded = LoadText("cidr",
                                 "# comment\n; comment\n// comment\n  # comment\n\n \t\n"
                                 "1.1.1.1\n 1.1.2.1 \t\n1.1.3.1 # why\n1.1.4.1\t; why\n"
                                 "2.0.0.0/8\n3.1.0.0/16 ; SBL123\n"
                                 "4.0.0.1-4.0.0.9\n5.0.0.1 - 5.0.0.9 # range\n6.6.6.6-6.6.6.6\r\n7.7.7.7\r\n8.8.8.8");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{});
  EXPECT_EQ(loaded.report.entries, 11u);
  EXPECT_EQ(loaded.report.lines, 17u);
  for (const char* address :
       {"1.1.1.1", "1.1.2.1", "1.1.3.1", "1.1.4.1", "2.0.0.0", "2.255.255.255", "3.1.0.0", "3.1.255.255", "4.0.0.1",
        "4.0.0.9", "5.0.0.1", "5.0.0.9", "6.6.6.6", "7.7.7.7", "8.8.8.8"}) {
    EXPECT_EQ(loaded.Ask(address), "127.0.0.2") << address;
  }
  for (const char* address :
       {"1.1.1.2", "1.255.255.255", "3.0.255.255", "3.2.0.0", "4.0.0.0", "4.0.0.10", "5.0.0.10", "6.6.6.7"}) {
    EXPECT_EQ(loaded.Ask(address), "-") << address;
  }
}

TEST(Cidr, SaysWhyALineIsBad) {
  const struct {
    const char* line;
    const char* error;
  } cases[] = {
      {"1.2.3.0/33", "1:1: bad prefix '1.2.3.0/33'"},
      {"1.2.3.0/", "1:1: bad prefix '1.2.3.0/'"},
      {"1.2.3.0/24x # c", "1:1: bad prefix '1.2.3.0/24x'"},
      {"1.2.3.4/24", "1:1: bits after the prefix are set in '1.2.3.4/24'"},
      {"0.0.0.0/0", "1:1: prefix '0.0.0.0/0' is the whole address space"},
      {"0.0.0.0-255.255.255.255", "1:1: range '0.0.0.0-255.255.255.255' is the whole address space"},
      {"1.2.3.4-1.2.3.3", "1:1: bad range '1.2.3.4-1.2.3.3'"},
      {"1.2.3.4-5", "1:1: bad range '1.2.3.4-5'"},
      {"1.2.3.4-", "1:1: bad range '1.2.3.4-'"},
      {"1.2.3.4 -1.2.3.9 x", "1:1: bad range '1.2.3.4 -1.2.3.9 x'"},
      {"1.2.3", "1:1: bad address '1.2.3'"},
      {"1.2.3.04", "1:1: bad address '1.2.3.04'"},
      {"01.2.3.4", "1:1: bad address '01.2.3.4'"},
      {"1.2.3.256", "1:1: bad address '1.2.3.256'"},
      {"1.2.3.4.5", "1:1: bad address '1.2.3.4.5'"},
      {"1.2.3.4 x", "1:1: bad address '1.2.3.4 x'"},
      {"1.2.3.4#x", "1:1: bad address '1.2.3.4#x'"},
      {"/1.2.3.4", "1:1: bad address '/1.2.3.4'"},
      {"example.com", "1:1: bad address 'example.com'"},
      {"!1.2.3.4", "1:1: bad address '!1.2.3.4'"},
      {"2001:db8::1::2", "1:1: bad address '2001:db8::1::2'"},
      {"2001:db8:1", "1:1: bad address '2001:db8:1'"},
      {"2001:db8::g", "1:1: bad address '2001:db8::g'"},
      {"fe80::1%eth0", "1:1: bad address 'fe80::1%eth0'"},
      {"[2001:db8::1]", "1:1: bad address '[2001:db8::1]'"},
      {"2001:db8::1-2001:db8::2", "1:1: bad address '2001:db8::1-2001:db8::2'"},
      {"2001:db8::1 x", "1:1: bad address '2001:db8::1 x'"},
      {"2001:db8::/129", "1:1: bad prefix '2001:db8::/129'"},
      {"2001:db8::/", "1:1: bad prefix '2001:db8::/'"},
      {"2001:db8::/32x", "1:1: bad prefix '2001:db8::/32x'"},
      {"2001:db8::1/32", "1:1: bits after the prefix are set in '2001:db8::1/32'"},
      {"::/0", "1:1: prefix '::/0' is the whole address space"},
      {"::ffff:0:0/96", "1:1: prefix '::ffff:0:0/96' is the whole address space"},
      {"::ffff:1.2.3.4/120", "1:1: bits after the prefix are set in '::ffff:1.2.3.4/120'"},
      {"a\x01\xff'\t", "1:1: bad address 'a\\x01\\xff''"},
  };
  for (const auto& c : cases) {
    const Loaded loaded = LoadText("cidr", c.line);
    EXPECT_EQ(loaded.report.errors, std::vector<std::string>{c.error});
    EXPECT_EQ(loaded.report.entries, 0u) << c.line;
  }
}

TEST(Cidr, ReadsBothFamilies) {
  const Loaded loaded = LoadText("cidr",
                                 "1.1.1.1\n2001:db8::/32 ; SBL1\n2001:DB8:0:0:1:2:3:4 # inside\n::1\n"
                                 "::ffff:2.2.2.2\n::ffff:3.3.3.0/120\n  fe80::/10\t\n2001:db8::/32\n::/1\r\n");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{});
  EXPECT_EQ(loaded.report.entries, 8u);
  EXPECT_EQ(loaded.report.duplicates, 1u);
  for (const char* address :
       {"1.1.1.1", "2.2.2.2", "3.3.3.255", "2001:db8::", "2001:db8:ffff::1", "::1", "::", "febf:ffff::1", "7fff::"}) {
    EXPECT_EQ(loaded.Ask(address), "127.0.0.2") << address;
  }
  for (const char* address : {"2.2.2.3", "3.3.4.0", "8000::", "fec0::", "fe7f::"}) {
    EXPECT_EQ(loaded.Ask(address), "-") << address;
  }
  // Listed by ::/1 alone: the other family's table has it.
  EXPECT_EQ(loaded.feed->ip6->Match(Ip6Of("::ffff:2.2.2.2")).length, 1);
  EXPECT_EQ(loaded.feed->ip6->Match(Ip6Of("2001:db8::1:2:3:4")).length, 128);
}

TEST(Cidr, IgnoresALabelBehindANetwork) {
  const Loaded loaded = LoadText("cidr", "192.0.2.0/24 hq-dmz\n2001:db8::/32\tHQ v6 # why\n10.0.0.0/8 - 10.0.0.1\n");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{"1:3: bad prefix '10.0.0.0/8 - 10.0.0.1'"});
  EXPECT_EQ(loaded.Ask("192.0.2.9"), "127.0.0.2");
  EXPECT_EQ(loaded.Ask("2001:db8::9"), "127.0.0.2");
}

TEST(Cidr, HasNoIpv6TableWhereNothingIsIpv6) {
  EXPECT_EQ(LoadText("cidr", "1.1.1.1\n::ffff:2.2.2.2\n").feed->ip6, nullptr);
}

TEST(Cidr, CountsWhatCameAndWentInBothFamilies) {
  const Loaded before = LoadText("cidr", "1.1.1.1\n1.1.1.2\n2001:db8::/32\n2001:db8:1::/64\n2001:db8::1\n");
  const TempFolder folder;
  const FeedConfig config{.name = "test",
                          .paths = {folder.Write("1", "1.1.1.2\n1.1.1.3\n2001:db8::/32\n2001:db8:2::/64\n")},
                          .format = "cidr"};
  const Loaded after = Load(config, before.feed.get());
  EXPECT_EQ(after.report.entries, 4u);
  EXPECT_EQ(after.report.added, 2u);
  EXPECT_EQ(after.report.removed, 3u);
  const Loaded none = Load({.name = "test", .paths = {folder.Write("2", "")}, .format = "cidr"}, after.feed.get());
  EXPECT_EQ(none.report.removed, 4u);
}

TEST(Cidr, TellsExactEntriesForTheIpv6TestPoints) {
  const Loaded mapped = LoadText("cidr", "::ffff:127.0.0.2\n::/8\n");
  EXPECT_FALSE(mapped.feed->ip6_test_listed.present);
  EXPECT_TRUE(mapped.feed->test_listed.present);
  const Loaded trie = LoadText("ip6trie", "0:0:0:0:0:ffff:7f00:2\n!::ffff:7f00:1\n");
  EXPECT_TRUE(trie.feed->ip6_test_listed.present);
  EXPECT_NE(trie.feed->ip6_test_listed.value, kNotListed);
  EXPECT_TRUE(trie.feed->ip6_test_unlisted.present);
  EXPECT_EQ(trie.feed->ip6_test_unlisted.value, kNotListed);
}

TEST(Cidr, ShowsAtMost60BytesOfABadLine) {
  std::string expected("1:1: bad address '");
  expected.append(60, 'x').append("...'");
  EXPECT_EQ(LoadText("cidr", std::string(100, 'x')).report.errors, std::vector{expected});
}

TEST(Cidr, GivesAllEntriesTheConfiguredValue) {
  const TempFolder folder;
  FeedConfig config{
      .name = "drop", .paths = {folder.Write("drop.txt", "192.0.2.0/24 ; SBL1\n1.2.3.0/33\n")}, .format = "cidr"};
  EXPECT_EQ(Load(config).Ask("192.0.2.7"), "127.0.0.2");
  config.a_be = htonl(0x7f000009);
  config.text = "In $feed: $";
  const Loaded loaded = Load(config);
  EXPECT_EQ(loaded.Ask("192.0.2.7"), "127.0.0.9 In drop: 192.0.2.7");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{"drop.txt:2: bad prefix '1.2.3.0/33'"});
}

TEST(Cymru, TakesTheTimeOfTheDataFromTheHeader) {
  for (const char* format : {"cymru-bogons", "cymru-fullbogons"}) {
    const Loaded loaded =
        LoadText(format, "# last updated 1450193702 (Tue Dec 15 15:35:02 2015 GMT)\n0.0.0.0/8\n// c\n224.0.0.0/3\n");
    EXPECT_EQ(loaded.feed->data_time, 1450193702);
    EXPECT_EQ(loaded.report.errors, std::vector<std::string>{});
    EXPECT_EQ(loaded.report.entries, 2u);
    EXPECT_EQ(loaded.Ask("240.0.0.1"), "127.0.0.2");
  }
  const Loaded two = LoadTexts("cymru-fullbogons",
                               {"# last updated 1450193702\n10.0.0.0/8\n", "# last updated 1350193702\n2001:db8::/32\n",
                                "# last updated 1440193702\n192.168.0.0/16\n"});
  ASSERT_NE(two.feed, nullptr) << two.error;
  EXPECT_EQ(two.feed->data_time, 1350193702);
  const std::string ahead = LoadText("cymru-fullbogons", "# last updated 4000000000\n10.0.0.0/8\n").error;
  EXPECT_TRUE(ahead.starts_with("feed test: the time in the header is ")) << ahead;
  const Loaded damaged = LoadText("cymru-fullbogons", "# last updated yesterday\n10.0.0.0/8\n");
  EXPECT_EQ(damaged.report.errors, std::vector<std::string>{"1:1: bad time in the header '# last updated yesterday'"});
  EXPECT_EQ(damaged.Ask("10.0.0.1"), "127.0.0.2");
}

}  // namespace
}  // namespace rblitz
