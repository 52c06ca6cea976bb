// Zones with rules, from feeds to answers: access lists and `allow`, `except`, parts of combined feeds.
#include <map>
#include <random>
#include <set>

#include "dataplane/asked_name.h"
#include "dataplane/io/memory_io.h"
#include "loaders/feed.h"
#include "tests/feed_fixture.h"
#include "tests/frames.h"
#include "tests/names.h"
#include "tests/responder_fixture.h"

namespace rblitz {
namespace {

constexpr uint16_t kMx = 15;

// Everybody comes from one address.
class OneClient final : public io::Clients {
 public:
  explicit OneClient(std::string_view address) {
    const bool is_ip4 = address.find(':') == std::string_view::npos;
    const Ip6Address client = Ip6Of((is_ip4 ? "::ffff:" : "") + std::string(address));
    const uint64_t halves_be[2] = {htobe64(client.high), htobe64(client.low)};
    std::memcpy(client_.data(), halves_be, sizeof halves_be);
  }
  [[nodiscard]] io::ClientAddress ClientOf(const io::Message&) const noexcept override { return client_; }

 private:
  io::ClientAddress client_;
};

struct NamedFeed {
  const char* name;
  const char* format;  // null: it has never loaded
  const char* text;
};

class ServedRules : public ResponderTest {
 protected:
  void SetUp() override {
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
  }

  void Serve(const std::vector<NamedFeed>& feeds, const std::vector<ZoneConfig>& zones) {
    const TempFolder folder;
    Snapshot snapshot;
    for (const NamedFeed& feed : feeds) {
      snapshot.feeds.emplace_back();
      if (feed.format == nullptr) continue;
      const Loaded loaded =
          Load({.name = feed.name, .paths = {folder.Write(feed.name, feed.text)}, .format = feed.format});
      ASSERT_NE(loaded.feed, nullptr) << loaded.error;
      ASSERT_EQ(loaded.report.errors, std::vector<std::string>());
      snapshot.feeds.back() = loaded.feed;
    }
    auto serving = BuildServing(std::move(snapshot), zones, {});
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }

