// Expected answers are those of rbldnsd 1.0pre (Debian 1.0~20210120-2) for the same files, but where a comment says
// that it is wrong.
#include <gtest/gtest.h>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

struct Question {
  const char* address;
  const char* answer;
};

struct Case {
  std::string text;
  std::vector<Question> questions;
  std::vector<std::string> errors = {};  // "line: what"
};

void Check(std::string_view format, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Loaded loaded = LoadText(format, c.text);
    for (const Question& q : c.questions) EXPECT_EQ(loaded.Ask(q.address), q.answer) << c.text << " for " << q.address;
    std::vector<std::string> errors;
    for (const std::string& error : c.errors) errors.push_back("1:" + error);
    EXPECT_EQ(loaded.report.errors, errors) << c.text;
    EXPECT_EQ(loaded.report.rejected, errors.size()) << c.text;
  }
}

TEST(Ip4Set, ReadsAddressesPrefixesAndRanges) {
  Check("ip4set",
        {
            {"1.2.3.4", {{"1.2.3.4", "127.0.0.2"}, {"1.2.3.3", "-"}, {"1.2.3.5", "-"}}},
            {"061.01.02.003\n0027.2.3.4", {{"61.1.2.3", "127.0.0.2"}, {"27.2.3.4", "127.0.0.2"}}},
            {"10/8",
             {{"9.255.255.255", "-"}, {"10.0.0.0", "127.0.0.2"}, {"10.255.255.255", "127.0.0.2"}, {"11.0.0.0", "-"}}},
            {"10-11", {{"10.0.0.0", "127.0.0.2"}, {"11.255.255.255", "127.0.0.2"}, {"12.0.0.0", "-"}}},
            {"1.2", {{"1.1.255.255", "-"}, {"1.2.0.0", "127.0.0.2"}, {"1.2.255.255", "127.0.0.2"}, {"1.3.0.0", "-"}}},
            {"1.2.3", {{"1.2.2.255", "-"}, {"1.2.3.0", "127.0.0.2"}, {"1.2.3.255", "127.0.0.2"}, {"1.2.4.0", "-"}}},
            {"80.0/12", {{"80.0.0.0", "127.0.0.2"}, {"80.15.255.255", "127.0.0.2"}, {"80.16.0.0", "-"}}},
            {"72/6",
             {{"71.255.255.255", "-"}, {"72.0.0.0", "127.0.0.2"}, {"75.255.255.255", "127.0.0.2"}, {"76.0.0.0", "-"}}},
            {"1.2.3.4/31", {{"1.2.3.4", "127.0.0.2"}, {"1.2.3.5", "127.0.0.2"}, {"1.2.3.6", "-"}}},
            {"1.2.3.4/032", {{"1.2.3.4", "127.0.0.2"}, {"1.2.3.5", "-"}}},
            {"1.2.3.3-5", {{"1.2.3.2", "-"}, {"1.2.3.3", "127.0.0.2"}, {"1.2.3.5", "127.0.0.2"}, {"1.2.3.6", "-"}}},
            {"1.2.3.3-00005", {{"1.2.3.5", "127.0.0.2"}, {"1.2.3.6", "-"}}},
            {"1.2.3.3-1.2.3.3", {{"1.2.3.3", "127.0.0.2"}, {"1.2.3.4", "-"}}},
            {"1.2.3.250-1.2.4.5",
             {{"1.2.3.249", "-"}, {"1.2.3.250", "127.0.0.2"}, {"1.2.4.5", "127.0.0.2"}, {"1.2.4.6", "-"}}},
            {"127.16-31",
             {{"127.15.255.255", "-"},
              {"127.16.0.0", "127.0.0.2"},
              {"127.31.255.255", "127.0.0.2"},
              {"127.32.0.0", "-"}}},
            {"29.1.2-3", {{"29.1.2.0", "127.0.0.2"}, {"29.1.3.255", "127.0.0.2"}, {"29.1.4.0", "-"}}},
            {"81.1-82.2",
             {{"81.0.9.9", "-"}, {"81.1.0.0", "127.0.0.2"}, {"82.2.255.255", "127.0.0.2"}, {"82.3.0.0", "-"}}},
            {"0-255", {{"0.0.0.0", "127.0.0.2"}, {"255.255.255.255", "127.0.0.2"}}},
        });
}

