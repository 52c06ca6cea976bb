// What zones never list, and parts of combined feeds, from feeds to answers.
#include "tests/served_rules.h"

#include <map>
#include <random>
#include <set>

#include "dataplane/asked_name.h"

namespace rblitz {
namespace {

TEST_F(ServedRules, WhatAnExceptFeedListsIsNeverListed) {
  Serve({{"addresses", "cidr", "198.51.100.0/24\n2001:db8:1::/48\n"},
         {"names", "dnset", ".spam.example\ngood.wild.example\n"},
         {"digests", "hash", "71df8292998ea3208ce9ce9fb1a5d0c05c9f1748\ne9832b05d2bc6e45194cd37092fd2863ee3ede3a\n"},
         {"records", "generic", "kept A 192.0.2.80\ngone A 192.0.2.81\n"},
         {"own", "cidr", "198.51.100.8/29\n2001:db8:1:1::/64\n127.0.0.0/8\n::/8\n"},
         {"own-names", "domains-below", "ok.spam.example\ngood.wild.example\ngone\ntest\n"},
         {"own-digests", "hash", "E9832B05D2BC6E45194CD37092FD2863EE3EDE3A\n"}},
        {{.name = "ip.test", .feeds = {0}, .except = {4}},
         {.name = "all.test", .feeds = {0, 1, 2, 3}, .except = {4, 5, 6}}});
  const std::string zeros = ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
  for (const char* zone : {"ip.test", "all.test"}) {
    const std::string dot = std::string(".") + zone;
    EXPECT_EQ(Says("7.100.51.198" + dot), "127.0.0.2");
    EXPECT_EQ(Says("8.100.51.198" + dot), "NXDOMAIN");
    EXPECT_EQ(Says("15.100.51.198" + dot, dns::kTxt), "NXDOMAIN");
    EXPECT_EQ(Says("16.100.51.198" + dot), "127.0.0.2");
    EXPECT_EQ(Says("100.51.198" + dot), "nodata");
    EXPECT_EQ(Says("1" + zeros + "2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2" + dot), "127.0.0.2");
    EXPECT_EQ(Says("1" + zeros + "1.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2" + dot), "NXDOMAIN");
    // The test points (RFC 5782 section 5) are nobody's exceptions.
    EXPECT_EQ(Says("2.0.0.127" + dot), "127.0.0.2");
    EXPECT_EQ(Says("1.0.0.127" + dot), "NXDOMAIN");
    EXPECT_EQ(Says("2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0" + dot), "127.0.0.2");
  }
  EXPECT_EQ(Says("x.spam.example.all.test"), "127.0.0.2");
  EXPECT_EQ(Says("ok.spam.example.all.test"), "nodata");  // as far as is known more is listed below it
  EXPECT_EQ(Says("deep.ok.spam.example.all.test"), "nodata");
  EXPECT_EQ(Says("good.wild.example.all.test"), "NXDOMAIN");
  EXPECT_EQ(Says("below.good.wild.example.all.test"), "NXDOMAIN");
  EXPECT_EQ(Says("test.all.test"), "127.0.0.2");
  EXPECT_EQ(Says("71df8292998ea3208ce9ce9fb1a5d0c05c9f1748.all.test"), "127.0.0.2");
  EXPECT_EQ(Says("e9832b05d2bc6e45194cd37092fd2863ee3ede3a.all.test"), "NXDOMAIN");
  EXPECT_EQ(Says("kept.all.test"), "192.0.2.80");
  EXPECT_NE(Says("gone.all.test"), "192.0.2.81");
}

// RFC 8020: an excepted name exists if something below it does.
TEST_F(ServedRules, AnExceptedNameExistsOnlyAboveOthers) {
  Serve({{"names", "dnset", "alone.example\n.both.example\n*.wild.example\nabove.example\na.above.example\n"},
         {"own", "dnset", "alone.example\nboth.example\nx.wild.example\nabove.example\n"}},
        {{.name = "bl.test", .feeds = {0}, .except = {1}}});
  for (const auto& [name, says] : {std::pair("alone.example", "NXDOMAIN"),
                                   {"x.alone.example", "NXDOMAIN"},
                                   {"both.example", "nodata"},
                                   {"x.both.example", "127.0.0.2"},
                                   {"x.wild.example", "nodata"},
                                   {"y.x.wild.example", "127.0.0.2"},
                                   {"above.example", "nodata"},
                                   {"a.above.example", "127.0.0.2"}}) {
    EXPECT_EQ(Says(name + std::string(".bl.test")), says) << name;
  }
}

TEST_F(ServedRules, ExplainNamesTheFeedThatExcepts) {
  Serve({{"data", "cidr", "198.51.100.0/24\n"}, {"first", "cidr", "192.0.2.1\n"}, {"own", "cidr", "198.51.100.8\n"}},
        {{.name = "bl.test", .feeds = {0}, .except = {1, 2}}});
  const auto explain = [&](uint8_t last) {
    AskedName asked{};
    asked.is_ip4 = true;
    asked.ip4 = test::Ip(198, 51, 100, last);
    return serving_->zones.Find("bl.test")->Explain(asked);
  };
  EXPECT_EQ(explain(8).excepted_by, "own");
  EXPECT_TRUE(explain(8).listings.empty());
  EXPECT_EQ(explain(9).excepted_by, "");
  EXPECT_EQ(explain(9).listings.size(), 1u);
}

// Bursts over zones with any number of feeds that list and that except, against sets of addresses.
TEST_F(ServedRules, ExceptionsHoldInBurstsOfManyZones) {
  std::mt19937 random(4711);
  constexpr size_t kFeeds = 24;
  std::vector<std::set<uint32_t>> addresses(kFeeds);
  Snapshot snapshot;
  for (size_t f = 0; f < kFeeds; ++f) {
    std::vector<test::Entry> entries;
    for (int i = 0; i < 40; ++i) addresses[f].insert(0x0a000000 | random() % 128);
    for (const uint32_t address : addresses[f]) entries.push_back({address, address, 2});
    snapshot.feeds.push_back(test::MakeFeed("feed" + std::to_string(f), entries));
  }
  std::vector<ZoneConfig> zones;
  for (uint32_t z = 0; z < 16; ++z) {
    zones.push_back({.name = "z" + std::to_string(z) + ".bl.test"});
    for (uint32_t f = 0; f < 1 + z; ++f) zones[z].feeds.push_back(f);
    for (uint32_t f = 0; f < z % 5; ++f) zones[z].except.push_back(20 + f % 4);
    if (z % 5 == 4) zones[z].except.pop_back();
  }
  auto serving = BuildServing(std::move(snapshot), zones, {});
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  size_t excepted = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<Bytes> questions;
    std::vector<bool> listed;
    for (size_t i = 0; i < io::kBurst; ++i) {
      const ZoneConfig& zone = zones[random() % (round % 2 == 0 ? 16 : 2)];
      const uint32_t address = 0x0a000000 | random() % 128;
      const auto has = [&](uint32_t feed) { return addresses[feed].contains(address); };
      const bool is_excepted = std::ranges::any_of(zone.except, has);
      const bool is_listed = std::ranges::any_of(zone.feeds, has);
      excepted += is_listed && is_excepted;
      listed.push_back(is_listed && !is_excepted);
      std::optional<Opt> opt;
      if (random() % 2 == 0) opt = Opt{};
      questions.push_back(Question(std::to_string(address & 255) + ".0.0.10." + zone.name,
                                   random() % 4 == 0 ? dns::kTxt : dns::kA, opt));
    }
    const std::vector<Bytes> answers = AskAll(questions);
    for (size_t i = 0; i < answers.size(); ++i) {
      EXPECT_EQ(AnswerReader(answers[i]).Read().rcode(), listed[i] ? dns::kNoError : dns::kNxDomain) << i;
    }
  }
  EXPECT_GT(excepted, 100u);
}

constexpr const char* kCombined =
    "$SOA 600 ns.test host.test 7 1 2 3 300\n$NS 1d ns.test\n$TTL 100\n$1 one\n"
    "$DATASET ip4set:first a @\n:2:$1 $\n198.51.100.7\n"
    "$DATASET dnset b.c # a comment\n$TTL 50\nspam\n"
    "$DATASET ip6trie:six x.a\n2001:db8::/32 :3\n"
    "$DATASET generic @ b.c\nwww A 192.0.2.80\n@ A 192.0.2.1\n";

TEST_F(ServedRules, APartOfACombinedFeedAnswersForTheNamesBelowIt) {
  Serve({{"combined", "combined", kCombined}}, {{.name = "bl.test", .feeds = {0}}});
  const std::string ip6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
  for (const auto& [name, outcome] : std::map<std::string, std::string>{{"7.100.51.198", "127.0.0.2"},
                                                                        {"8.100.51.198", "NXDOMAIN"},
                                                                        {"7.100.51.198.a", "127.0.0.2"},
                                                                        {"8.100.51.198.a", "NXDOMAIN"},
                                                                        {"7.100.51.198.x.a", "NXDOMAIN"},
                                                                        {"7.100.51.198.b.c", "NXDOMAIN"},
                                                                        {"spam.b.c", "127.0.0.2"},
                                                                        {"spam", "NXDOMAIN"},
                                                                        {ip6 + ".x.a", "127.0.0.3"},
                                                                        {ip6, "NXDOMAIN"},
                                                                        {"www", "192.0.2.80"},
                                                                        {"www.b.c", "192.0.2.80"},
                                                                        {"www.a", "NXDOMAIN"},
                                                                        {"b.c", "192.0.2.1"},
                                                                        {"a", "nodata"},
                                                                        {"x.a", "nodata"},
                                                                        {"y.a", "NXDOMAIN"},
                                                                        {"c", "nodata"}}) {  // above b.c
    EXPECT_EQ(Says(name + ".bl.test"), outcome) << name;
  }
}

TEST_F(ServedRules, APartIsNoZoneOfItsOwn) {
  Serve({{"combined", "combined", kCombined}}, {{.name = "bl.test", .feeds = {0}}});
  EXPECT_EQ(Says("bl.test", dns::kSoa), "ns.test host.test 7 1 2 3 300");
  EXPECT_EQ(Says("bl.test", dns::kNs), "ns.test");
  for (const uint16_t type : {dns::kSoa, dns::kNs}) {
    const Answer answer = Ask(Question("b.c.bl.test", type));
    EXPECT_EQ(answer.rcode(), dns::kNoError);
    EXPECT_TRUE(answer.answer.empty());
    ASSERT_EQ(answer.authority.size(), 1u);
    EXPECT_EQ(answer.authority[0].owner, "bl.test");
    EXPECT_EQ(answer.authority[0].data, "ns.test host.test 7 1 2 3 300");
  }
  const Answer unlisted = Ask(Question("8.100.51.198.a.bl.test", dns::kA));
  ASSERT_EQ(unlisted.authority.size(), 1u);
  EXPECT_EQ(unlisted.authority[0].owner, "bl.test");
  EXPECT_EQ(Ask(Question("7.100.51.198.a.bl.test", dns::kA)).answer.at(0).ttl, 100u);
  EXPECT_EQ(Ask(Question("spam.b.c.bl.test", dns::kA)).answer.at(0).ttl, 50u);
  EXPECT_EQ(Says("7.100.51.198.a.bl.test", dns::kTxt), "one 198.51.100.7");
  EXPECT_TRUE(serving_->zones.Find("b.c.bl.test")->is_part());
  EXPECT_FALSE(serving_->zones.Find("bl.test")->is_part());
  EXPECT_EQ(stats_->zones[0].outcomes[static_cast<size_t>(Outcome::kNxdomain)].value(), 1u);
}

TEST_F(ServedRules, RulesOfAZoneHoldInItsParts) {
  Serve({{"combined", "combined", kCombined}, {"own", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}},
        {{.name = "bl.test", .feeds = {0}, .except = {1}, .access = {2}}});
  EXPECT_EQ(Says("7.100.51.198.a.bl.test"), "NXDOMAIN");
  EXPECT_EQ(Says("spam.b.c.bl.test"), "127.0.0.2");
  EXPECT_EQ(Says("spam.b.c.bl.test", dns::kA, "10.2.1.1"), "REFUSED");
  EXPECT_EQ(Says("c.bl.test", dns::kA, "10.3.1.1"), "nodata");
}

TEST_F(ServedRules, AConfiguredZoneHidesPartsOfTheZoneAboveIt) {
  Serve({{"combined", "combined", kCombined}, {"data", "cidr", "192.0.2.1\n"}},
        {{.name = "bl.test", .feeds = {0}}, {.name = "c.bl.test", .feeds = {1}}, {.name = "a.bl.test", .feeds = {1}}});
  EXPECT_EQ(Says("7.100.51.198.bl.test"), "127.0.0.2");
  EXPECT_EQ(Says("7.100.51.198.a.bl.test"), "NXDOMAIN");
  EXPECT_EQ(Says("1.2.0.192.a.bl.test"), "127.0.0.2");
  EXPECT_EQ(Says("spam.b.c.bl.test"), "NXDOMAIN");
  EXPECT_EQ(serving_->zones.Find("b.c.bl.test"), nullptr);
}

TEST_F(ServedRules, AFeedOfSeveralZonesIsStoredOnce) {
  Serve({{"combined", "combined", kCombined}},
        {{.name = "one.test", .feeds = {0}}, {.name = "two.test", .feeds = {0}}});
  const auto tables = [&](const char* zone) {
    AskedName asked{};
    asked.is_ip4 = true;
    asked.ip4 = test::Ip(198, 51, 100, 7);
    return serving_->zones.Find(zone)->Explain(asked).listings.at(0).feed;
  };
  EXPECT_EQ(tables("one.test"), "combined:first");
  EXPECT_EQ(tables("a.two.test"), "combined:first");
  EXPECT_EQ(serving_->snapshot.feeds[0]->parts.size(), 4u);
  EXPECT_EQ(serving_->snapshot.feeds[0]->parts[0].data.use_count(), 1);
}

}  // namespace
}  // namespace rblitz
