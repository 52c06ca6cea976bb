// The sample files beside what was counted in them (EXPECTED.tsv) and what rbldnsd answered for them
// (EXPECTED-rbldnsd.tsv).
#include <gtest/gtest.h>

#include <sstream>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

std::string Sample(const std::string& name) { return std::string(RBLITZ_SAMPLES) + "/" + name; }

std::vector<std::vector<std::string>> ReadTable(const std::string& name) {
  std::ifstream in(Sample(name));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> row;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
    rows.push_back(row);
  }
  return rows;
}

FeedConfig SampleFeed(const std::string& file, const std::string& format) {
  return {.name = file, .paths = {Sample(file)}, .format = format};
}

TEST(Samples, HaveAsManyNetworksAsCounted) {
  size_t compared = 0;
  for (const auto& row : ReadTable("EXPECTED.tsv")) {
    const std::string& file = row[0];
    if (row[4] != "unique networks" || !std::filesystem::exists(Sample(file))) continue;
    const bool cymru = file.starts_with("cymru-");
    const Loaded loaded = Load(SampleFeed(file, cymru ? "cymru-fullbogons" : "cidr"));
    EXPECT_EQ(loaded.feed->ip4->entries(), std::stoul(row[1])) << file;
    EXPECT_EQ(loaded.feed->ip6 != nullptr ? loaded.feed->ip6->entries() : 0, std::stoul(row[2])) << file;
    EXPECT_EQ(loaded.report.entries, std::stoul(row[1]) + std::stoul(row[2])) << file;
    EXPECT_EQ(loaded.report.rejected, 0u) << file;
    ++compared;
  }
  EXPECT_EQ(compared, 13u);
}

TEST(Samples, OfMixedFamiliesListBoth) {
  const Loaded loaded = Load(SampleFeed("blocklistde-mail.txt", "cidr"));
  EXPECT_EQ(loaded.report.lines, 20u);
  EXPECT_EQ(loaded.report.entries, 20u);
  EXPECT_EQ(loaded.Ask("2001:db8:1a14::74ea"), "127.0.0.2");
  EXPECT_EQ(loaded.Ask("2001:db8:1a14::74eb"), "-");
  EXPECT_EQ(loaded.Ask("192.0.2.95"), "127.0.0.2");
}

TEST(Samples, AnswerAsRbldnsdAnswered) {
  size_t compared = 0;
  std::string file;
  Loaded loaded;
  for (const auto& row : ReadTable("EXPECTED-rbldnsd.tsv")) {
    const std::string& subject = row[2];
    if (!row[1].starts_with("ip") || subject.find(' ') != std::string::npos) continue;  // "ENT ..." is about names
    if (row[0] != file) loaded = Load(SampleFeed(file = row[0], row[1]));
    const std::string text = row[6] == "-" ? "" : " " + row[6];
    // rbldnsd never writes a dotted quad.
    const std::string asked = subject == "::ffff:127.0.0.2" ? "::ffff:7f00:2" : subject;
    EXPECT_EQ(loaded.Ask(asked), row[4] == "NOERROR" ? row[5] + text : "-") << file << " " << subject;
    EXPECT_EQ(loaded.report.rejected, 0u) << file;
    ++compared;
  }
  EXPECT_EQ(compared, 66u);
}

// What plain rbldnsd makes of the rspamd fork's entry parameters.
TEST(Samples, ReadEntryParametersAsText) {
  const Loaded loaded = Load(SampleFeed("rbldnsd-ip4trie.txt", "ip4trie"));
  EXPECT_EQ(loaded.Ask("192.0.2.64"), "127.0.0.7 Cooling @ ts=1795341601;delay=60s");
}

TEST(Samples, CarryTheirSpecials) {
  const Loaded loaded = Load(SampleFeed("rbldnsd-ip4set.txt", "ip4set"));
  EXPECT_EQ(loaded.feed->ttl_seconds, 1800u);
  EXPECT_EQ(loaded.feed->soa->mname, "ns1.bl.example");
  EXPECT_EQ(loaded.feed->ns->names, (std::vector<std::string>{"ns1.bl.example", "ns2.bl.example"}));
  EXPECT_TRUE(loaded.feed->test_listed.present);
  EXPECT_FALSE(loaded.feed->test_unlisted.present);
  const Loaded bogons = Load(SampleFeed("cymru-fullbogons-ipv4.txt", "cymru-fullbogons"));
  EXPECT_EQ(bogons.feed->data_time, 1795341601);
  EXPECT_FALSE(bogons.feed->test_listed.present);  // 127.0.0.0/8 is not an entry for exactly that address
}

}  // namespace
}  // namespace rblitz
