#include <gtest/gtest.h>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"
#include "tests/name_feeds.h"

namespace rblitz {
namespace {

// A part of a loaded feed, as if it had been loaded alone.
Loaded Part(const Loaded& loaded, size_t i) {
  return {.feed = loaded.feed->parts.at(i).data, .report = {}, .error = {}};
}

TEST(CombinedFormat, HasADataSetForEachDatasetLine) {
  const Loaded loaded = LoadText("combined",
                                 "# nothing yet\n$DATASET ip4set:proxy Proxies @\n:2:proxy $\n192.0.2.10\n"
                                 "$dataset dnset a.B.  # names\n.spam.example :3\n"
                                 "#$DATASET ip6trie @ @\n2001:db8::/32\n$DATASET generic\tx y\nwww A 192.0.2.80\n");
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>());
  EXPECT_EQ(loaded.report.lines, 10u);
  EXPECT_EQ(loaded.report.entries, 4u);
  ASSERT_EQ(loaded.feed->parts.size(), 4u);
  const auto zones = [&](size_t i) { return loaded.feed->parts[i].zones; };
  EXPECT_EQ(zones(0), (std::vector<std::string>{"proxies", ""}));
  EXPECT_EQ(zones(1), std::vector<std::string>{"a.b"});
  EXPECT_EQ(zones(2), std::vector<std::string>{""});
  EXPECT_EQ(zones(3), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(loaded.feed->parts[0].data->name, "test:proxy");
  EXPECT_EQ(loaded.feed->parts[1].data->name, "test:dnset");
  EXPECT_EQ(Part(loaded, 0).Ask("192.0.2.10"), "127.0.0.2 proxy 192.0.2.10");
  EXPECT_EQ(AskName(Part(loaded, 1), "x.spam.example"), "127.0.0.3");
  EXPECT_EQ(Part(loaded, 2).Ask("2001:db8::1"), "127.0.0.2");
  EXPECT_EQ(AskGeneric(Part(loaded, 3), "www"), "0 A c0000250");
  EXPECT_EQ(loaded.Ask("192.0.2.10"), "-");
}

TEST(CombinedFormat, DataSetsInheritWhatStandsBeforeThem) {
  const Loaded loaded = LoadText("combined",
                                 "$TTL 100\n$1 one\n$MAXRANGE4 256\n"
                                 "$DATASET ip4trie @\n$TTL 50\n$2 two\n10.0.0.1 $1 $2\n10.1.0.0/16\n"
                                 "$DATASET ip4trie @\n$1 other\n10.0.0.2 $1 $2\n10.2.0.0/24\n");
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  EXPECT_EQ(loaded.report.errors,
            (std::vector<std::string>{"1:8: range of 65536 addresses is larger than $MAXRANGE4 or max_range allows "
                                      "(256)"}));
  EXPECT_EQ(loaded.feed->ttl_seconds, 100u);
  EXPECT_EQ(loaded.feed->parts[0].data->ttl_seconds, 50u);
  EXPECT_EQ(loaded.feed->parts[1].data->ttl_seconds, 100u);
  EXPECT_EQ(Part(loaded, 0).Ask("10.0.0.1"), "127.0.0.2 one two");
  EXPECT_EQ(Part(loaded, 1).Ask("10.0.0.2"), "127.0.0.2 one $2");  // the first assignment counts
}

TEST(CombinedFormat, SoaNsAndStampBelongToTheFeedWhereverTheyStand) {
  const Loaded loaded =
      LoadText("combined",
               "$TIMESTAMP 2020:01:01\n$DATASET ip4set a\n$SOA 0 ns.test host.test 7 1 2 3 4\n"
               "$TIMESTAMP 2021:01:01\n1.1.1.1\n$DATASET ip4set b\n$SOA 0 other.test host.test 8 1 2 3 4\n"
               "$NS 5 ns.test\n");
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  EXPECT_EQ(loaded.feed->soa->mname, "ns.test");
  EXPECT_EQ(loaded.feed->ns->names, std::vector<std::string>{"ns.test"});
  EXPECT_EQ(loaded.feed->data_time, 1609459200);
  EXPECT_EQ(loaded.feed->parts[0].data->soa, std::nullopt);
}

TEST(CombinedFormat, BadLinesOfDataSetsAreToldWithTheirPlaceInTheFile) {
  const Loaded loaded =
      LoadTexts("combined", {"$TTL x\n$DATASET ip4set @\n1.1.1.1\nbad\n1.1.1.2\n$DATASET dnset a\n..\n",
                             "$DATASET ip4set b\n\n1.1.1.300\r\n"});
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  EXPECT_EQ(loaded.report.errors, (std::vector<std::string>{"1:1: bad special '$TTL x'", "1:4: bad address 'bad'",
                                                            "1:7: bad name '..'", "2:3: bad address '1.1.1.300'"}));
  EXPECT_EQ(loaded.report.rejected, 4u);
  EXPECT_EQ(loaded.report.lines, 10u);
  EXPECT_EQ(loaded.report.entries, 2u);
}

// What follows such a line would land in the wrong place.
TEST(CombinedFormat, ALineThatBeginsNoDataSetFailsTheLoad) {
  for (const auto& [text, error] : std::vector<std::pair<std::string, std::string>>{
           {"\n1.1.1.1\n", "1:2: an entry before the first $DATASET: '1.1.1.1'"},
           {"$DATASET ip5set @\n", "1:1: no data set of a combined feed is of type 'ip5set'"},
           {"$DATASET acl @\n", "1:1: no data set of a combined feed is of type 'acl'"},
           {"$DATASET combined:x @\n", "1:1: no data set of a combined feed is of type 'combined'"},
           {"$DATASET ip4set\n", "1:1: $DATASET without a zone"},
           {"$DATASET ip4set:x # c\n", "1:1: $DATASET without a zone"},
           {"$DATASET\n", "1:1: no data set of a combined feed is of type ''"},
           {"$DATASET ip4set @\n1.1.1.1\n$DATASET ip4set a..b\n1.1.1.2\n", "1:3: bad zone 'a..b'"},
           {"$DATASET ip4set a/b\n", "1:1: bad zone 'a/b'"}}) {
    EXPECT_EQ(LoadText("combined", text).error, error) << text;
  }
  EXPECT_EQ(LoadTexts("combined", {"$DATASET ip4set @\n1.1.1.1\n", "1.1.1.2\n"}).error,
            "2:1: an entry before the first $DATASET: '1.1.1.2'");  // a data set ends with its file
}

TEST(CombinedFormat, IsComparedDataSetByDataSet) {
  const TempFolder folder;
  const FeedConfig config{.name = "f", .paths = {folder.Path("f")}, .format = "combined"};
  folder.Write("f", "$DATASET ip4set a\n1.1.1.1\n1.1.1.2\n$DATASET dnset b\nx.test\n");
  const Loaded before = Load(config);
  folder.Write("f", "$DATASET ip4set a\n1.1.1.1\n1.1.1.3\n1.1.1.4\n$DATASET dnset b\nx.test\n");
  const Loaded after = Load(config, before.feed.get());
  EXPECT_EQ(after.report.entries, 4u);
  EXPECT_EQ(after.report.added, 2u);
  EXPECT_EQ(after.report.removed, 1u);
}

}  // namespace
}  // namespace rblitz