  // "127.0.0.2,127.0.0.3", "nodata", "NXDOMAIN" and so on; "-" for no answer at all.
  std::string Says(const std::string& name, uint16_t type = dns::kA, const char* client = "192.0.2.1") {
    const OneClient clients(client);
    clients_ = &clients;
    const Bytes bytes = AskAll({Question(name, type)}).front();
    clients_ = nullptr;
    if (bytes.empty()) return "-";
    const Answer answer = AnswerReader(bytes).Read();
    static const std::map<unsigned, std::string> kRcodes = {
        {dns::kServFail, "SERVFAIL"}, {dns::kNxDomain, "NXDOMAIN"}, {dns::kRefused, "REFUSED"}};
    if (answer.rcode() != dns::kNoError) return kRcodes.at(answer.rcode());
    std::string joined;
    for (const std::string& data : Data(answer.answer)) joined.append(joined.empty() ? "" : ",").append(data);
    return joined.empty() ? "nodata" : joined;
  }
  uint64_t dropped(DropReason reason) const { return stats_->dropped[static_cast<size_t>(reason)].value(); }
  uint64_t counted(Outcome outcome) const { return stats_->zones[0].outcomes[static_cast<size_t>(outcome)].value(); }
};

constexpr const char* kAcl =
    "$TTL 7\n10.1.0.0/16 :ignore\n10.2.0.0/16 :refuse\n10.3.0.0/16 :empty\n10.3.3.0/24 :pass\n"
    "10.4.0.0/16 :127.255.255.254:no more for $\n2001:db8::/32 :refuse\n2001:db8:4::/48 :9:you are $\n";

TEST_F(ServedRules, AnAccessListDecidesWhatAClientGets) {
  Serve({{"data", "cidr", "198.51.100.7\n2001:db8:1::/48\n"},
         {"names", "dnset", ".spam.example\n"},
         {"records", "generic", "www A 192.0.2.80\n@ TXT hello\na.b A 192.0.2.81\n"},
         {"acl", "acl", kAcl}},
        {{.name = "bl.test", .feeds = {0, 1, 2}, .soa = test::ShortSoa(7), .access = {3}}});
  const std::string ip6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.test";
  struct Row {
    const char* client;
    std::vector<std::string> outcomes;
  };
  const std::vector<std::string> all = {"127.0.0.2",  "NXDOMAIN", "127.0.0.2", "127.0.0.2", "NXDOMAIN",
                                        "192.0.2.80", "nodata",   "nodata",    "127.0.0.2"};
  const std::vector<std::string> empty = {"NXDOMAIN",   "NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN",
                                          "192.0.2.80", "nodata",   "NXDOMAIN", "NXDOMAIN"};
  const auto always = [](const std::string& a) {
    return std::vector<std::string>{a, a, a, a, a, "192.0.2.80," + a, a, a, a};
  };
  const std::vector<Row> rows = {{"192.0.2.1", all},
                                 {"10.1.9.9", std::vector<std::string>(9, "-")},
                                 {"10.2.9.9", std::vector<std::string>(9, "REFUSED")},
                                 {"10.3.9.9", empty},
                                 {"10.3.3.9", all},
                                 {"10.4.9.9", always("127.255.255.254")},
                                 {"2001:db8::1", std::vector<std::string>(9, "REFUSED")},
                                 {"2001:db8:4::1", always("127.0.0.9")},
                                 {"2001:db9::1", all}};
  const std::vector<std::string> names = {
      "7.100.51.198.bl.test",  "8.100.51.198.bl.test", ip6,         "x.spam.example.bl.test",
      "other.example.bl.test", "www.bl.test",          "b.bl.test", "51.198.bl.test",
      "2.0.0.127.bl.test"};
  for (const auto& [client, outcomes] : rows) {
    for (size_t i = 0; i < names.size(); ++i) {
      std::string outcome = Says(names[i], dns::kA, client);
      // The order of a record and of what everything is answered with is no matter.
      if (outcome.ends_with(",192.0.2.80")) outcome = "192.0.2.80," + outcome.substr(0, outcome.find(','));
      EXPECT_EQ(outcome, outcomes[i]) << client << " " << names[i];
    }
  }
}

TEST_F(ServedRules, TheApexAnswersAllButThoseThatAreRefused) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}},
        {{.name = "bl.test",
          .feeds = {0},
          .soa = test::ShortSoa(7),
          .ns = NameServers{.ttl_seconds = 0, .names = {"ns.test"}},
          .access = {1}}});
  for (const char* client : {"192.0.2.1", "10.3.9.9", "10.4.9.9"}) {
    EXPECT_EQ(Says("bl.test", dns::kSoa, client), "ns.example.com hostmaster.example.com 7 1 2 3 300") << client;
    EXPECT_EQ(Says("bl.test", dns::kNs, client), "ns.test") << client;
    EXPECT_EQ(Says("bl.test", dns::kA, client), "nodata") << client;
  }
  EXPECT_EQ(Says("bl.test", dns::kSoa, "10.2.9.9"), "REFUSED");
  EXPECT_EQ(Says("bl.test", dns::kSoa, "10.1.9.9"), "-");
}

TEST_F(ServedRules, TheTextThatEverythingIsAnsweredWithNamesTheClient) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}}, {{.name = "bl.test", .feeds = {0}, .access = {1}}});
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kTxt, "10.4.1.2"), "no more for 10.4.1.2");
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kTxt, "2001:db8:4::1"), "you are 2001:db8:4::1");
  EXPECT_EQ(Says("1.2.3.4.bl.test", kMx, "10.4.1.2"), "nodata");
  // What the zone cannot list is not answered: names, and addresses of a family that it has none of.
  EXPECT_EQ(Says("name.bl.test", dns::kA, "10.4.1.2"), "NXDOMAIN");
  const OneClient client("10.4.1.2");
  clients_ = &client;
  EXPECT_EQ(Ask(Question("1.2.3.4.bl.test", dns::kA)).answer.at(0).ttl, 7u);
}