TEST(Ip4Set, RejectsWhatRbldnsdRejects) {
  for (const char* key : {"5",
                          "256.1.1.1",
                          "1.2.3.4.5",
                          "1.2.3.",
                          "1.2.3.4x",
                          "1.2.3.4!x",
                          "1.2.3.4-1.2.3",
                          "1.2.3.4-1.2.3.4.5",
                          "1.2.3.4-1",
                          "1.2.3.4-300",
                          "1.2.3.4-1000",
                          "65.-66",
                          "1.2.3/24-5",
                          "!!1.2.3.4",
                          "x",
                          "-",
                          "1.2.3.5-5/24",
                          "2001:db8::1",
                          "99999999999.1.1.1",
                          "!",
                          "!x"}) {
    const std::string shown = key[0] == '!' ? key + 1 : key;
    Check("ip4set", {{key, {}, {"1: bad address '" + shown + "'"}}});
  }
  for (const char* key : {"1.2.3.4/33", "1.2.3.4/", "1.2.3.4/+5", "0/0", "0.0.0.0/0", "1.2.3.4/0", "1.2.3.4/x"}) {
    Check("ip4set", {{key, {}, {std::string("1: bad prefix '") + key + "'"}}});
  }
  for (const char* key : {"1.2.3/16", "1.2.3.5/31", "1.2.3.4/24"}) {
    Check("ip4set", {{key, {}, {std::string("1: bits after the prefix are set in '") + key + "'"}}});
  }
}

TEST(Ip4Set, ReadsValues) {
  Check("ip4set",
        {
            {"1.1.1.1 :5:text here ", {{"1.1.1.1", "127.0.0.5 text here"}}},
            {"1.1.1.1:6:no space", {{"1.1.1.1", "127.0.0.6 no space"}}},
            {"1.1.1.1/32:6", {{"1.1.1.1", "127.0.0.6"}}},
            {"1.1.1.1\t:7\t: \ttab\tin  ", {{"1.1.1.1", "127.0.0.7 tab\tin"}}},
            {"1.1.1.1 :1.2:x", {{"1.1.1.1", "1.0.0.2 x"}}},
            {"1.1.1.1 :1.2.3:x", {{"1.1.1.1", "1.2.0.3 x"}}},
            {"1.1.1.1 :0.0.0.5:x", {{"1.1.1.1", "0.0.0.5 x"}}},
            {"1.1.1.1 :005:x", {{"1.1.1.1", "127.0.0.5 x"}}},
            {"1.1.1.1 some text # no comment", {{"1.1.1.1", "127.0.0.2 some text # no comment"}}},
            {"1.1.1.1 :3: #text", {{"1.1.1.1", "127.0.0.3 #text"}}},
            {"1.1.1.1 \"q\" \\", {{"1.1.1.1", "127.0.0.2 \"q\" \\"}}},
            {"1.1.1.1 - 1.1.1.3", {{"1.1.1.1", "127.0.0.2 - 1.1.1.3"}, {"1.1.1.2", "-"}}},
            {"1.1.1.1 @ delay=60", {{"1.1.1.1", "127.0.0.2 @ delay=60"}}},
            {"1.1.1.1 # c\n2.2.2.2;c\n3.3.3.3# c\n4.4.4.4 ;:5:x",
             {{"1.1.1.1", "127.0.0.2"}, {"2.2.2.2", "127.0.0.2"}, {"3.3.3.3", "127.0.0.2"}, {"4.4.4.4", "127.0.0.2"}}},
        });
}

TEST(Ip4Set, RejectsLinesWithBadValues) {
  for (const char* value : {":0:x", ":256:x", ":0.0.0.0:x", "::x", ":", ": 5:x", ":x", ":-1"}) {
    Check("ip4set",
          {{std::string("1.1.1.1 ") + value, {{"1.1.1.1", "-"}}, {std::string("1: bad A value in '") + value + "'"}}});
    Check("ip4set", {{std::string(value) + "\n1.1.1.1",
                      {{"1.1.1.1", "127.0.0.2"}},
                      {std::string("1: bad A value in '") + value + "'"}}});
  }
  for (const char* value :
       {":5 junk", ":5#c", ":5;c", ":5 #c", ":5x", ":127.0.0.2.:x", ":127.0.0.2/32:x", ":1.2.3.4.5:x"}) {
    Check("ip4set",
          {{std::string("1.1.1.1 ") + value, {{"1.1.1.1", "-"}}, {std::string("1: bad value '") + value + "'"}}});
  }
}

