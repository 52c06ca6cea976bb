// Team Cymru's zones, served from their sample files: every line of a file is asked for on the wire.
#include <fstream>

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

}  // namespace
}  // namespace rblitz