TEST_F(ServedRules, DroppedAndRefusedQuestionsAreCounted) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}}, {{.name = "bl.test", .feeds = {0}, .access = {1}}});
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kA, "10.1.1.1"), "-");
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kA, "10.1.1.1"), "-");
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kA, "10.2.1.1"), "REFUSED");
  EXPECT_EQ(dropped(DropReason::kAcl), 2u);
  EXPECT_EQ(counted(Outcome::kIgnored), 2u);
  EXPECT_EQ(counted(Outcome::kRefused), 1u);
  EXPECT_EQ(stats_->rcodes[dns::kRefused].value(), 1u);
}

TEST_F(ServedRules, TheStrictestOfSeveralListsCounts) {
  const std::vector<NamedFeed> feeds = {{"data", "cidr", "198.51.100.7\n"},
                                        {"first", "acl",
                                         "10.0.0.1 :pass\n10.0.0.2 :empty\n10.0.0.3 :5\n10.0.0.4 :5\n"
                                         "10.0.0.5 :refuse\n10.0.0.6 :empty\n10.0.0.8 :ignore\n"},
                                        {"second", "acl",
                                         "10.0.0.1 :refuse\n10.0.0.2 :refuse\n10.0.0.3 :6\n"
                                         "10.0.0.4 :empty\n10.0.0.5 :ignore\n10.0.0.7 :6\n"}};
  const std::vector<std::string> expected = {"127.0.0.2", "REFUSED",  "REFUSED",   "127.0.0.5", "NXDOMAIN",
                                             "-",         "NXDOMAIN", "127.0.0.6", "-"};
  for (const auto& order : {std::vector<uint32_t>{1, 2}, std::vector<uint32_t>{2, 1}}) {
    Serve(feeds, {{.name = "bl.test", .feeds = {0}, .access = order}});
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string client = "10.0.0." + std::to_string(i);
      // Of two answers that of the list that the zone names first.
      const bool other = i == 3 && order.front() == 2;
      EXPECT_EQ(Says("7.100.51.198.bl.test", dns::kA, client.c_str()), other ? "127.0.0.6" : expected[i]) << client;
    }
  }
}

TEST_F(ServedRules, AllowNamesThoseThatMayAsk) {
  const Ip6Prefix loopback{.address = Ip6Of("::1"), .length = 128};
  const Ip6Prefix ten{.address = Ip6Of("::ffff:10.0.0.0"), .length = 96 + 8};
  Serve({{"data", "cidr", "198.51.100.7\n"},
         {"acl", "acl", "10.9.0.0/16 :ignore\n10.8.0.0/16 :empty\n1.1.1.1 :ignore\n"}},
        {{.name = "open.test", .feeds = {0}},
         {.name = "bl.test", .feeds = {0}, .allow = {loopback, ten}},
         {.name = "both.test", .feeds = {0}, .access = {1}, .allow = {loopback, ten}}});
  for (const auto& [client, open, bl, both] :
       std::vector<std::array<const char*, 4>>{{"10.1.2.3", "127.0.0.2", "127.0.0.2", "127.0.0.2"},
                                               {"::1", "127.0.0.2", "127.0.0.2", "127.0.0.2"},
                                               {"::2", "127.0.0.2", "REFUSED", "REFUSED"},
                                               {"11.0.0.0", "127.0.0.2", "REFUSED", "REFUSED"},
                                               {"10.9.2.3", "127.0.0.2", "127.0.0.2", "-"},
                                               {"10.8.2.3", "127.0.0.2", "127.0.0.2", "NXDOMAIN"},
                                               {"1.1.1.1", "127.0.0.2", "REFUSED", "-"}}) {
    EXPECT_EQ(Says("7.100.51.198.open.test", dns::kA, client), open) << client;
    EXPECT_EQ(Says("7.100.51.198.bl.test", dns::kA, client), bl) << client;
    EXPECT_EQ(Says("7.100.51.198.both.test", dns::kA, client), both) << client;
  }
  clients_ = nullptr;  // nobody knows who asks
  EXPECT_EQ(Ask(Question("7.100.51.198.open.test", dns::kA)).rcode(), dns::kNoError);
  EXPECT_EQ(Ask(Question("7.100.51.198.bl.test", dns::kA)).rcode(), dns::kRefused);
}