TEST(Ip4Set, TakesWhatAValueDoesNotSayFromTheDefault) {
  Check("ip4set", {{"1.1.1.0\n"
                    ":3:def $\n1.1.1.1\n1.1.1.2 :4\n1.1.1.3 :4:\n1.1.1.4 text\n"
                    "  :5 \n1.1.1.5\n1.1.1.6 text\n"
                    ":6 :spaced\n1.1.1.7\n",
                    {{"1.1.1.0", "127.0.0.2"},
                     {"1.1.1.1", "127.0.0.3 def 1.1.1.1"},
                     {"1.1.1.2", "127.0.0.4 def 1.1.1.2"},
                     {"1.1.1.3", "127.0.0.4"},
                     {"1.1.1.4", "127.0.0.3 text"},
                     {"1.1.1.5", "127.0.0.5"},
                     {"1.1.1.6", "127.0.0.5 text"},
                     {"1.1.1.7", "127.0.0.6 spaced"}}}});
}

TEST(Ip4Set, ForgetsTheDefaultAtTheEndOfAFile) {
  const Loaded loaded = LoadTexts("ip4set", {":3:x\n1.1.1.1\n", "1.1.1.2\n"});
  EXPECT_EQ(loaded.Ask("1.1.1.1"), "127.0.0.3 x");
  EXPECT_EQ(loaded.Ask("1.1.1.2"), "127.0.0.2");
}

TEST(Ip4Set, UnitesValuesOfOneLevelAndLetsExclusionsHideThem) {
  Check("ip4set",
        {
            {"1.1.1.1 :3:\n1.1.1.1 :4:\n1.1.1.1 :3:\n", {{"1.1.1.1", "127.0.0.3 | 127.0.0.4"}}},
            {"1.1.2.0/23 :5:\n1.1.2.0/24 :6:\n", {{"1.1.2.1", "127.0.0.5 | 127.0.0.6"}, {"1.1.3.1", "127.0.0.5"}}},
            {"10.1.0.0/16 :5:\n10.1.3.0/25 :6:\n", {{"10.1.3.1", "127.0.0.6"}, {"10.1.3.128", "127.0.0.5"}}},
            {"1.1.1.0/24\n!1.1.1.1\n! 1.1.1.2 :5:ignored\n!1.1.1.3#c\n",
             {{"1.1.1.0", "127.0.0.2"}, {"1.1.1.1", "-"}, {"1.1.1.2", "-"}, {"1.1.1.3", "-"}}},
            {"1.1.1.1\n!1.1.1.1\n", {{"1.1.1.1", "-"}}},
            {"10.0.0.0/8\n!10.2.0.0/16\n10.2.3.4\n",
             {{"10.2.3.4", "127.0.0.2"}, {"10.2.3.5", "-"}, {"10.3.0.0", "127.0.0.2"}}},
        });
}

TEST(Ip4Set, TreatsValuesThatTurnOutEqualAsOne) {
  Check("ip4set", {{"1.1.1.1 :3:same\n1.1.1.1 :3:$1\n1.1.1.1 :3:=same\n$1 same\n", {{"1.1.1.1", "127.0.0.3 same"}}}});
}

TEST(Ip4Set, KeepsToMaxRange4) {
  Check("ip4set", {{"$MAXRANGE4 /24\n10.0.0.0/23\n10.1.0.0/24\n10.2.0-1\n$MAXRANGE4 /16\n10.3.0.0/23\n$MAXRANGE4 "
                    "1\n10.4.0.0/31\n10.5.0.1\n",
                    {{"10.0.0.0", "-"},
                     {"10.1.0.0", "127.0.0.2"},
                     {"10.2.0.0", "-"},
                     {"10.3.0.0", "-"},
                     {"10.4.0.0", "-"},
                     {"10.5.0.1", "127.0.0.2"}},
                    {"2: range of 512 addresses is larger than $MAXRANGE4 allows (256)",
                     "4: range of 512 addresses is larger than $MAXRANGE4 allows (256)",
                     "6: range of 512 addresses is larger than $MAXRANGE4 allows (256)",
                     "8: range of 2 addresses is larger than $MAXRANGE4 allows (1)"}}});
  const Loaded loaded = LoadTexts("ip4set", {"$MAXRANGE4 256\n", "10.0.0.0/23\n"});
  EXPECT_EQ(loaded.report.rejected, 1u);
}

TEST(Ip4Set, ReadsLinesThatRbldnsdGetsWrong) {
  // CR kept there; a last line without LF warned about, a text of it lost.
  Check("ip4set", {{":3:def\r\n1.1.1.1\r\n1.1.1.2 :4:text\r\n\r\n# c\r\n1.1.1.3 last",
                    {{"1.1.1.1", "127.0.0.3 def"}, {"1.1.1.2", "127.0.0.4 text"}, {"1.1.1.3", "127.0.0.3 last"}}}});
  Check("ip4set", {{"\xef\xbb\xbf"
                    "1.1.1.1\n",
                    {{"1.1.1.1", "127.0.0.2"}}}});
}

