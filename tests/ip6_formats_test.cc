#include <gtest/gtest.h>

#include "loaders/feed.h"
#include "loaders/ip6_text.h"
#include "tests/feed_fixture.h"
#include "tests/rbldnsd_cases.h"

namespace rblitz {
namespace {

TEST(Ip6Trie, ReadsAddressesPrefixesAndCidr) {
  Check("ip6trie",
        {
            {"::", {{"::", "127.0.0.2"}, {"::1", "-"}}},
            {"::1", {{"::1", "127.0.0.2"}, {"::", "-"}, {"::2", "-"}}},
            {"1::", {{"1::", "127.0.0.2"}, {"1::1", "-"}}},
            {"2001/16", {{"2001::", "127.0.0.2"}, {"2001:ffff::1", "127.0.0.2"}, {"2002::", "-"}}},
            {"2001:db8", {{"2001:db8::", "127.0.0.2"}, {"2001:db8:ffff::1", "127.0.0.2"}, {"2001:db9::", "-"}}},
            {"2001:DB8:Aa", {{"2001:db8:aa:1::", "127.0.0.2"}, {"2001:db8:ab::", "-"}}},
            {"2001:db8::/32", {{"2001:db8:ffff::1", "127.0.0.2"}, {"2001:db7:ffff::1", "-"}}},
            {"2001:db8/33", {{"2001:db8:7fff::1", "127.0.0.2"}, {"2001:db8:8000::1", "-"}}},
            {"1:0/16", {{"1:ffff::", "127.0.0.2"}}},
            {"1:2:3:4:5:6:7::", {{"1:2:3:4:5:6:7:0", "127.0.0.2"}}},
            {"::2:3:4:5:6:7:8", {{"0:2:3:4:5:6:7:8", "127.0.0.2"}}},
            {"1::5:6", {{"1:0:0:0:0:0:5:6", "127.0.0.2"}}},
            {"00001::1\n0000000002::1", {{"1::1", "127.0.0.2"}, {"2::1", "127.0.0.2"}}},
            {"1::2/0128", {{"1::2", "127.0.0.2"}, {"1::3", "-"}}},
            {"0/0 :5:x", {{"::", "127.0.0.5 x"}, {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "127.0.0.5 x"}}},
            {"::ffff:7f00:2", {{"::ffff:127.0.0.2", "127.0.0.2"}, {"127.0.0.2", "-"}}},
        });
}

TEST(Ip6Trie, RejectsWhatRbldnsdRejects) {
  for (const char* key :
       {"2001", "2001:db8:", "1::2:3:4:5:6:7:8", "1:2:3:4:0:5:6.7.8.9", "1::1.2.3.4", "1::%eth0", "g::1", "12345::1",
        "1::x", "::ffff:1.2.3.4", "::5:x", "::x", "1.2.3.4", "10.0.0.0/8", "!2001", "!!::1"}) {
    const std::string shown = key[0] == '!' ? key + 1 : key;
    Check("ip6trie", {{key, {}, {"1: bad address '" + shown + "'"}}});
  }
  for (const char* key : {"1::/129", "1::/", "1::/x"}) {
    Check("ip6trie", {{key, {}, {std::string("1: bad prefix '") + key + "'"}}});
  }
  for (const char* key : {"1:2::/16", "2001:db8::1/127", "1::/0"}) {
    Check("ip6trie", {{key, {}, {std::string("1: bits after the prefix are set in '") + key + "'"}}});
  }
  for (const char* value : {":::", ":x"}) {
    Check("ip6trie",
          {{std::string("1:2:3:4:5:6:7:8 ") + value, {}, {std::string("1: bad A value in '") + value + "'"}}});
  }
}

TEST(Ip6Trie, ReadsValuesBehindTheirColon) {
  Check("ip6trie", {
                       {"1::5 :6:six\n2:3:4:5:6:7:8:9:7:t $\n1::6/128:8\n3:4 text # no comment\n5:6 # c\n7:8;c\n",
                        {{"1::5", "127.0.0.6 six"},
                         {"2:3:4:5:6:7:8:9", "127.0.0.7 t 2:3:4:5:6:7:8:9"},
                         {"1::6", "127.0.0.8"},
                         {"3:4::9", "127.0.0.2 text # no comment"},
                         {"5:6::", "127.0.0.2"},
                         {"7:8::", "127.0.0.2"}}},
                       {"1:1\n:3:def $\n1:2\n1:3 :4\n1:4 :4:\n::5\n",
                        {{"1:1::", "127.0.0.2"},
                         {"1:2::", "127.0.0.3 def 1:2::"},
                         {"1:3::", "127.0.0.4 def 1:3::"},
                         {"1:4::", "127.0.0.4"},
                         {"::5", "127.0.0.3 def ::5"}}},
                   });
}

TEST(Ip6Trie, TakesTheLongestPrefixAndOfEqualOnesTheFirst) {
  Check("ip6trie", {{"2001:db8 :3:\n!2001:db8:1 ignored\n2001:db8:1::/64 :5:\n! 2001:db8:1::7\n"
                     "2001:db8::/32 :9:\n2001:db8:1::/48 :9:\n",
                     {{"2001:db8::1", "127.0.0.3"},
                      {"2001:db8:1:1::", "-"},
                      {"2001:db8:1::6", "127.0.0.5"},
                      {"2001:db8:1::7", "-"},
                      {"2001:db8:2::", "127.0.0.3"}}}});
}

TEST(Ip6Trie, ForgetsTheDefaultAtTheEndOfAFileAndKeepsSpecials) {
  const Loaded loaded = LoadTexts("ip6trie", {"$TTL 5m\n:3:x $1\n1:1\n", "$1 v\n1:2\n"});
  EXPECT_EQ(loaded.Ask("1:1::"), "127.0.0.3 x v");
  EXPECT_EQ(loaded.Ask("1:2::"), "127.0.0.2");
  EXPECT_EQ(loaded.feed->ttl_seconds, 300u);
  EXPECT_EQ(loaded.report.entries, 2u);
}

TEST(Ip6Tset, ReadsSlash64sAndExcludedAddresses) {
  Check("ip6tset", {{"1:2:3:4\n0:0:0:0\n1:2:3:5 :5:ignored\n1:2:3:6#c\n!1:2:3:4:5:6:7:8\n! 1:2:3:4::8 x\n!::1\n!9::9\n",
                     {{"1:2:3:4::", "127.0.0.2"},
                      {"1:2:3:4:ffff::1", "127.0.0.2"},
                      {"1:2:3:4:5:6:7:8", "-"},
                      {"1:2:3:4::8", "-"},
                      {"1:2:3:5::", "127.0.0.2"},
                      {"1:2:3:6::", "127.0.0.2"},
                      {"1:2:3:7::", "-"},
                      {"::2", "127.0.0.2"},
                      {"::1", "-"},
                      {"9::9", "-"}}}});
}

TEST(Ip6Tset, RejectsWhatRbldnsdRejects) {
  for (const char* key : {"1:2:3:4/64", "1:2:3:4:5:x", "1:2:3:4:5x", "1:2:3:4:", "x", "!x", "1.2.3.4"}) {
    Check("ip6tset", {{key, {}, {std::string("1: bad address '") + key + "'"}}});
  }
  for (const char* key : {"1:2:3:4::", "1:2:3::", "1:2:3", "1:2:3:4:5", "1:2:3:4:7:8:9:10", "1:2:3:4::5"}) {
    Check("ip6tset", {{key, {}, {std::string("1: an entry must be the four groups of a /64: '") + key + "'"}}});
  }
  for (const char* key : {"!1:2:3:4", "!1:2"}) {
    Check("ip6tset", {{key, {}, {std::string("1: an exclusion must be a whole address: '") + key + "'"}}});
  }
  Check("ip6tset", {{"::2:3:4", {}, {"1: bad A value in '::2:3:4'"}}});
}

TEST(Ip6Tset, HasTheValueOfTheFirstDefaultLineForAll) {
  const Loaded loaded = LoadTexts("ip6tset", {"1:2:3:4\n:3:first $\n:4:second\n1:2:3:5\n", ":5:third\n1:2:3:6\n"});
  for (const char* address : {"1:2:3:4::1", "1:2:3:5::1", "1:2:3:6::1"}) {
    EXPECT_EQ(loaded.Ask(address), std::string("127.0.0.3 first ") + address);
  }
}

TEST(Ip6Text, ReadsWholeAddressesOnly) {
  EXPECT_EQ(ReadIp6Address("2001:db8::1"), (Ip6Address{0x20010db800000000, 1}));
  EXPECT_EQ(ReadIp6Address("::ffff:127.0.0.2"), kIp6TestListed);
  for (const std::string_view text : {std::string_view("::1\0", 4), std::string_view(""), std::string_view(":"),
                                      std::string_view("::1 "), std::string_view("1:2:3:4:5:6:7"),
                                      std::string_view("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000")}) {
    EXPECT_EQ(ReadIp6Address(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace rblitz