// What only one client may see must not be open to all because a file is missing, and what must never be listed must
// not be listed because of that.
TEST_F(ServedRules, AListThatHasNeverLoadedMakesTheZoneServfail) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", nullptr, ""}, {"records", "cidr", ""}},
        {{.name = "acl.test", .feeds = {0}, .access = {1}},
         {.name = "wrong.test", .feeds = {0}, .access = {2}},  // its format has changed, and the new file is bad
         {.name = "except.test", .feeds = {0}, .except = {1}},
         {.name = "part.test", .feeds = {0, 1}}});
  for (const char* zone : {"acl.test", "wrong.test", "except.test"}) {
    EXPECT_EQ(Says(std::string("7.100.51.198.") + zone), "SERVFAIL") << zone;
    EXPECT_EQ(Says(zone, dns::kSoa), "SERVFAIL") << zone;
    EXPECT_TRUE(serving_->zones.Find(zone)->out()) << zone;
  }
  EXPECT_EQ(Says("7.100.51.198.part.test"), "127.0.0.2");
}

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
  EXPECT_EQ(Says("good.wild.example.all.test"), "nodata");
  EXPECT_EQ(Says("below.good.wild.example.all.test"), "NXDOMAIN");
  EXPECT_EQ(Says("test.all.test"), "127.0.0.2");
  EXPECT_EQ(Says("71df8292998ea3208ce9ce9fb1a5d0c05c9f1748.all.test"), "127.0.0.2");
  EXPECT_EQ(Says("e9832b05d2bc6e45194cd37092fd2863ee3ede3a.all.test"), "NXDOMAIN");
  EXPECT_EQ(Says("kept.all.test"), "192.0.2.80");
  EXPECT_NE(Says("gone.all.test"), "192.0.2.81");
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

// Frames as a port brings them: the client is read from the IPv4 header.
TEST_F(ServedRules, HoldForTheClientsOfFrames) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}}, {{.name = "bl.test", .feeds = {0}, .access = {1}}});
  io::MemoryIo memory(test::Own(), stats_.get());
  std::vector<std::string> expected;
  for (uint32_t i = 0; i < 3 * io::kBurst; ++i) {
    const uint32_t net = i % 6;  // 10.0/16 to 10.5/16
    memory.Push(
        test::UdpFrame({.source = test::Ip(10, net, 1, 1 + i % 250)}, {}, Question("7.100.51.198.bl.test", dns::kA)));
    static constexpr const char* kOutcomes[] = {"127.0.0.2", "", "REFUSED", "NXDOMAIN", "127.255.255.254", "127.0.0.2"};
    if (net != 1) expected.emplace_back(kOutcomes[net]);
  }
  io::Burst burst;
  std::vector<std::string> outcomes;
  for (memory.Receive(burst); burst.count > 0; memory.Receive(burst)) {
    responder_->Answer(burst, *serving_);
    memory.Send(burst);
  }
  for (const test::FrameBytes& frame : memory.TakeSent()) {
    const Answer answer = AnswerReader(Bytes(frame.begin() + 42, frame.end())).Read();
    outcomes.push_back(answer.rcode() == dns::kRefused    ? "REFUSED"
                       : answer.rcode() == dns::kNxDomain ? "NXDOMAIN"
                                                          : answer.answer.at(0).data);
  }
  EXPECT_EQ(outcomes, expected);
  EXPECT_EQ(dropped(DropReason::kAcl), 32u);
}

}  // namespace
}  // namespace rblitz
