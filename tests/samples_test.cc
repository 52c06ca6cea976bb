// The sample files beside what was counted in them (EXPECTED.tsv) and what rbldnsd answered for them
// (EXPECTED-rbldnsd.tsv).
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"
#include "tests/name_feeds.h"

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
    const bool is_counted = row[4] == "unique networks" || row[4] == "trailer says 10 entries";
    if (!is_counted || !std::filesystem::exists(Sample(file))) continue;
    const bool cymru = file.starts_with("cymru-");
    const Loaded loaded = Load(SampleFeed(file, cymru ? "cymru-fullbogons" : "cidr"));
    EXPECT_EQ(loaded.feed->ip4->entries(), std::stoul(row[1])) << file;
    EXPECT_EQ(loaded.feed->ip6 != nullptr ? loaded.feed->ip6->entries() : 0, std::stoul(row[2])) << file;
    EXPECT_EQ(loaded.report.entries, std::stoul(row[1]) + std::stoul(row[2])) << file;
    EXPECT_EQ(loaded.report.rejected, 0u) << file;
    ++compared;
  }
  EXPECT_EQ(compared, 15u);
}

// As a plain list and as a set of rbldnsd's: it has nothing but addresses and comments.
TEST(Samples, OfFeodoListItsAddressesAlone) {
  for (const char* format : {"cidr", "ip4tset"}) {
    const Loaded loaded = Load(SampleFeed("abusech-feodo-recommended.txt", format));
    EXPECT_EQ(loaded.report.entries, 10u) << format;
    EXPECT_EQ(loaded.report.rejected, 0u) << format;
    for (const char* listed : {"198.51.100.134", "192.0.2.84", "203.0.113.148"}) {
      EXPECT_EQ(loaded.Ask(listed), "127.0.0.2") << listed;
    }
    for (const char* unlisted : {"198.51.100.135", "192.0.2.1"}) EXPECT_EQ(loaded.Ask(unlisted), "-") << unlisted;
  }
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

TEST(Samples, HaveAsManyDomainsAsCounted) {
  // The domain list has an exclusion besides, and an address, which is no domain.
  struct Counted {
    const char* format;
    uint64_t excluded;
    uint64_t rejected;
  };
  const std::map<std::string, Counted> files = {{"domain-list.txt", {"domains", 1, 1}},
                                                {"hosts-file.txt", {"hosts", 0, 0}},
                                                {"abusech-urlhaus-hostfile.txt", {"hosts", 0, 0}}};
  size_t compared = 0;
  for (const auto& row : ReadTable("EXPECTED.tsv")) {
    const auto file = files.find(row[0]);
    if (file == files.end()) continue;
    const Loaded loaded = Load(SampleFeed(row[0], file->second.format));
    EXPECT_EQ(loaded.report.entries, std::stoul(row[3]) + file->second.excluded) << row[0];
    EXPECT_EQ(loaded.report.rejected, file->second.rejected) << row[0];
    ++compared;
  }
  EXPECT_EQ(compared, files.size());
}

TEST(Samples, OfDomainsListThem) {
  const Loaded domains = Load(SampleFeed("domain-list.txt", "domains"));
  for (const char* listed : {"bad.example.com", "x.wild.example.net", "dot.example.org", "x.dot.example.org",
                             "abp.example.com", "x.abp2.example.net", "dnsmasq.example.org", "x.dnsmasq2.example.org",
                             "xn--bcher-kva.example", "url.example.net"}) {
    EXPECT_EQ(AskName(domains, listed), "127.0.0.2") << listed;
  }
  for (const char* unlisted : {"x.bad.example.com", "wild.example.net", "good.example.com", "example.com"}) {
    EXPECT_EQ(AskName(domains, unlisted), "-") << unlisted;
  }
  EXPECT_EQ(domains.report.errors,
            std::vector<std::string>{"domain-list.txt:13: address in a list of names: '192.0.2.55'"});
  const Loaded hosts = Load(SampleFeed("hosts-file.txt", "hosts"));
  for (const char* listed : {"ads.example.com", "b.example.com", "v6only.example.net", "upper.example.org",
                             "trailing.example.com", "under_score.example.net", "xn--bcher-kva.example"}) {
    EXPECT_EQ(AskName(hosts, listed), "127.0.0.2") << listed;
  }
  EXPECT_EQ(AskName(hosts, "localhost"), "-");
  EXPECT_EQ(AskName(Load(SampleFeed("abusech-urlhaus-hostfile.txt", "hosts")), "bad11.example.org"), "127.0.0.2");
}

TEST(Samples, OfNamesAnswerAsRbldnsdAnswered) {
  size_t compared = 0;
  const Loaded dnset = Load(SampleFeed("rbldnsd-dnset.txt", "dnset"));
  const Loaded generic = Load(SampleFeed("rbldnsd-generic.txt", "generic"));
  for (const auto& row : ReadTable("EXPECTED-rbldnsd.tsv")) {
    if (row[1] != "dnset" && row[1] != "generic") continue;
    ++compared;
    if (row[1] == "dnset") {
      std::string name = row[3];
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      EXPECT_EQ(AskName(dnset, name), row[4] == "NOERROR" ? row[5] + " " + row[6] : "-") << name;
      continue;
    }
    std::string a = "-";
    std::string txt = "-";
    const GenericRecords::Records* const records = generic.feed->generic->Find(Wire(row[3]));
    ASSERT_NE(records, nullptr) << row[3];
    for (const GenericRecord& record : *records) {
      uint32_t a_be = 0;
      if (record.type == RecordType::kTxt) txt = record.rdata.substr(1);
      if (record.type != RecordType::kA) continue;
      std::copy_n(record.rdata.data(), sizeof a_be, reinterpret_cast<char*>(&a_be));
      a = Dotted(a_be);
    }
    EXPECT_EQ(a + " " + txt, row[5] + " " + row[6]) << row[3];
  }
  EXPECT_EQ(compared, 19u);
  EXPECT_EQ(dnset.report.rejected + generic.report.rejected, 0u);
  EXPECT_EQ(dnset.report.entries, 11u);
  EXPECT_EQ(generic.report.entries, 9u);
  EXPECT_TRUE(dnset.feed->name_test_listed.present);
  EXPECT_EQ(AskGeneric(generic, "www"), "3000 A c0000250");
}

TEST(Samples, OfDigestsListThem) {
  const Loaded sha1 = Load(SampleFeed("hash-ebl-sha1.txt", "hash"));
  EXPECT_EQ(sha1.report.entries, 8u);
  EXPECT_EQ(AskHash(sha1, "71df8292998ea3208ce9ce9fb1a5d0c05c9f1748"), "127.0.0.2 listed drop box");
  EXPECT_EQ(AskHash(sha1, "e9832b05d2bc6e45194cd37092fd2863ee3ede3a"), "127.0.1.2 grey");
  const Loaded sha256 = Load(SampleFeed("hash-sha256-base32.txt", "hash"));
  EXPECT_EQ(sha256.report.entries, 8u);
  EXPECT_EQ(AskHash(sha256, "gdk7ladqtr4c5bjhwsekz7sjlg3qyt2rf45rmuqg4ji6i6ejysla"), "127.0.3.10 listed file");
  EXPECT_EQ(AskHash(sha256, "tkbwhl7slnp7wuja523g24237urf23rh2cq442x4fjvro65zim3a"), "127.0.3.15 suspicious");
  const Loaded mhr = Load(SampleFeed("cymru-mhr-whois.txt", "cymru-mhr"));
  EXPECT_EQ(mhr.report.entries, 8u);
  EXPECT_EQ(AskHash(mhr, "5a9392784e07eb40cfb3f4a464e0a914.51f573eeb59d600983e190bd8aaddca6"),
            "127.0.0.2 1795007200 23");
  EXPECT_EQ(AskHash(mhr, "96c567e0473ae888602f6745da6a5953df25d673"), "-");
  EXPECT_EQ(sha1.report.rejected + sha256.report.rejected + mhr.report.rejected, 0u);
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
