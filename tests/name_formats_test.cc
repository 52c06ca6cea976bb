#include <gtest/gtest.h>

#include "loaders/feed.h"
#include "loaders/ip4_text.h"
#include "loaders/name_text.h"
#include "tests/name_feeds.h"

namespace rblitz {
namespace {

// Expected answers of dnset and generic are those of rbldnsd 1.0pre (Debian 1.0~20210120-2) for the same lines.

TEST(Dnset, ReadsExactWildAndBoth) {
  CheckNames("dnset", AskName,
             {{":9:def $\nplain.com\n*.wild.org\n.both.net\n",
               {{"plain.com", "127.0.0.9 def plain.com"},
                {"x.plain.com", "-"},
                {"wild.org", "-"},
                {"y.x.wild.org", "127.0.0.9 def wild.org"},
                {"both.net", "127.0.0.9 def both.net"},
                {"x.both.net", "127.0.0.9 def both.net"},
                {"com", "-"},
                {"", "-"}}}});
}

TEST(Dnset, EndsNamesAtBlanksOnly) {
  CheckNames("dnset", AskName,
             {{"hash.com#c\nsemi.com;c\ncolon.com:5:x\nsp.com #c\nsp2.com :5:v $\ntab.com\t:7:t\nx!y.com\n@.com\n*\n",
               {{"hash.com", "-"},
                {"hash.com#c", "127.0.0.2"},
                {"semi.com;c", "127.0.0.2"},
                {"colon.com:5:x", "127.0.0.2"},
                {"sp.com", "127.0.0.2"},
                {"sp2.com", "127.0.0.5 v sp2.com"},
                {"tab.com", "127.0.0.7 t"},
                {"x!y.com", "127.0.0.2"},
                {"@.com", "127.0.0.2"},
                {"*", "127.0.0.2"},
                {"x", "-"}}}});
}

TEST(Dnset, ReadsPointsEscapesAndLetters) {
  CheckNames("dnset", AskName,
             {{"two..dots.com\n..lead.com\n*..star.com\n*.*.lit.com\ntrail\\\nAb\\065.com\nlast.dot.\n*.wild.dot.\n",
               {{"two.dots.com", "127.0.0.2"},
                {"x.lead.com", "127.0.0.2"},
                {"x.star.com", "127.0.0.2"},
                {"x.*.lit.com", "127.0.0.2"},
                {"x.y.lit.com", "-"},
                {"trail", "127.0.0.2"},
                {"aba.com", "127.0.0.2"},
                {"last.dot", "127.0.0.2"},
                {"x.wild.dot", "127.0.0.2"}}}});
  const Loaded loaded = LoadText("dnset", "esc\\046d.com\nback\\.s.com\n");
  const WireName escaped = {5, 'e', 's', 'c', '.', 'd', 3, 'c', 'o', 'm'};
  EXPECT_NE(loaded.feed->names->Lookup(escaped).value, kNotListed);
  EXPECT_EQ(AskName(loaded, "back.s.com"), "-");
}

TEST(Dnset, RejectsWhatRbldnsdRejects) {
  const std::string label64(64, 'a');
  for (const std::string& name :
       {std::string("."), std::string("*."), std::string("big\\999.com"), label64, "x." + label64}) {
    CheckNames("dnset", AskName,
               {{name, {}, {"1: bad name " + Quoted(name)}}, {"!" + name, {}, {"1: bad name " + Quoted(name)}}});
  }
  CheckNames("dnset", AskName,
             {{"!\n", {}, {"1: bad name ''"}},
              {"a.b :0:x\na.c :5 junk\n",
               {{"a.b", "-"}, {"a.c", "-"}},
               {"1: bad A value in ':0:x'", "2: bad value ':5 junk'"}}});
  std::string long_name;
  for (int i = 0; i < 127; ++i) long_name += "a.";
  EXPECT_EQ(LoadText("dnset", long_name).report.rejected, 0u);
  EXPECT_EQ(LoadText("dnset", long_name + "a").report.rejected, 1u);
}

TEST(Dnset, UnitesValuesAndLetsExclusionsHideThem) {
  CheckNames("dnset", AskName,
             {{"dup.com :2:a\ndup.com :3:b\n*.dup.com :4:a\n*.dup.com :5:b\n.dup.com :6:c\n.excl.com :2:\n!excl.com\n"
               "! neg.com\n.neg2.com\n!*.neg2.com :5:ignored\n",
               {{"dup.com", "127.0.0.2 a | 127.0.0.3 b | 127.0.0.6 c"},
                {"x.dup.com", "127.0.0.4 a | 127.0.0.5 b | 127.0.0.6 c"},
                {"excl.com", "-"},
                {"x.excl.com", "127.0.0.2"},
                {"neg.com", "-"},
                {"neg2.com", "127.0.0.2"},
                {"x.neg2.com", "-"}}}});
}

TEST(Dnset, KeepsItsSpecialsAndForgetsTheDefaultAtTheEndOfAFile) {
  const Loaded loaded = LoadTexts("dnset", {"$TTL 10m\n$1 var\n:3:x $1 $\na.com\n", "b.com\n"});
  EXPECT_EQ(AskName(loaded, "a.com"), "127.0.0.3 x var a.com");
  EXPECT_EQ(AskName(loaded, "b.com"), "127.0.0.2");
  EXPECT_EQ(loaded.feed->ttl_seconds, 600u);
}

TEST(Dnset, KnowsExactEntriesForTheTestPoints) {
  const Loaded plain = LoadText("dnset", "test\n!invalid\n");
  EXPECT_TRUE(plain.feed->name_test_listed.present);
  EXPECT_NE(plain.feed->name_test_listed.value, kNotListed);
  EXPECT_TRUE(plain.feed->name_test_unlisted.present);
  EXPECT_EQ(plain.feed->name_test_unlisted.value, kNotListed);
  const Loaded wild = LoadText("dnset", "*.test\nx.invalid\n");
  EXPECT_FALSE(wild.feed->name_test_listed.present);
  EXPECT_FALSE(wild.feed->name_test_unlisted.present);
}

TEST(NameFeeds, OfNoEntriesAreStillFeedsOfNames) {
  for (const char* format : {"dnset", "domains", "domains-below", "hosts"}) {
    const Loaded loaded = LoadText(format, "# nothing\n");
    ASSERT_NE(loaded.feed->names, nullptr) << format;
    EXPECT_EQ(loaded.feed->hashes, nullptr) << format;
    EXPECT_EQ(AskName(loaded, "a.b"), "-");
  }
  EXPECT_NE(LoadText("hash", "").feed->hashes, nullptr);
  EXPECT_EQ(LoadText("ip4set", "").feed->names, nullptr);
}

TEST(NameFeeds, ReportWhatCameAndWent) {
  const Loaded before = LoadText("domains", "a.com\nb.com\n*.b.com\nb.com\nc.com\n");
  EXPECT_EQ(before.report.entries, 4u);
  EXPECT_EQ(before.report.duplicates, 1u);
  EXPECT_EQ(before.report.added, 4u);
  const TempFolder folder;
  const FeedConfig config{.name = "f", .paths = {folder.Write("1", "b.com\nd.com\n")}, .format = "domains"};
  const Loaded after = Load(config, before.feed.get());
  EXPECT_EQ(after.report.added, 1u);
  EXPECT_EQ(after.report.removed, 3u);
}

TEST(Domains, ReadEveryFormThatListsHave) {
  CheckNames("domains", AskName,
             {{"\xef\xbb\xbf# c\n[Adblock Plus 2.0]\n! c\n// c\nPlain.Com\nlast.dot.\nunder_score.net ; "
               "c\n*.wild.org\n.both.net\n"
               "||abp.com^\n||abp2.com^$all,important\n||abp3.com\n@@||good.abp.com^\r\naddress=/d1.org/d2.org/"
               "0.0.0.0\nlocal=/d3.org/\n"
               "http://url.net:8080/p?x=1\nhttps://user@other.url.net#f\nxn--bcher-kva.test\n",
               {{"plain.com", "127.0.0.2"},
                {"x.plain.com", "-"},
                {"last.dot", "127.0.0.2"},
                {"under_score.net", "127.0.0.2"},
                {"wild.org", "-"},
                {"x.wild.org", "127.0.0.2"},
                {"x.both.net", "127.0.0.2"},
                {"abp.com", "127.0.0.2"},
                {"x.abp.com", "127.0.0.2"},
                {"good.abp.com", "-"},
                {"x.good.abp.com", "-"},
                {"abp2.com", "127.0.0.2"},
                {"abp3.com", "127.0.0.2"},
                {"x.d1.org", "127.0.0.2"},
                {"d2.org", "127.0.0.2"},
                {"d3.org", "127.0.0.2"},
                {"url.net", "127.0.0.2"},
                {"x.url.net", "-"},
                {"other.url.net", "127.0.0.2"},
                {"xn--bcher-kva.test", "127.0.0.2"}}}});
  CheckNames(
      "domains-below", AskName,
      {{"plain.com\n*.wild.org\nhttp://url.net/\n",
        {{"plain.com", "127.0.0.2"}, {"x.plain.com", "127.0.0.2"}, {"wild.org", "-"}, {"x.url.net", "127.0.0.2"}}}});
}

TEST(Domains, TurnInternationalNamesIntoALabels) {
  CheckNames("domains", AskName,
             {{"b\xc3\xbc"
               "cher.example\n*.B\xc3\x9c"
               "CHER.test\nfa\xc3\x9f.de\n",
               {{"xn--bcher-kva.example", "127.0.0.2"},
                {"x.xn--bcher-kva.test", "127.0.0.2"},
                {"xn--fa-hia.de", "127.0.0.2"}}}});
  EXPECT_EQ(LoadText("domains", "\xff\xfe.com\n").report.rejected, 1u);
  EXPECT_EQ(LoadText("domains", std::string_view("b\xc3\xbc\0.com\n", 9)).report.rejected, 1u);
}

TEST(Domains, RejectWhatIsNoName) {
  const std::string label64(64, 'a');
  for (const std::string& line : {std::string("a..b"), std::string("a b"), std::string("a/b"), std::string("*"),
                                  std::string("a.*.b"), label64, std::string("1.2.3"), std::string("300.1.1.1"),
                                  std::string("*."), std::string("a.b:80"), std::string("a@b.c")}) {
    const std::string name = line == "*." ? "" : line;
    CheckNames("domains", AskName, {{line, {}, {"1: bad name " + Quoted(name)}}});
  }
  for (const char* address : {"192.0.2.1", "2001:db8::1", "[2001:db8::1]"}) {
    const std::string error = std::string("1: address in a list of names: '") + address + "'";
    CheckNames("domains", AskName, {{address, {}, {error}}});
    if (address[0] != '2') CheckNames("domains", AskName, {{std::string("http://") + address + ":80/x", {}, {error}}});
  }
  CheckNames("domains", AskName,
             {{"||a.com^$script\n||a.com/path^\n||a.com^x\naddress=/a.com/192.0.2.1\naddress=/a.com\nlocal=//\n",
               {{"a.com", "-"}},
               {"1: rule for some requests only: 'a.com^$script'", "2: bad name 'a.com/path'",
                "3: rule for a part of a domain: 'a.com^x'", "4: not a blocked name: '/a.com/192.0.2.1'",
                "5: bad rule '/a.com'", "6: bad name ''"}}});
}

TEST(Domains, HaveTheValueOfTheConfiguration) {
  const TempFolder folder;
  const FeedConfig config{.name = "f",
                          .paths = {folder.Write("1", "*.a.com\n")},
                          .format = "domains",
                          .a_be = htonl(0x7f000105),
                          .text = "$feed lists $"};
  EXPECT_EQ(AskName(Load(config), "y.x.a.com"), "127.0.1.5 f lists a.com");
}

TEST(Hosts, ReadAllNamesOfALineButTheMachinesOwn) {
  CheckNames(
      "hosts", AskName,
      {{"127.0.0.1 localhost localhost.localdomain\n255.255.255.255 broadcasthost\nfe80::1%lo0 localhost\n"
        "0.0.0.0 0.0.0.0\n::1 ip6-localhost\n0.0.0.0 a.com b.com\t# c\n127.0.0.1\tC.com.\n:: d.com\n  ::1 e.com\n",
        {{"a.com", "127.0.0.2"},
         {"b.com", "127.0.0.2"},
         {"c.com", "127.0.0.2"},
         {"d.com", "127.0.0.2"},
         {"e.com", "127.0.0.2"},
         {"x.a.com", "-"},
         {"localhost", "-"}}}});
}

TEST(Hosts, RejectLinesThatBlockNothing) {
  CheckNames("hosts", AskName,
             {{"a.com\n0.0.0.0\n192.0.2.7 real.com\n0.0.0.0 good.com bad..com\n",
               {{"real.com", "-"}, {"good.com", "-"}},
               {"1: bad address 'a.com'", "2: no name for '0.0.0.0'", "3: not a blocked name: '192.0.2.7 real.com'",
                "4: bad name 'bad..com'"}}});
}

TEST(Hash, ReadsDigestsInEveryEncodingWithValues) {
  const char* const sha256 = "5a9392784e07eb40cfb3f4a464e0a914.51f573eeb59d600983e190bd8aaddca6";
  CheckNames(
      "hash", AskHash,
      {{std::string(":3:def\na4626f9d3e6802aebbff46697248e0b9\n71DF8292998ea3208ce9ce9fb1a5d0c05c9f1748 :4:own\n") +
            sha256 +
            ":5:\n4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq # c\n!839044291c2e494b22008d0e385b01a1\n"
            "d9c4e5fcae5df5131ec53f86d04a544c4f65f245\n!d9c4e5fcae5df5131ec53f86d04a544c4f65f245\n",
        {{"a4626f9d3e6802aebbff46697248e0b9", "127.0.0.3 def"},
         {"71df8292998ea3208ce9ce9fb1a5d0c05c9f1748", "127.0.0.4 own"},
         {sha256, "127.0.0.5"},
         {"e3b0c44298fc1c149afbf4c8996fb924.27ae41e4649b934ca495991b7852b855", "127.0.0.3 def"},
         {"4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFESWMRW6CSXBKQ", "127.0.0.3 def"},
         {"839044291c2e494b22008d0e385b01a1", "-"},
         {"d9c4e5fcae5df5131ec53f86d04a544c4f65f245", "-"}}}});
  CheckNames("hash-zbase32", AskHash,
             {{"oqerekehf3rwseoytw8dosabwr\n71df8292998ea3208ce9ce9fb1a5d0c05c9f1748\n",
               {{"839044291c2e494b22008d0e385b01a1", "127.0.0.2"},
                {"qoieiki4fzeuwiqaruhdqwybue", "127.0.0.2"},
                {"71df8292998ea3208ce9ce9fb1a5d0c05c9f1748", "127.0.0.2"}}}});
}

TEST(Hash, RejectsWhatIsNoDigest) {
  CheckNames("hash", AskHash,
             {{"xyz\na4626f9d3e6802aebbff46697248e0b\n! 12\na4626f9d3e6802aebbff46697248e0b9 :0:x\n:0:x\n",
               {{"a4626f9d3e6802aebbff46697248e0b9", "-"}},
               {"1: bad digest 'xyz'", "2: bad digest 'a4626f9d3e6802aebbff46697248e0b'", "3: bad digest '12'",
                "4: bad A value in ':0:x'", "5: bad A value in ':0:x'"}}});
}

TEST(CymruMhr, AnswersWithTimeAndPercentage) {
  CheckNames("cymru-mhr", AskHash,
             {{"# Bulk mode\na4626f9d3e6802aebbff46697248e0b9 1795000000 5\r\n"
               "71df8292998ea3208ce9ce9fb1a5d0c05c9f1748  1795003600\t100\n839044291c2e494b22008d0e385b01a1 1 NO_DATA\n"
               "d9c4e5fcae5df5131ec53f86d04a544c4f65f245 NO_DATA\n",
               {{"a4626f9d3e6802aebbff46697248e0b9", "127.0.0.2 1795000000 5"},
                {"71df8292998ea3208ce9ce9fb1a5d0c05c9f1748", "127.0.0.2 1795003600 100"},
                {"839044291c2e494b22008d0e385b01a1", "-"},
                {"d9c4e5fcae5df5131ec53f86d04a544c4f65f245", "-"}}},
              {"a4626f9d3e6802aebbff46697248e0b9\na4626f9d3e6802aebbff46697248e0b9 x "
               "5\na4626f9d3e6802aebbff46697248e0b9 1 101\n"
               "a4626f9d3e6802aebbff46697248e0b9 1 5 x\nx 1 5\n",
               {{"a4626f9d3e6802aebbff46697248e0b9", "-"}},
               {"1: bad time ''", "2: bad time 'x'", "3: bad percentage '101'", "4: bad percentage '5 x'",
                "5: bad digest 'x'"}}});
}

TEST(Generic, ReadsRecordsAsRbldnsd) {
  CheckNames("generic", AskGeneric,
             {{"a A 1\nb A 1.2\nc A 1.2.3\n$TTL 100\n@ 0 A 1.2.3.4\ne 5m IN a 5.6.7.8 # c\nf A 3.3.3.3x\ng A 0\n10 A "
               "8.8.8.8\n* A 9.9.9.9\n",
               {{"a", "0 A 00000001"},
                {"b", "0 A 01000002"},
                {"c", "0 A 01020003"},
                {"", "100 A 01020304"},
                {"e", "300 A 05060708"},
                {"f", "100 A 03030303"},
                {"g", "100 A 00000000"},
                {"10", "100 A 08080808"},
                {"*", "100 A 09090909"},
                {"x", "-"}}},
              {"t TXT \"a\" \"b\"\nu txt  bare # x \nv TXT \"\"\nw TXT \"\nx TXT \"a\"b\"\n",
               {{"t", "0 TXT 056122202262"},
                {"u",
                 "0 TXT 0862617265202320"
                 "78"},
                {"v", "0 TXT 00"},
                {"w", "0 TXT 0122"},
                {"x", "0 TXT 03612262"}}},
              {"m MX 0010 A.b.\nm MX 5 .\nm A 1.1.1.1\nM A 1.1.1.1\n",
               {{"m", "0 MX 000a0141016200 | 0 MX 000500 | 0 A 01010101"}}},
              {"a..b.c A 1.1.1.1\n",
               {{"a.b.c", "0 A 01010101"}, {"b.c", "below"}, {"c", "below"}, {"", "below"}, {"a", "-"}}}});
  const Loaded loaded = LoadText("generic", "x TXT " + std::string(300, 'y') + "\n");
  EXPECT_EQ(loaded.feed->generic->Find(Wire("x"))->front().rdata, "\xff" + std::string(255, 'y'));
}

TEST(Generic, RejectsLinesThatRbldnsdSkipsOrStumblesOver) {
  for (const char* line :
       {"a", "a A", "a IN", "a IN 5 A 1.1.1.1", "a TXT", "a MX 10", "a MX x b", "a MX 70000 b", "a MX 10 b c",
        "a A 1..2", "a A 300.1.1.1", "a A 1.2.3.", "a CNAME b", "a AAAA ::1", "a -1 A 1.1.1.1", "a IN IN A 1.1.1.1"}) {
    CheckNames("generic", AskGeneric, {{line, {{"a", "-"}}, {std::string("1: bad record '") + line + "'"}}});
  }
  CheckNames("generic", AskGeneric,
             {{"a 1h30m A 1.1.1.1\n. A 1.1.1.1\n:2:x\n",
               {},
               {"1: bad TTL '1h30m'", "2: bad name '.'", "3: bad record ':2:x'"}}});
}

TEST(NameText, TellsAddresses) {
  for (const char* text : {"1.2.3.4", "::", "fe80::1%lo0", "[::1]", "::ffff:1.2.3.4"})
    EXPECT_TRUE(IsAddressText(text)) << text;
  for (const char* text : {"", "1.2.3", "a.b", "[]", "1.2.3.4.5", "%lo0"}) EXPECT_FALSE(IsAddressText(text)) << text;
}

}  // namespace
}  // namespace rblitz
