#include <gtest/gtest.h>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"
#include "tests/rbldnsd_cases.h"

namespace rblitz {
namespace {

TEST(Templates, ExpandAsRbldnsdExpandsThem) {
  const std::string x250(250, 'x');
  Check("ip4set", {
                      {"1.1.1.1 a $1 $$ $9 $ z\n$1 v$x$2$$w\n$2 two\n$1 ignored\n",
                       {{"1.1.1.1", "127.0.0.2 a v$x$2$$w $ $9 1.1.1.1 z"}}},
                      {"1.1.1.1 $\n1.1.1.2 $$$\n1.1.1.3 $a$10\n$1 one\n",
                       {{"1.1.1.1", "127.0.0.2 1.1.1.1"},
                        {"1.1.1.2", "127.0.0.2 $1.1.1.2"},
                        {"1.1.1.3", "127.0.0.2 1.1.1.3aone0"}}},
                      {"1.1.1.1 a $= b\n1.1.1.2 =raw $= eq\n1.1.1.3 $=\n1.1.1.4 =\n1.1.1.5 ==\n",
                       {{"1.1.1.1", "127.0.0.2 a a $= b b"},
                        {"1.1.1.2", "127.0.0.2 raw raw $= eq eq"},
                        {"1.1.1.3", "127.0.0.2 $="},
                        {"1.1.1.4", "127.0.0.2"},
                        {"1.1.1.5", "127.0.0.2 ="}}},
                      {"1.1.1.1 e $1 $ $$\n1.1.1.2 =raw $= eq $1\n1.1.1.3 :2:\n1.1.1.4 =\n1.1.1.5\n1.1.1.6 ==x\n"
                       "$= base $ [$=] $1 end\n$1 var$\n$= ignored\n",
                       {{"1.1.1.1", "127.0.0.2 base 1.1.1.1 [e $1 $ $$] var$ end"},
                        {"1.1.1.2", "127.0.0.2 raw raw $= eq $1 eq var$"},
                        {"1.1.1.3", "127.0.0.2 base 1.1.1.3 [1.1.1.3] var$ end"},
                        {"1.1.1.4", "127.0.0.2"},
                        {"1.1.1.5", "127.0.0.2 base 1.1.1.5 [1.1.1.5] var$ end"},
                        {"1.1.1.6", "127.0.0.2 =x"}}},
                      {"$= [$=]\n:2:d $ x\n1.1.1.1\n!1.1.1.2\n", {{"1.1.1.1", "127.0.0.2 [d $ x]"}, {"1.1.1.2", "-"}}},
                  });
  // 255 bytes of an entry are kept, 254 of what is made of it.
  const std::string twice_ab = [] {
    std::string text;
    for (int i = 0; i < 127; ++i) text += "ab";
    return text;
  }();
  const std::string dollars = "127.0.0.2 " + std::string(127, '$') + "1.1.1.1";
  const std::string cut = "127.0.0.2 " + x250 + "1.1.";
  const std::string y254 = "127.0.0.2 " + std::string(254, 'y');
  const std::string ab = "127.0.0.2 " + twice_ab;
  std::string many;
  for (int i = 0; i < 200; ++i) many += "$1";
  Check("ip4trie", {
                       {"1.1.1.1 " + x250 + "$\n", {{"1.1.1.1", cut.c_str()}}},
                       {"1.1.1.1 " + std::string(300, 'y') + "\n", {{"1.1.1.1", y254.c_str()}}},
                       {"1.1.1.1 " + std::string(300, '$') + "\n", {{"1.1.1.1", dollars.c_str()}}},
                       {"1.1.1.1 " + many + "\n$1 ab\n", {{"1.1.1.1", ab.c_str()}}},
                       {"$= " + std::string(300, 'y') + "\n1.1.1.1\n", {{"1.1.1.1", y254.c_str()}}},
                       {"1.1.1.1 $1\n$1 " + std::string(300, 'y') + "\n", {{"1.1.1.1", y254.c_str()}}},
                   });
}

TEST(Templates, CarryVariablesAcrossTheFilesOfAFeed) {
  const Loaded loaded = LoadTexts("ip4set", {"1.1.1.1 $1 $2\n$1 one\n", "$1 other\n$2 two\n1.1.1.2 $1 $2\n"});
  EXPECT_EQ(loaded.Ask("1.1.1.1"), "127.0.0.2 one two");
  EXPECT_EQ(loaded.Ask("1.1.1.2"), "127.0.0.2 one two");
}

TEST(Templates, OfTheConfigurationNameTheFeed) {
  const TempFolder folder;
  FeedConfig config{.name = "a$1b",
                    .paths = {folder.Write("f", "1.1.1.1\n1.1.1.2 :5\n1.1.1.3 own\n:6\n1.1.1.4\n1.1.1.5 :7:\n")},
                    .format = "ip4set",
                    .a_be = htonl(0x7f000009),
                    .text = "In $feed, $$feed: $ $$"};
  Loaded loaded = Load(config);
  EXPECT_EQ(loaded.Ask("1.1.1.1"), "127.0.0.9 In a$1b, $feed: 1.1.1.1 $");
  EXPECT_EQ(loaded.Ask("1.1.1.2"), "127.0.0.5 In a$1b, $feed: 1.1.1.2 $");
  EXPECT_EQ(loaded.Ask("1.1.1.3"), "127.0.0.9 own");
  EXPECT_EQ(loaded.Ask("1.1.1.4"), "127.0.0.6 In a$1b, $feed: 1.1.1.4 $");
  EXPECT_EQ(loaded.Ask("1.1.1.5"), "127.0.0.7");
  config.text = "=literal";
  EXPECT_EQ(Load(config).Ask("1.1.1.1"), "127.0.0.9 =literal");
  config.format = "ip4tset";
  EXPECT_EQ(Load(config).Ask("1.1.1.1"), "127.0.0.6 =literal");
}

// rbldnsd has no texts but those of files; one of the configuration is a template wherever it stands. The network of
// $prefix is nothing here, where no zone is asked.
TEST(Templates, OfTheConfigurationAreExpandedInTheBaseTemplateToo) {
  const TempFolder folder;
  FeedConfig config{.name = "a$1b",
                    .paths = {folder.Write("f", "$= [$=] $1 of $prefix\n$1 one\n1.1.1.1\n1.1.1.2 own $ $prefix\n")},
                    .format = "ip4set",
                    .text = "$ is in $feed, $1, $$, $=, $prefix"};
  const Loaded loaded = Load(config);
  EXPECT_EQ(loaded.Ask("1.1.1.1"), "127.0.0.2 [1.1.1.1 is in a$1b, one, $, 1.1.1.1, ] one of 1.1.1.1prefix");
  EXPECT_EQ(loaded.Ask("1.1.1.2"), "127.0.0.2 [own $ $prefix] one of 1.1.1.2prefix");
  config.paths = {folder.Write("without", "1.1.1.1\n")};
  config.text = "=<$=>";
  EXPECT_EQ(Load(config).Ask("1.1.1.1"), "127.0.0.2 =<=<1.1.1.1>>");
  config.paths = {folder.Write("control", "1.1.1.1 \1 $\1.\n")};  // nothing but a byte
  EXPECT_EQ(Load(config).Ask("1.1.1.1"), "127.0.0.2 \1 1.1.1.1\1.");
}

// Nor do texts that formats make show how they are kept.
TEST(Templates, OfFormatsAreExpandedInTheBaseTemplateToo) {
  const Loaded loaded = LoadText("combined",
                                 "$= <$=>\n$DATASET cymru-origin o\n64496 | 192.0.2.0/24 | ZZ | arin | 2001-02-03\n"
                                 "$DATASET cymru-cap c\nbot|192.0.2.1|64496|2026-11-21 00:00:00|$5 a $;|E, ZZ\n");
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  const auto ask = [&](size_t part) {
    return Loaded{.feed = loaded.feed->parts.at(part).data, .report = {}, .error = {}}.Ask("192.0.2.1");
  };
  EXPECT_EQ(ask(0), "0.0.0.0 <64496 |  | ZZ | arin | 2001-02-03>");
  EXPECT_EQ(ask(1), "127.0.0.4 <bot: $5 a $>");
}

TEST(Specials, AreRejectedWhereRbldnsdRejectsThem) {
  for (const char* line : {"$",
                           "$ TTL 5",
                           "$FOO 1",
                           "$TTL",
                           "$TTL 5x",
                           "$TTL 5 x",
                           "$TTL 1m30s",
                           "$TTL 4294967296",
                           "$TTL 10000000w",
                           "#$TTL x",
                           ";$TTL x",
                           ":$TTL x",
                           "$SOA 1 a b 0 1 2 3",
                           "$SOA 1 a b 0 1 2 3 4 5",
                           "$SOA 0x1 a b 0 1 2 3 4",
                           "$SOA 1 a b 1h 1 2 3 4",
                           "$NS 5",
                           "$NS a",
                           "$NSX 5 a",
                           "$1",
                           "$11 x",
                           "$=x",
                           "$=",
                           "$MAXRANGE4 0",
                           "$MAXRANGE4 /0",
                           "$MAXRANGE4 /33",
                           "$MAXRANGE4 5 x",
                           "$TIMESTAMP 2020",
                           "$TIMESTAMP 2020:13:02",
                           "$TIMESTAMP 2020:02:30",
                           "$TIMESTAMP 2020:02:32",
                           "$TIMESTAMP 2026:0:01",
                           "$TIMESTAMP 2026:11:01 400d",
                           "$TIMESTAMP 0 +1d",
                           "$TIMESTAMP 2026:11:01 2027:01:01 x",
                           "$TIMESTAMP 2026:11:01T10:00:00",
                           "$TIMESTAMP 2026:11:01 10:00:00",
                           "$TIMESTAMP 2026:11:01:24",
                           "$TIMESTAMP 2026:11:01:23:60",
                           "$TIMESTAMP 2026:11:01:23:59:60",
                           "$TIMESTAMP 1969:01:01",
                           "$TIMESTAMP 2026:11:01 +5x",
                           "$TIMESTAMP 20261101 10",
                           "$TIMESTAMP",
                           "$TIMESTAMP 2020:01:01:",
                           "$DATASET ip4set @"}) {
    Check("ip4set", {{line, {}, {std::string("1: bad special '") + line + "'"}}});
  }
}

TEST(Specials, AreReadWhereRbldnsdReadsThem) {
  for (const char* line : {"$ttl 5",
                           "$TTL 5M",
                           "$TTL 4294967295",
                           "#$TTL 5",
                           ";$TTL 5",
                           ":$TTL 5",
                           "  $TTL 5",
                           "# $TTL x",
                           "$SOA 1 a..b b 0 1 2 3 4",
                           "$SOA 1m a. b. 0 1h 2d 3w 4s",
                           "$NS 5 a",
                           "$NS 5 -a",
                           "$NS 5 -a b",
                           "$NAMESERVER 5 a b",
                           "$nameserver 5 a",
                           "$NS 5 a  b\tc",
                           "$1 x",
                           "$= x",
                           "$MAXRANGE4 5",
                           "$MAXRANGE4 /024",
                           "$MAXRANGE4 /1",
                           "$MAXRANGE4 4294967295",
                           "$TIMESTAMP 2020:01:02",
                           "$TIMESTAMP 20200102",
                           "$TIMESTAMP 2020-01-02",
                           "$TIMESTAMP 2020:01:02:03",
                           "$TIMESTAMP 2020:01:02:03:04",
                           "$TIMESTAMP 2020:01:02:03:04:05",
                           "$TIMESTAMP 20200102030405",
                           "$TIMESTAMP 2020:1:2",
                           "$TIMESTAMP 0",
                           "$TIMESTAMP -",
                           "$TIMESTAMP :",
                           "$TIMESTAMP 0 2030:01:01",
                           "$TIMESTAMP 2020:01:02 +1d",
                           "$TIMESTAMP 2020:11:01 -",
                           "$TIMESTAMP 2020:11:01 0",
                           "$TIMESTAMP 2020-11-01-23-59-59",
                           "$TIMESTAMP 2020:11-01",
                           "$TIMESTAMP 2020110110",
                           "$TIMESTAMP 202011011"}) {
    Check("ip4set", {{line, {}}});
  }
}

TEST(Specials, GiveTheFirstSoaAndNsAndTheLastTtl) {
  const Loaded loaded = LoadTexts(
      "ip4set",
      {"$TTL 5m\n$SOA 0 NS.example. host.example 7 1h 2m 3d 1w\n$TTL 0\n",
       "$SOA 1 x. y. 1 1 1 1 1\n$NS 1d Ns1.example. -old.example ns2.example ns2.example\n$NS 1 x\n$TTL 10\n"});
  ASSERT_NE(loaded.feed, nullptr);
  EXPECT_EQ(loaded.feed->soa, (Soa{.ttl_seconds = 300,
                                   .mname = "NS.example",
                                   .rname = "host.example",
                                   .serial = 7,
                                   .refresh_seconds = 3600,
                                   .retry_seconds = 120,
                                   .expire_seconds = 259200,
                                   .minimum_seconds = 604800}));
  EXPECT_EQ(loaded.feed->ns, (NameServers{.ttl_seconds = 86400, .names = {"Ns1.example", "ns2.example"}}));
  EXPECT_EQ(loaded.feed->ttl_seconds, 10u);
}

TEST(Specials, AllowAtMost32NameServers) {
  std::string line = "$NS 1";
  for (int i = 0; i < 32; ++i) line += " ns" + std::to_string(i);
  EXPECT_EQ(LoadText("ip4set", line).feed->ns->names.size(), 32u);
  EXPECT_EQ(LoadText("ip4set", line + " one.more").report.rejected, 1u);
}

TEST(Specials, RefuseNamesThatDnsCannotCarry) {
  EXPECT_EQ(LoadText("ip4set", "$NS 1 " + std::string(63, 'a') + ".b").report.rejected, 0u);
  EXPECT_EQ(LoadText("ip4set", "$NS 1 " + std::string(64, 'a') + ".b").report.rejected, 1u);
  std::string name;
  for (int i = 0; i < 127; ++i) name += "a.";
  EXPECT_EQ(LoadText("ip4set", "$NS 1 " + name).report.rejected, 0u);
  EXPECT_EQ(LoadText("ip4set", "$NS 1 " + name + "b").report.rejected, 1u);
}

TEST(Specials, StampAndExpireTheData) {
  const Loaded loaded =
      LoadTexts("ip4trie", {"$TIMESTAMP 2020:01:02:03:04:05 +2w\n", "$TIMESTAMP 2019:01:01 2019:12:31:23:59:59\n"});
  EXPECT_EQ(loaded.feed->data_time, 1577934245);
  EXPECT_EQ(loaded.feed->expires, 1577836799);
  // rbldnsd reads no year above 2037.
  EXPECT_EQ(LoadText("ip4set", "$TIMESTAMP 2020:01:01 2099:01:01\n").feed->expires, 4070908800);
  EXPECT_EQ(LoadText("ip4set", "$TIMESTAMP 2020:01:01\n").feed->expires, 0);
}

TEST(Specials, RefuseDataFromTheFuture) {
  const Loaded loaded = LoadText("ip4set", "1.1.1.1\n$TIMESTAMP 2098:01:01\n");
  EXPECT_EQ(loaded.feed, nullptr);
  EXPECT_TRUE(loaded.error.starts_with("feed test: $TIMESTAMP is ")) << loaded.error;
  EXPECT_TRUE(loaded.error.ends_with(" seconds in the future")) << loaded.error;
}

}  // namespace
}  // namespace rblitz
