// Team Cymru's zones, served from their sample files: every line of a file is asked for on the wire.
#include <fstream>
#include <map>
#include <sstream>

#include "tests/served_feed.h"

namespace rblitz {
namespace {

std::string Sample(const std::string& name) { return std::string(RBLITZ_SAMPLES) + "/" + name; }

FeedConfig SampleFeed(const std::string& file, const std::string& format) {
  return {.name = "cymru", .paths = {Sample(file)}, .format = format};
}

// Without comments and empty lines.
std::vector<std::string> LinesOf(const std::string& file) {
  std::ifstream in(Sample(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

class ServedCymru : public ServedFeed {};

TEST_F(ServedCymru, BogonsSayWhichPrefixCoversAnAddress) {
  struct File {
    const char* name;
    const char* format;
    size_t prefixes;
  };
  for (const File& file :
       {File{"cymru-fullbogons-ipv4.txt", "cymru-fullbogons", 13}, File{"cymru-bogon-bn-agg.txt", "cymru-bogons", 13},
        File{"cymru-fullbogons-ipv6.txt", "cymru-fullbogons", 20}}) {
    Serve({SampleFeed(file.name, file.format)});
    size_t asked = 0;
    for (const std::string& prefix : LinesOf(file.name)) {
      const std::string network = prefix.substr(0, prefix.find('/'));
      EXPECT_EQ(A(network), "127.0.0.2") << prefix;
      EXPECT_EQ(Txt(network), prefix);
      ++asked;
    }
    EXPECT_EQ(asked, file.prefixes) << file.name;
  }
  EXPECT_EQ(Txt("2001:db8:1::25"), "2001:db8::/32");
  EXPECT_EQ(Txt("2001:db9::25"), "NXDOMAIN");
  Serve({SampleFeed("cymru-fullbogons-ipv4.txt", "cymru-fullbogons")});
  EXPECT_EQ(Txt("198.51.100.24"), "198.51.100.0/24");  // Team Cymru's own example
  EXPECT_EQ(Txt("255.255.255.255"), "224.0.0.0/3");
  EXPECT_EQ(A("8.8.8.8"), "NXDOMAIN");
  EXPECT_EQ(Txt("127.0.0.2"), "RFC 5782 test entry");
  EXPECT_EQ(A("127.0.0.1"), "NXDOMAIN");
  EXPECT_EQ(Txt("127.0.0.3"), "127.0.0.0/8");
}

// Resolvers that walk down to 2001:db8:: label by label pass names that look like IPv4 addresses.
TEST_F(ServedCymru, PartsOfIp6AddressesExistWhereTheyCouldBeIp4Addresses) {
  Serve({SampleFeed("cymru-fullbogons-ipv6.txt", "cymru-fullbogons"),
         SampleFeed("cymru-fullbogons-ipv4.txt", "cymru-fullbogons")});
  for (const uint16_t type : {dns::kA, dns::kTxt, dns::kNs}) EXPECT_EQ(Told("1.0.0.2", type), "NODATA");
  EXPECT_EQ(Told("10.0.0.2", dns::kA), "NXDOMAIN");  // no nibble
  EXPECT_EQ(A("2.0.0.10"), "NXDOMAIN");
  EXPECT_EQ(A("10.0.0.2"), "127.0.0.2");
  EXPECT_EQ(A("0.0.0.1"), "127.0.0.2");  // listed, whatever else it could be
  const ZoneCounters& zone = stats_->zones[0];
  EXPECT_EQ(zone.outcomes[static_cast<size_t>(Outcome::kNoData)].value(), 3u);
  EXPECT_EQ(zone.outcomes[static_cast<size_t>(Outcome::kNxdomain)].value(), 2u);
  EXPECT_EQ(stats_->rcodes[dns::kNxDomain].value(), 2u);
  Serve({SampleFeed("cymru-fullbogons-ipv6.txt", "cymru-fullbogons")});
  EXPECT_EQ(Told("1.0.0.2", dns::kA), "NODATA");
  Serve({SampleFeed("cymru-fullbogons-ipv4.txt", "cymru-fullbogons")});
  EXPECT_EQ(Told("1.0.0.2", dns::kA), "NXDOMAIN");
}

TEST_F(ServedCymru, BogonsSayWhatIsConfiguredInstead) {
  FeedConfig config = SampleFeed("cymru-fullbogons-ipv4.txt", "cymru-fullbogons");
  config.text = "$ is in $prefix, says $feed: $$prefix";
  Serve({config});
  EXPECT_EQ(Txt("10.1.2.3"), "10.1.2.3 is in 10.0.0.0/8, says cymru: $prefix");
  config.text = "";
  Serve({config});
  EXPECT_EQ(A("10.1.2.3"), "127.0.0.2");
  EXPECT_EQ(Txt("10.1.2.3"), "NODATA");
}

TEST_F(ServedCymru, PrefixesAreTheMostSpecificOfAnyListOfAddresses) {
  const TempFolder folder;
  const std::string path =
      folder.Write("list", "10.0.0.0/8\n10.1.0.0/16\n10.1.2.3\n192.0.2.4-192.0.2.6\n2001:db8::/32\n");
  Serve({{.name = "list", .paths = {path}, .format = "cidr", .text = "$prefix"}});
  EXPECT_EQ(Txt("10.2.0.1"), "10.0.0.0/8");
  EXPECT_EQ(Txt("10.1.2.4"), "10.1.0.0/16");
  EXPECT_EQ(Txt("10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(Txt("192.0.2.5"), "192.0.2.4/31");
  EXPECT_EQ(Txt("192.0.2.6"), "192.0.2.6/32");
  EXPECT_EQ(Txt("2001:db8:ffff::1"), "2001:db8::/32");
}

// A list of names has no networks: its entry stands for itself.
TEST_F(ServedCymru, PrefixesOfNamesAreTheEntryThatMatched) {
  const TempFolder folder;
  const std::string path = folder.Write("names", "*.spam.example\n");
  Serve({{.name = "names", .paths = {path}, .format = "domains", .text = "$ by $prefix"}});
  EXPECT_EQ(Told("www.spam.example", dns::kTxt), "spam.example by spam.example");
}

// What rbldnsd makes of it: the address, and text.
TEST_F(ServedCymru, PrefixesAreNoPartOfTheLanguageOfFiles) {
  const TempFolder folder;
  const std::string path = folder.Write("set", ":127.0.0.2:$prefix\n10.0.0.0/8\n");
  Serve({{.name = "set", .paths = {path}, .format = "ip4set"}});
  EXPECT_EQ(Txt("10.1.2.3"), "10.1.2.3prefix");
}

// The columns of a row, blanks round them removed.
std::vector<std::string> Columns(const std::string& row) {
  std::vector<std::string> columns;
  std::istringstream in(row);
  for (std::string column; std::getline(in, column, '|');) {
    const size_t begin = column.find_first_not_of(' ');
    columns.push_back(begin == std::string::npos ? "" : column.substr(begin, column.find_last_not_of(' ') + 1 - begin));
  }
  return columns;
}

std::string WithoutLastBlanks(const std::string& text) { return text.substr(0, text.find_last_not_of(' ') + 1); }

TEST_F(ServedCymru, OriginsAreTheRowOfTheLongestPrefix) {
  for (const char* format : {"cymru-origin", "cymru-peer"}) {
    Serve({SampleFeed("cymru-origin-txt.txt", format)});
    size_t asked = 0;
    for (const std::string& row : LinesOf("cymru-origin-txt.txt")) {
      const std::string prefix = Columns(row)[1];
      const std::string network = prefix.substr(0, prefix.find('/'));
      const bool is_hidden = prefix == "198.18.0.0/15";  // both its halves have rows of their own
      EXPECT_EQ(Txt(network), is_hidden ? "64502 | 198.18.0.0/16 | ZZ | arin | 1999-11-30" : WithoutLastBlanks(row));
      EXPECT_EQ(A(network), "NODATA");
      ++asked;
    }
    EXPECT_EQ(asked, 10u);
  }
  EXPECT_EQ(Txt("198.51.100.7"), "64497 64498 | 198.51.100.0/24 | ZZ | ripencc | 2010-05-06");
  EXPECT_EQ(Txt("203.0.113.255"), "64499 | 203.0.113.0/24 | ZZ | apnic |");
  EXPECT_EQ(Txt("198.18.4.255"), "64502 | 198.18.0.0/16 | ZZ | arin | 1999-11-30");
  EXPECT_EQ(Txt("198.18.5.0"), "64503 | 198.18.5.0/24 | ZZ | arin | 1999-11-30");
  EXPECT_EQ(Txt("2001:db8::25"), "64500 | 2001:db8::/32 | ZZ | apnic | 2004-07-01");
  EXPECT_EQ(Txt("2001:db8:1ff:ffff::"), "64504 | 2001:db8:100::/40 | ZZ | ripencc | 2015-01-09");
  EXPECT_EQ(Txt("9.9.9.10"), "NXDOMAIN");
  EXPECT_EQ(Txt("2001:db9::"), "NXDOMAIN");
}

TEST_F(ServedCymru, OriginsOfPartOfAnAddressAreThoseOfTheWholeWithZeros) {
  Serve({SampleFeed("cymru-origin-txt.txt", "cymru-origin")});
  EXPECT_EQ(Told("100.51.198", dns::kTxt), "64497 64498 | 198.51.100.0/24 | ZZ | ripencc | 2010-05-06");
  EXPECT_EQ(Told("100.51.198", dns::kA), "NODATA");
  EXPECT_EQ(Told("18.198", dns::kTxt), "64502 | 198.18.0.0/16 | ZZ | arin | 1999-11-30");
  EXPECT_EQ(Told("198", dns::kTxt), "NODATA");  // 198.0.0.0 has none, but something is below
  EXPECT_EQ(Told("101.51.198", dns::kTxt), "NXDOMAIN");
  EXPECT_EQ(Told("8.b.d.0.1.0.0.2", dns::kTxt), "64500 | 2001:db8::/32 | ZZ | apnic | 2004-07-01");
  EXPECT_EQ(Told("1.0.8.b.d.0.1.0.0.2", dns::kTxt), "64504 | 2001:db8:100::/40 | ZZ | ripencc | 2015-01-09");
  EXPECT_EQ(Told("2.0.8.B.D.0.1.0.0.2", dns::kTxt), "64505 | 2001:db8:200::/40 | ZZ | lacnic | 2016-12-12");
  EXPECT_EQ(Told("1.0.0.8.b.d.0.1.0.0.2", dns::kTxt), "64500 | 2001:db8::/32 | ZZ | apnic | 2004-07-01");
  EXPECT_EQ(Told("2.0.0.0.8.b.d.0.1.0.0.2", dns::kTxt), "64500 | 2001:db8::/32 | ZZ | apnic | 2004-07-01");
  EXPECT_EQ(Told("1.0.0.0.0.0.f.f", dns::kTxt), "NODATA");
}

TEST_F(ServedCymru, TablesHaveNoTestPoints) {
  Serve({SampleFeed("cymru-origin-txt.txt", "cymru-origin"), SampleFeed("cymru-as-txt.txt", "cymru-asn")});
  for (const char* point : {"127.0.0.1", "127.0.0.2", "::ffff:127.0.0.1", "::ffff:127.0.0.2"}) {
    EXPECT_EQ(Txt(point), "NXDOMAIN") << point;
    EXPECT_EQ(A(point), "NXDOMAIN") << point;
  }
  EXPECT_EQ(Told("test", dns::kTxt), "NXDOMAIN");
  EXPECT_EQ(Told("invalid", dns::kTxt), "NXDOMAIN");
}

TEST_F(ServedCymru, SystemsAreAskedByNumber) {
  Serve({SampleFeed("cymru-as-txt.txt", "cymru-asn")});
  size_t asked = 0;
  for (const std::string& row : LinesOf("cymru-as-txt.txt")) {
    EXPECT_EQ(Told("AS" + Columns(row)[0], dns::kTxt), row);
    EXPECT_EQ(Told("as" + Columns(row)[0], dns::kA), "NODATA");
    ++asked;
  }
  EXPECT_EQ(asked, 10u);
  EXPECT_EQ(Told("AS64499", dns::kTxt), "64499 | ZZ | apnic |  | EXAMPLE-D, ZZ");
  EXPECT_EQ(Told("AS64510", dns::kTxt), "NXDOMAIN");
  EXPECT_EQ(Told("64499", dns::kTxt), "NXDOMAIN");
}

TEST_F(ServedCymru, BulkAnswersGiveOrigins) {
  Serve({SampleFeed("cymru-whois-bulk-answer.txt", "cymru-whois")});
  size_t asked = 0;
  for (const std::string& row : LinesOf("cymru-whois-bulk-answer.txt")) {
    const std::vector<std::string> columns = Columns(row);
    if (columns.size() < 7) continue;  // the banner
    ++asked;
    if (columns[0] == "NA") {
      EXPECT_EQ(Txt(columns[1]), "NXDOMAIN");
      continue;
    }
    const std::string text =
        columns[0] + " | " + columns[2] + " | " + columns[3] + " | " + columns[4] + " | " + columns[5];
    EXPECT_EQ(Txt(columns[1]), WithoutLastBlanks(text));
  }
  EXPECT_EQ(asked, 9u);
}

TEST_F(ServedCymru, ReportsAnswerWithTheCodeOfTheCategoryAndTheComment) {
  const std::map<std::string, std::string> codes = {
      {"bot", "4"},       {"bots", "4"},      {"bruteforce", "11"}, {"controller", "5"},   {"darknet", "12"},
      {"honeypot", "13"}, {"phishing", "6"},  {"proxy", "8"},       {"openresolver", "9"}, {"openresolvers", "9"},
      {"scanner", "10"},  {"scanners", "10"}, {"spam", "3"}};
  for (const auto& [file, rows] : std::map<std::string, size_t>{{"cymru-cap-old.txt", 10}, {"cymru-cap-new.txt", 17}}) {
    Serve({SampleFeed(file, "cymru-cap")});
    size_t asked = 0;
    for (const std::string& row : LinesOf(file)) {
      const std::vector<std::string> columns = Columns(row);
      ASSERT_EQ(columns.size(), 6u) << row;
      std::string text = columns[0];
      if (!columns[4].empty()) text += ": " + columns[4].substr(0, columns[4].find_last_not_of(';') + 1);
      EXPECT_EQ(A(columns[1]), "127.0.0." + codes.at(columns[0])) << row;
      EXPECT_EQ(Txt(columns[1]), text);
      ++asked;
    }
    EXPECT_EQ(asked, rows);
    EXPECT_EQ(A("127.0.0.2"), "127.0.0.2");
    EXPECT_EQ(A("127.0.0.1"), "NXDOMAIN");
  }
}

TEST_F(ServedCymru, DigestsAnswerAsTheMalwareHashRegistryDoes) {
  Serve({SampleFeed("cymru-mhr-whois.txt", "cymru-mhr")});
  size_t listed = 0;
  size_t unlisted = 0;
  for (const std::string& row : LinesOf("cymru-mhr-whois.txt")) {
    std::istringstream in(row);
    std::string digest;
    std::string seen;
    std::string percent;
    in >> digest >> seen >> percent;
    if (digest.size() == 64) digest.insert(32, ".");  // a label has 63 bytes at most
    if (percent == "NO_DATA") {
      EXPECT_EQ(Told(digest, dns::kA), "NXDOMAIN");
      ++unlisted;
      continue;
    }
    EXPECT_EQ(Told(digest, dns::kA), "127.0.0.2");
    EXPECT_EQ(Told(digest, dns::kTxt), seen + " " + percent);
    ++listed;
  }
  EXPECT_EQ(listed, 8u);
  EXPECT_EQ(unlisted, 2u);
}

TEST_F(ServedCymru, SamplesHaveAsManyEntriesAsCounted) {
  struct Counted {
    const char* file;
    const char* format;
    uint64_t ip4;
    uint64_t ip6;
    uint64_t duplicates;
  };
  for (const Counted& c :
       {Counted{"cymru-cap-new.txt", "cymru-cap", 17, 0, 0}, Counted{"cymru-cap-old.txt", "cymru-cap", 10, 0, 0},
        Counted{"cymru-origin-txt.txt", "cymru-origin", 7, 3, 0},
        Counted{"cymru-whois-bulk-answer.txt", "cymru-whois", 5, 1, 2}}) {
    const Loaded loaded = Load(SampleFeed(c.file, c.format));
    EXPECT_EQ(loaded.feed->ip4->entries(), c.ip4) << c.file;
    EXPECT_EQ(loaded.feed->ip6 == nullptr ? 0 : loaded.feed->ip6->entries(), c.ip6) << c.file;
    EXPECT_EQ(loaded.report.duplicates, c.duplicates) << c.file;
    EXPECT_EQ(loaded.report.rejected, 0u) << c.file;
    EXPECT_EQ(loaded.report.notes, std::vector<std::string>()) << c.file;
  }
  EXPECT_EQ(Load(SampleFeed("cymru-as-txt.txt", "cymru-asn")).report.entries, 10u);
}

// A zone that is a list as well keeps the test points, and questions mean what they say there.
TEST_F(ServedCymru, TablesBesideListsLeaveTheListsAsTheyAre) {
  const TempFolder folder;
  const std::string path = folder.Write("list", "203.0.113.0/24\n");
  Serve({{.name = "list", .paths = {path}, .format = "cidr"}, SampleFeed("cymru-origin-txt.txt", "cymru-origin")});
  EXPECT_EQ(A("203.0.113.5"), "127.0.0.2");
  EXPECT_EQ(Txt("203.0.113.5"), "64499 | 203.0.113.0/24 | ZZ | apnic |");
  EXPECT_EQ(A("192.0.2.5"), "NODATA");
  EXPECT_EQ(Told("113.0.203", dns::kTxt), "NODATA");
  EXPECT_EQ(A("127.0.0.2"), "127.0.0.2");
}

}  // namespace
}  // namespace rblitz
