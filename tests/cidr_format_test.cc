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
      {"2001:db8::1", "1:1: IPv6 address in an IPv4 list: '2001:db8::1'"},
      {"2001:db8::/32 ; c", "1:1: IPv6 address in an IPv4 list: '2001:db8::/32'"},
      {"::ffff:1.2.3.4", "1:1: IPv6 address in an IPv4 list: '::ffff:1.2.3.4'"},
      {"a\x01\xff'\t", "1:1: bad address 'a\\x01\\xff''"},
  };
  for (const auto& c : cases) {
    const Loaded loaded = LoadText("cidr", c.line);
    EXPECT_EQ(loaded.report.errors, std::vector<std::string>{c.error});
    EXPECT_EQ(loaded.report.entries, 0u) << c.line;
  }
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
  const Loaded damaged = LoadText("cymru-fullbogons", "# last updated yesterday\n10.0.0.0/8\n");
  EXPECT_EQ(damaged.report.errors, std::vector<std::string>{"1:1: bad time in the header '# last updated yesterday'"});
  EXPECT_EQ(damaged.Ask("10.0.0.1"), "127.0.0.2");
}

}  // namespace
}  // namespace rblitz
