// Team Cymru's formats that are more than a list of networks: what counts as an entry, and what is wrong with lines.
// What they answer is asked on the wire, in served_cymru_test.cc.
#include <gtest/gtest.h>

#include "tests/feed_fixture.h"
#include "tests/name_feeds.h"

namespace rblitz {
namespace {

struct Bad {
  const char* line;
  const char* error;
};

void ExpectErrors(std::string_view format, const std::vector<Bad>& cases) {
  std::string text;
  std::vector<std::string> errors;
  for (size_t i = 0; i < cases.size(); ++i) {
    text += std::string(cases[i].line) + "\n";
    errors.push_back("1:" + std::to_string(i + 1) + ": " + cases[i].error);
  }
  const Loaded loaded = LoadText(format, text);
  EXPECT_EQ(loaded.report.errors, errors);
  EXPECT_EQ(loaded.report.rejected, cases.size());
  EXPECT_EQ(loaded.report.entries, 0u);
}

TEST(CymruOrigin, RejectsRowsThatAreNoOrigins) {
  ExpectErrors("cymru-origin",
               {{"64496 | 192.0.2.0/24 | ZZ | arin",
                 "not 'AS | prefix | country | registry | date': '64496 | 192.0.2.0/24 | ZZ | arin'"},
                {"AS64496 | 192.0.2.0/24 | ZZ | arin | 2001-02-03", "bad AS number 'AS64496'"},
                {" | 192.0.2.0/24 | ZZ | arin | 2001-02-03", "bad AS number ''"},
                {"4294967296 | 192.0.2.0/24 | ZZ | arin | 2001-02-03", "bad AS number '4294967296'"},
                {"64496 | 192.0.2.1 | ZZ | arin | 2001-02-03", "bad prefix '192.0.2.1'"},
                {"64496 | 192.0.2.1/24 | ZZ | arin | 2001-02-03", "bits after the prefix are set in '192.0.2.1/24'"},
                {"64496 | 192.0.2.0/24 | $1$ | arin | 2001-02-03", "bad country '$1$'"},
                {"64496 | 192.0.2.0/24 | ZZ | $ | 2001-02-03", "bad registry '$'"},
                {"64496 | 192.0.2.0/24 | ZZ | arin | 2001", "bad date '2001'"},
                {"64496 | 0.0.0.0/0 | ZZ | arin | ", "prefix '0.0.0.0/0' is the whole address space"}});
}

TEST(CymruOrigin, ReadsCommentsQuotesAndBlanks) {
  const Loaded loaded = LoadText("cymru-origin",
                                 "# a table\n; of mine\n\n"
                                 "\"64496 | 192.0.2.0/24 | ZZ | arin | 2001-02-03\"\r\n"
                                 "64497\t64498|198.51.100.0/24||other|\n"
                                 "64499 | 192.0.2.0/24 | ZZ | arin | 2001-02-03\n");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  EXPECT_EQ(loaded.report.entries, 2u);
  EXPECT_EQ(loaded.report.duplicates, 1u);  // the first row of a prefix counts
}

TEST(CymruWhois, CountsPrefixesAndTakesItsAgeFromTheBanner) {
  const Loaded loaded =
      LoadText("cymru-whois",
               "Bulk mode; whois.cymru.com [2026-11-22 10:11:12 +0000]\n"
               "AS      | IP               | BGP Prefix          | CC | Registry | Allocated  | AS Name\n"
               "64496   | 192.0.2.1        | 192.0.2.0/24        | ZZ | arin     | 2001-02-03 | A | B, ZZ\n"
               "64496   | 192.0.2.200      | 192.0.2.0/24        | ZZ | arin     | 2001-02-03 | A | B, ZZ\n"
               "NA      | 10.0.0.1         | NA                  |    | other    |            | NA\n");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  EXPECT_EQ(loaded.report.entries, 1u);
  EXPECT_EQ(loaded.report.duplicates, 1u);
  EXPECT_EQ(loaded.feed->data_time, 1795342272);
}

TEST(CymruWhois, RejectsWhatHasNoPrefix) {
  ExpectErrors(
      "cymru-whois",
      {{"64496 | 192.0.2.1 | EXAMPLE-A, ZZ",
        "not 'AS | IP | prefix | country | registry | date | name': '64496 | 192.0.2.1 | EXAMPLE-A, ZZ'"},
       {"Bulk mode; whois.cymru.com", "bad time in the header 'Bulk mode; whois.cymru.com'"},
       {"Bulk mode; whois.cymru.com [yesterday]", "bad time in the header 'Bulk mode; whois.cymru.com [yesterday]'"}});
}

TEST(CymruAsn, ListsTheNamesOfAutonomousSystems) {
  const Loaded loaded = LoadText("cymru-asn",
                                 "AS | CC | Registry | Allocated | AS Name\n"
                                 "23028   | US | arin     | 2002-01-04 | TEAM-CYMRU - $1 | Inc., US\n");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  EXPECT_EQ(AskName(loaded, "as23028"), "0.0.0.0 23028 | US | arin | 2002-01-04 | TEAM-CYMRU - $1 | Inc., US");
  EXPECT_EQ(AskName(loaded, "23028"), "-");
  EXPECT_TRUE(loaded.feed->is_text_only);
}

TEST(CymruAsn, RejectsRowsThatAreNoSystems) {
  ExpectErrors("cymru-asn", {{"23028 | US | arin | 2002-01-04",
                              "not 'AS | country | registry | date | name': '23028 | US | arin | 2002-01-04'"},
                             {"23028 23029 | US | arin | 2002-01-04 | NAME", "bad AS number '23028 23029'"},
                             {"x | US | arin | 2002-01-04 | NAME", "bad AS number 'x'"}});
}

TEST(CymruCap, RejectsRowsThatAreNoReports) {
  ExpectErrors("cymru-cap",
               {{"bot|192.0.2.1|64496|2026-11-21 00:00:00",
                 "not 'category|address|AS|time|comment|name': 'bot|192.0.2.1|64496|2026-11-21 00:00:00'"},
                {"bot|192.0.2.1|64496|2026-11-21 00:00:00|x",
                 "not 'category|address|AS|time|comment|name': 'bot|192.0.2.1|64496|2026-11-21 00:00:00|x'"},
                {"|192.0.2.1|64496|2026-11-21 00:00:00||N", "bad category ''"},
                {"a bot|192.0.2.1|64496|2026-11-21 00:00:00||N", "bad category 'a bot'"},
                {"bot|192.0.2|64496|2026-11-21 00:00:00||N", "bad address '192.0.2'"},
                {"bot|192.0.2.0/24|64496|2026-11-21 00:00:00||N", "bad address '192.0.2.0/24'"},
                {"bot|192.0.2.1|AS|2026-11-21 00:00:00||N", "bad AS number 'AS'"},
                {"bot|192.0.2.1|64496|2026-11-21||N", "bad time '2026-11-21'"},
                {"#generated on 2026", "bad time in the header '#generated on 2026'"},
                {"# Data file written at noon", "bad time in the header '# Data file written at noon'"}});
}

TEST(CymruCap, TellsWhenItWasWritten) {
  const std::string row = "bot|192.0.2.1|64496|2026-11-21 00:00:00||N\n";
  EXPECT_EQ(LoadText("cymru-cap", "#generated on 20261121\n" + row).feed->data_time, 1795219200);
  EXPECT_EQ(LoadText("cymru-cap", "# Data file written at Sat Nov 21 13:37:42 2026 GMT\n" + row).feed->data_time,
            1795268262);
}

TEST(CymruCap, SaysCategoryAndComment) {
  const Loaded loaded = LoadText("cymru-cap",
                                 "phishing|192.0.2.1|64496|2026-11-21 00:00:00|http://a.example/?x=$1|y; |N\n"
                                 "SPAM|2001:db8::1||2026-11-21 00:00:00||N\n"
                                 "bots|192.0.2.1|0|2026-11-21 00:00:00|mwtype X|N\n");
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  EXPECT_EQ(loaded.Ask("192.0.2.1"), "127.0.0.6 phishing: http://a.example/?x=$1|y | 127.0.0.4 bots: mwtype X");
  EXPECT_EQ(loaded.Ask("2001:db8::1"), "127.0.0.3 SPAM");
}

Loaded LoadCap(std::string_view text, const std::map<std::string, uint32_t>& codes) {
  const TempFolder folder;
  return Load({.name = "cap", .paths = {folder.Write("cap", text)}, .format = "cymru-cap", .codes = codes});
}

TEST(CymruCap, TakesCodesFromTheConfigurationInEitherSpelling) {
  const Loaded loaded = LoadCap(
      "bot|192.0.2.1|0|2026-11-21 00:00:00||N\nopenresolvers|192.0.2.2|0|2026-11-21 00:00:00||N\n"
      "minerbot|192.0.2.3|0|2026-11-21 00:00:00||N\nscanner|192.0.2.4|0|2026-11-21 00:00:00||N\n",
      {{"bots", htonl(0x7f000063)}, {"OpenResolver", 0}, {"minerbot", htonl(0x7f000064)}});
  EXPECT_EQ(loaded.Ask("192.0.2.1"), "127.0.0.99 bot");
  EXPECT_EQ(loaded.Ask("192.0.2.2"), "-");
  EXPECT_EQ(loaded.Ask("192.0.2.3"), "127.0.0.100 minerbot");
  EXPECT_EQ(loaded.Ask("192.0.2.4"), "127.0.0.10 scanner");
  EXPECT_EQ(loaded.report.notes, std::vector<std::string>());
}

TEST(CymruCap, NotesCategoriesThatHaveNoCode) {
  std::string text;
  for (char c = 'a'; c <= 'l'; ++c) text += std::string(1, c) + "x|192.0.2.1|0|2026-11-21 00:00:00||N\n";
  text += "ax|192.0.2.2|0|2026-11-21 00:00:00||N\n";
  const Loaded loaded = LoadCap(text, {});
  EXPECT_EQ(loaded.Ask("192.0.2.2"), "127.0.0.2 ax");
  ASSERT_EQ(loaded.report.notes.size(), kKeptErrors);
  EXPECT_EQ(loaded.report.notes.front(), "category 'ax' has no code: 2 rows get the feed's a");
  EXPECT_EQ(loaded.report.notes.back(), "further categories have no code: 3 rows get the feed's a");
}

}  // namespace
}  // namespace rblitz