TEST(Ip4Trie, TakesTheLongestPrefixAndOfEqualOnesTheFirst) {
  Check("ip4trie", {
                       {"1.2.3.4\n1.2.3\n1.2 :3:\n5/8 :4:\n128/1 :5:\n",
                        {{"1.2.3.4", "127.0.0.2"},
                         {"1.2.4.0", "127.0.0.3"},
                         {"5.9.9.9", "127.0.0.4"},
                         {"255.1.1.1", "127.0.0.5"},
                         {"127.9.9.9", "-"}}},
                       {"0/0 :3:x\n!10.0.0.0/8;c\n10.1.0.0/16 :4:\n",
                        {{"9.9.9.9", "127.0.0.3 x"}, {"10.9.9.9", "-"}, {"10.1.9.9", "127.0.0.4"}}},
                       {"1.1.1.1 :3:\n1.1.1.1 :4:\n!1.1.1.1\n1.1.1.0/24 :5:\n1.1.1.0/24 :6:\n",
                        {{"1.1.1.1", "127.0.0.3"}, {"1.1.1.2", "127.0.0.5"}}},
                       {"10.1.2.0/23 :5:\n10.1.2.0/24 :6:\n10.1.2.128/25 :7:\n",
                        {{"10.1.2.1", "127.0.0.6"}, {"10.1.2.200", "127.0.0.7"}, {"10.1.3.1", "127.0.0.5"}}},
                       {"! 28.2.3.4\n28.2.3.4/31 x\n", {{"28.2.3.4", "-"}, {"28.2.3.5", "127.0.0.2 x"}}},
                   });
}

TEST(Ip4Trie, RejectsWhatRbldnsdRejects) {
  for (const char* key :
       {"1", "1.2.3.4-5", "127.16-31", "1.2.3.4x", "1.2.3.0/24foo", "1.2.3.4.5", "2001:db8::/32", "256/8", ""}) {
    if (*key == '\0') continue;
    Check("ip4trie", {{key, {}, {std::string("1: bad address '") + key + "'"}}});
  }
  for (const char* key : {"10/", "10/33", "10/x"}) {
    Check("ip4trie", {{key, {}, {std::string("1: bad prefix '") + key + "'"}}});
  }
  for (const char* key : {"1.2.3/16", "1/1", "1.2.3.4/0"}) {
    Check("ip4trie", {{key, {}, {std::string("1: bits after the prefix are set in '") + key + "'"}}});
  }
  Check("ip4trie", {{"$MAXRANGE4 256\n10.0.0.0/23\n10.1.0.0/24",
                     {{"10.0.0.1", "-"}, {"10.1.0.1", "127.0.0.2"}},
                     {"2: range of 512 addresses is larger than $MAXRANGE4 allows (256)"}}});
}

TEST(Ip4Tset, ReadsFullAddressesOnlyAndIgnoresTheirValues) {
  Check("ip4tset", {{"1.1.1.1\n1.1.1.2 x\n1.1.1.3:5:x\n1.1.1.4 :0:x\n001.1.1.5#c\n1.1.1.6;c\n1.1.1.7\t\n",
                     {{"1.1.1.1", "127.0.0.2"},
                      {"1.1.1.2", "127.0.0.2"},
                      {"1.1.1.3", "127.0.0.2"},
                      {"1.1.1.4", "127.0.0.2"},
                      {"1.1.1.5", "127.0.0.2"},
                      {"1.1.1.6", "127.0.0.2"},
                      {"1.1.1.7", "127.0.0.2"}}}});
  for (const char* key : {"1.2.3", "!1.2.3.4", "1.2.3.4/32", "1.2.3.4x", "1.2.3.4.", "1.2.3.4-5"}) {
    Check("ip4tset", {{key, {{"1.2.3.4", "-"}}, {std::string("1: bad address '") + key + "'"}}});
  }
}

TEST(Ip4Tset, HasTheValueOfTheFirstDefaultLineForAll) {
  const Loaded loaded = LoadTexts(
      "ip4tset", {"1.1.1.0\n:0:bad\n:3:first $1\n1.1.1.1\n:4:second\n1.1.1.2\n$1 v\n", ":5:third\n1.1.1.3\n"});
  for (const char* address : {"1.1.1.0", "1.1.1.1", "1.1.1.2", "1.1.1.3"})
    EXPECT_EQ(loaded.Ask(address), "127.0.0.3 first v");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{"1:2: bad A value in ':0:bad'"});
}

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
