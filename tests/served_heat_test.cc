// Zones of heat, from questions to answers.
#include <random>
#include <set>
#include <vector>

#include "dataplane/asked_name.h"
#include "dataplane/heat_zone.h"
#include "tests/served_rules.h"

namespace rblitz {
namespace {

constexpr uint16_t kMx = 15;
constexpr uint16_t kAaaa = 28;

constexpr const char* kHeat =
    "203.0.113.0/24 183\n203.0.112.0/24 190\n203.0.114.0/23 94\n198.51.100.0/22 80\n10.0.0.0/8 70\n"
    "192.0.2.0/24 63\n127.0.0.0/8 255\n100.64.0.0/24 250\n100.64.1.0/24 255\n";

class ServedHeat : public ServedRules {
 protected:
  void ServeHeat(HeatZoneConfig heat = {}, const char* text = kHeat) {
    Serve({{"cymru-map", "heat", text}, {"list", "cidr", "192.0.2.77\n"}, {"not-loaded", nullptr, ""}},
          {{.name = "heat.test.example", .feeds = {0, 2}, .soa = test::ShortSoa(1), .heat = std::move(heat)},
           {.name = "bl.test.example", .feeds = {1}, .soa = test::ShortSoa(1), .slot = 1},
           {.name = "out.test.example", .feeds = {2}, .slot = 2, .heat = HeatZoneConfig{}},
           {.name = "closed.test.example",
            .feeds = {0},
            .allow = {{.address = {.high = 0, .low = kV4MappedLow | 0x0a000000}, .length = 104}},
            .slot = 3,
            .heat = HeatZoneConfig{}}});
  }
  std::string Heat(const std::string& name, uint16_t type = dns::kA) { return Says(name + ".heat.test.example", type); }
};

std::string Reversed(uint32_t address) {
  return std::to_string(address & 255) + "." + std::to_string(address >> 8 & 255) + "." +
         std::to_string(address >> 16 & 255) + "." + std::to_string(address >> 24);
}

TEST_F(ServedHeat, AnswersFromTheMostSpecificLevel) {
  ServeHeat();
  EXPECT_EQ(Heat("9.113.0.203"), "127.0.24.183");
  EXPECT_EQ(Heat("1.103.51.198"), "127.0.24.80");
  EXPECT_EQ(Heat("9.200.200.10"), "127.0.24.70");
  EXPECT_EQ(Heat("9.2.0.192"), "NXDOMAIN") << "63 is below min_score";
  EXPECT_EQ(Heat("9.5.64.100"), "NXDOMAIN") << "the mean of its /20 is 505 / 16";
  EXPECT_EQ(Heat("1.2.3.4"), "NXDOMAIN");
  EXPECT_EQ(counted(Outcome::kListed), 3u);
  EXPECT_EQ(counted(Outcome::kNxdomain), 3u);
}

TEST_F(ServedHeat, AnswersFromLargerNetworksThatAreWarm) {
  ServeHeat({.levels = {24, 22, 20, 16}, .min_score = 32});
  EXPECT_EQ(Heat("9.5.64.100"), "127.0.20.32");
  EXPECT_EQ(Heat("9.1.64.100"), "127.0.24.255");
  EXPECT_EQ(Heat("9.3.64.100"), "127.0.22.126");
  EXPECT_EQ(Heat("9.99.64.100"), "NXDOMAIN");
  EXPECT_EQ(Heat("9.5.64.100", dns::kTxt),
            "heat=32 level=20 prefix=100.64.0.0/20 n22=0 n20=32 n16=2 active16=2/256 " +
                Heat("9.5.64.100", dns::kTxt).substr(Heat("9.5.64.100", dns::kTxt).find("asof=")));
}

TEST_F(ServedHeat, TellsAllLevelsThatAreWarm) {
  ServeHeat({.levels = {24, 22, 20}, .min_score = 30, .all = true});
  EXPECT_EQ(Heat("9.1.64.100"), "127.0.24.255,127.0.22.126,127.0.20.32");
  EXPECT_EQ(Heat("9.113.0.203"), "127.0.24.183,127.0.22.140,127.0.20.35");
  EXPECT_EQ(Heat("9.5.64.100"), "127.0.20.32");
}

TEST_F(ServedHeat, RoundsDown) {
  ServeHeat({.min_score = 10, .round = 16});
  EXPECT_EQ(Heat("9.113.0.203"), "127.0.24.176");
  EXPECT_EQ(Heat("1.103.51.198"), "127.0.24.80") << "a multiple stays what it is";
  EXPECT_EQ(Heat("9.96.64.100"), "NXDOMAIN");
  ServeHeat({.min_score = 1, .round = 100});
  EXPECT_EQ(Heat("9.2.0.192"), "127.0.24.1") << "known, so not 0";
}

TEST_F(ServedHeat, AnswersPlainly) {
  ServeHeat({.min_score = 80, .plain = true});
  EXPECT_EQ(Heat("9.113.0.203"), "127.0.0.2");
  EXPECT_EQ(Heat("9.200.200.10"), "NXDOMAIN");
  EXPECT_EQ(Heat("2.0.0.127"), "127.0.0.2");
  EXPECT_EQ(Heat("1.0.0.127"), "NXDOMAIN");
}

TEST_F(ServedHeat, TestPointsSayWhatTheyMust) {
  ServeHeat();
  EXPECT_EQ(Heat("2.0.0.127"), "127.0.24.2");
  EXPECT_EQ(Heat("1.0.0.127"), "NXDOMAIN");
  EXPECT_EQ(Heat("3.0.0.127"), "127.0.24.255") << "all of 127/8 is hot";
  EXPECT_EQ(Heat("2.0.0.127", dns::kTxt), "heat=2 level=24 prefix=127.0.0.0/24 src=test");
  EXPECT_EQ(Heat("1.0.0.127", dns::kTxt), "NXDOMAIN");
}

TEST_F(ServedHeat, TellsTheSurroundingsAsText) {
  ServeHeat();
  const std::string text = Heat("9.113.0.203", dns::kTxt);
  const std::string start = "heat=183 level=24 prefix=203.0.113.0/24 n22=140 n20=35 n16=2 active16=4/256 asof=20";
  EXPECT_EQ(text.substr(0, start.size()), start);
  EXPECT_EQ(text.substr(start.size()), text.substr(start.size(), sizeof("26-11-22T10:00Z") - 1) + " src=cymru-map");
}

TEST_F(ServedHeat, OtherTypesAndNamesAreAsElsewhere) {
  ServeHeat();
  EXPECT_EQ(Heat("9.113.0.203", kMx), "nodata");
  EXPECT_EQ(Heat("9.113.0.203", kAaaa), "nodata");
  EXPECT_NE(Heat("9.113.0.203", dns::kAny), "nodata") << "HINFO";
  EXPECT_EQ(Heat("1.2.3.4", kMx), "NXDOMAIN");
  EXPECT_EQ(Heat("1.2.3.4", dns::kAny), "NXDOMAIN");
  for (const char* part : {"203", "0.203", "113.0.203", "4", "255.255.255"}) EXPECT_EQ(Heat(part), "nodata") << part;
  for (const char* other :
       {"x", "256", "1.256", "www.113.0.203", "x.9.113.0.203", "9.113.0.2030", "9.9.113.0.203", "9.113.0.0203"}) {
    EXPECT_EQ(Heat(other), "NXDOMAIN") << other;
  }
  const std::string nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
  EXPECT_EQ(Heat(nibbles), "NXDOMAIN");
  EXPECT_EQ(Says("heat.test.example", dns::kSoa).substr(0, 3), "ns.");
  EXPECT_EQ(Says("heat.test.example"), "nodata");
  EXPECT_EQ(Says("77.2.0.192.bl.test.example"), "127.0.0.2");
  EXPECT_EQ(Says("9.113.0.203.bl.test.example"), "NXDOMAIN");
}

// Nibbles of an address, reversed.
std::string Nibbles(const std::string& address) {
  const Ip6Address ip6 = Ip6Of(address);
  std::string name;
  for (const uint64_t half : {ip6.low, ip6.high}) {
    for (int shift = 0; shift < 64; shift += 4) {
      name += "0123456789abcdef"[half >> shift & 15];
      name += '.';
    }
  }
  name.pop_back();
  return name;
}

constexpr const char* kHeat6 =
    "2001:db8:1:1::/64 100\n2001:db8:1:2::/64 70\n2001:db8:2::/48 180\n2001:db8:3:3::/64 20\n203.0.113.0/24 183\n";

TEST_F(ServedHeat, AnswersForIp6) {
  ServeHeat({}, kHeat6);
  EXPECT_EQ(Heat(Nibbles("2001:db8:1:1::9")), "127.0.64.100");
  EXPECT_EQ(Heat(Nibbles("2001:db8:1:3::9")), "127.0.56.170") << "the sum of two /64s";
  EXPECT_EQ(Heat(Nibbles("2001:db8:1:100::9")), "127.0.48.170");
  EXPECT_EQ(Heat(Nibbles("2001:db8:2:ffff:1:2:3:4")), "127.0.48.180");
  EXPECT_EQ(Heat(Nibbles("2001:db8:3:3::9")), "NXDOMAIN") << "below min_score";
  EXPECT_EQ(Heat(Nibbles("2001:db8:4::9")), "NXDOMAIN") << "/40 and /32 answer only where they are among levels6";
  EXPECT_EQ(Heat("9.113.0.203"), "127.0.24.183");
  const std::string text = Heat(Nibbles("2001:db8:2::1"), dns::kTxt);
  const std::string start = "heat=180 level=48 prefix=2001:db8:2::/48 n56=0 n48=180 n40=255 n32=255 asof=20";
  EXPECT_EQ(text.substr(0, start.size()), start);
  EXPECT_NE(text.find(" src=cymru-map"), std::string::npos);
  EXPECT_EQ(Heat(Nibbles("2001:db8:2::1"), kMx), "nodata");
  EXPECT_EQ(Heat(Nibbles("2001:db8:4::1"), kMx), "NXDOMAIN");
  EXPECT_EQ(Heat(Nibbles("::ffff:127.0.0.2")), "127.0.64.2");
  EXPECT_EQ(Heat(Nibbles("::ffff:127.0.0.2"), dns::kTxt), "heat=2 level=64 prefix=::/64 src=test");
  EXPECT_EQ(Heat(Nibbles("::ffff:127.0.0.1")), "NXDOMAIN");
  // What may be a part of an address exists.
  for (const char* part : {"8.b.d.0.1.0.0.2", "2", "f", "1.2.3.4.5", "1.2.3.4"})
    EXPECT_EQ(Heat(part), "nodata") << part;
  for (const char* other : {"g", "10.2.3.4.5", "x.1.2"}) EXPECT_EQ(Heat(other), "NXDOMAIN") << other;
  EXPECT_EQ(Heat("1." + Nibbles("2001:db8:2::1")), "NXDOMAIN");
  EXPECT_EQ(Heat("1.2.3.44"), "NXDOMAIN");
}

// As in lists (served_ip4_within_test.cc).
TEST_F(ServedHeat, AnswersForIp4AddressesThatAreWrittenAsIp6) {
  for (const char* text : {kHeat, "203.0.113.0/24 183\n203.0.112.0/24 190\n203.0.114.0/23 94\n2001:db8:2::/48 180\n"}) {
    const bool has_ip6 = text != kHeat;
    ServeHeat({}, text);
    EXPECT_EQ(Heat(Nibbles("::ffff:203.0.113.9")), "127.0.24.183");
    EXPECT_EQ(Heat(Nibbles("::ffff:203.0.113.9"), dns::kTxt), Heat("9.113.0.203", dns::kTxt));
    EXPECT_EQ(Heat(Nibbles("::ffff:203.0.113.9"), kMx), "nodata");
    EXPECT_EQ(Heat(Nibbles("::ffff:1.2.3.4")), "NXDOMAIN");
    EXPECT_EQ(Heat(Nibbles("::203.0.113.9")), "NXDOMAIN");
    EXPECT_EQ(Heat(Nibbles("::ffff:127.0.0.2")), has_ip6 ? "127.0.64.2" : "127.0.24.2");
    EXPECT_EQ(Heat(Nibbles("::ffff:127.0.0.1")), "NXDOMAIN");
    const Zone* const zone = serving_->zones.Find("heat.test.example");
    AskedName asked;
    asked.SetIp6(Ip6Of("::ffff:203.0.113.9"));
    ASSERT_EQ(zone->Explain(asked).listings.size(), 1u);
    EXPECT_EQ(Dotted(zone->Explain(asked).listings[0].a_be), "127.0.24.183");
    asked.SetIp6(Ip6Of("::ffff:127.0.0.2"));
    ASSERT_EQ(zone->Explain(asked).listings.size(), 1u);
    EXPECT_EQ(Dotted(zone->Explain(asked).listings[0].a_be), has_ip6 ? "127.0.64.2" : "127.0.24.2");
    asked.SetIp6(Ip6Of("::ffff:1.2.3.4"));
    EXPECT_TRUE(zone->Explain(asked).listings.empty());
  }
}

// As in lists: 2002:cb00:7109:: has hosts behind 203.0.113.9 (RFC 3056).
TEST_F(ServedHeat, AnswersForHostsBehindIp4Addresses) {
  const std::string own = std::string(kHeat) + "2002:cb00:7109:7::/64 90\n2002:c633:6401::/48 20\n2001:db8::/48 180\n";
  for (const std::string& text : {std::string(kHeat), own}) {
    ServeHeat({}, text.c_str());
    EXPECT_EQ(Heat(Nibbles("2002:cb00:7109::1")), text == own ? "127.0.56.90" : "127.0.24.183")
        << "what is known of the IPv6 network itself comes first";
    EXPECT_EQ(Heat(Nibbles("2002:cb00:7009:1:2:3:4:5")), "127.0.24.190");
    EXPECT_EQ(Heat(Nibbles("2002:cb00:7009::1"), dns::kTxt), Heat("9.112.0.203", dns::kTxt));
    EXPECT_EQ(Heat(Nibbles("2002:cb00:7009::1"), kMx), "nodata");
    EXPECT_EQ(Heat(Nibbles("2002:c633:6401::1")), "127.0.24.80") << "20 is below min_score";
    EXPECT_EQ(Heat(Nibbles("2002:102:304::1")), "NXDOMAIN");
    EXPECT_EQ(Heat(Nibbles("2002:7f00:2::1")), "NXDOMAIN") << "behind no test point is anybody";
    EXPECT_EQ(Heat(Nibbles("2002:7f00:3::1")), "127.0.24.255");
    EXPECT_EQ(Heat(Nibbles("2003:cb00:7109::1")), "NXDOMAIN");
    const Zone* const zone = serving_->zones.Find("heat.test.example");
    const auto explained = [zone](const char* address) {
      AskedName asked;
      asked.SetIp6(Ip6Of(address));
      const auto listings = zone->Explain(asked).listings;
      return listings.size() == 1 ? Dotted(listings[0].a_be) : std::to_string(listings.size());
    };
    EXPECT_EQ(explained("2002:cb00:7009::1"), "127.0.24.190");
    EXPECT_EQ(explained("2002:cb00:7109:7::1"), text == own ? "127.0.64.90" : "127.0.24.183");
    EXPECT_EQ(explained("2002:7f00:2::1"), "0");
  }
}

TEST_F(ServedHeat, AnswersForIp6AsTheZoneSays) {
  ServeHeat({.levels6 = {64, 48, 40, 32}, .min_score = 30, .all = true}, kHeat6);
  EXPECT_EQ(Heat(Nibbles("2001:db8:1:1::9")), "127.0.64.100,127.0.48.170,127.0.40.255,127.0.32.255");
  EXPECT_EQ(Heat(Nibbles("2001:db8:ff:1::9")), "127.0.40.255,127.0.32.255");
  ServeHeat({.plain = true}, kHeat6);
  EXPECT_EQ(Heat(Nibbles("2001:db8:2::1")), "127.0.0.2");
  EXPECT_EQ(Heat(Nibbles("::ffff:127.0.0.2")), "127.0.0.2");
  ServeHeat({.levels6 = {}}, kHeat6);
  EXPECT_EQ(Heat(Nibbles("2001:db8:2::1")), "NXDOMAIN");
  AskedName asked;
  asked.is_ip6 = true;
  asked.ip6 = Ip6Of("2001:db8:2::1");
  ServeHeat({.round = 100}, kHeat6);
  EXPECT_EQ(Heat(Nibbles("2001:db8:2::1")), "127.0.48.100");
  const Explanation explanation = serving_->zones.Find("heat.test.example")->Explain(asked);
  ASSERT_EQ(explanation.listings.size(), 1u);
  EXPECT_EQ(Dotted(explanation.listings[0].a_be), "127.0.48.100");
}

TEST_F(ServedHeat, IsOutWhenItsFeedsAre) {
  ServeHeat();
  EXPECT_EQ(Says("9.113.0.203.out.test.example"), "SERVFAIL");
  EXPECT_EQ(Says("out.test.example", dns::kSoa), "SERVFAIL");
}

TEST_F(ServedHeat, IsForThoseWhoMayAsk) {
  ServeHeat();
  EXPECT_EQ(Says("9.113.0.203.closed.test.example", dns::kA, "10.1.2.3"), "127.0.24.183");
  EXPECT_EQ(Says("9.113.0.203.closed.test.example", dns::kA, "192.0.2.1"), "REFUSED");
}

// Lists of clients and keys would go unheard.
TEST_F(ServedHeat, TakesNoAccessLists) {
  const ZoneConfig config{.name = "heat.test.example", .feeds = {}, .access = {0}, .heat = HeatZoneConfig{}};
  const Result<Zone> zone = Zone::Build(config, {.feeds = {nullptr}});
  ASSERT_FALSE(zone);
  EXPECT_EQ(zone.error().message,
            "zone heat.test.example: a zone of heat takes no access lists: allow says who may ask");
}

// A feed that was of another kind before is not read as what it is not.
TEST_F(ServedHeat, TakesNothingFromFeedsOfOtherKinds) {
  Serve({{"map", "heat", kHeat}, {"list", "cidr", "203.0.113.9\n"}},
        {{.name = "bl.test.example", .feeds = {0}},
         {.name = "both.test.example", .feeds = {0, 1}, .slot = 1},
         {.name = "heat.test.example", .feeds = {1}, .slot = 2, .heat = HeatZoneConfig{}}});
  EXPECT_EQ(Says("9.113.0.203.bl.test.example"), "SERVFAIL");
  EXPECT_EQ(Says("9.113.0.203.both.test.example"), "127.0.0.2");
  EXPECT_EQ(Says("9.113.0.203.heat.test.example"), "SERVFAIL");
}

TEST_F(ServedHeat, JoinsItsFeeds) {
  const auto serve = [&](HeatJoin join) {
    Serve({{"a", "heat", "203.0.113.0/24 100\n"}, {"b", "heat", "203.0.113.0/24 120\n192.0.2.0/24 90\n"}},
          {{.name = "heat.test.example", .feeds = {0, 1}, .heat = HeatZoneConfig{.join = join}}});
  };
  serve(HeatJoin::kMax);
  EXPECT_EQ(Heat("9.113.0.203"), "127.0.24.120");
  EXPECT_EQ(Heat("9.2.0.192"), "127.0.24.90");
  serve(HeatJoin::kSum);
  EXPECT_EQ(Heat("9.113.0.203"), "127.0.24.220");
  EXPECT_NE(Heat("9.113.0.203", dns::kTxt).find(" src=a,b"), std::string::npos);
}

// Whole bursts over several zones, in any order, beside what a table says.
TEST_F(ServedHeat, BurstsAreAnsweredEachByItsOwnZone) {
  ServeHeat();
  std::mt19937 random(1);
  const uint32_t warm[] = {0xcb007109, 0xc6336401, 0x0a0a0a0a, 0xc0000209, 0x64400109, 0x01020304, 0x7f000001};
  const std::map<uint32_t, std::string> expected = {{0xcb007109, "127.0.24.183"},
                                                    {0xc6336401, "127.0.24.80"},
                                                    {0x0a0a0a0a, "127.0.24.70"},
                                                    {0xc0000209, ""},
                                                    {0x64400109, "127.0.24.255"},
                                                    {0x01020304, ""},
                                                    {0x7f000001, ""}};
  for (int round = 0; round < 50; ++round) {
    std::vector<Bytes> burst;
    std::vector<std::string> answers;
    for (size_t i = 0; i < 64; ++i) {
      const uint32_t address = warm[random() % std::size(warm)];
      const bool is_heat = random() % 3 != 0;
      burst.push_back(Question(Reversed(address) + (is_heat ? ".heat.test.example" : ".bl.test.example"), dns::kA));
      answers.push_back(is_heat ? expected.at(address) : "");
    }
    const OneClient client("192.0.2.1");
    clients_ = &client;
    const std::vector<Bytes> got = AskAll(burst);
    clients_ = nullptr;
    for (size_t i = 0; i < got.size(); ++i) {
      const Answer answer = AnswerReader(got[i]).Read();
      ASSERT_EQ(answer.answer.empty() ? "" : answer.answer[0].data, answers[i]) << i;
      ASSERT_EQ(answer.rcode(), answers[i].empty() ? dns::kNxDomain : dns::kNoError);
    }
  }
}

// Bursts of questions that are alike take a way of their own; with one among them that is not, another. Whatever the
// others are, each must get the answer that it gets alone.
TEST_F(ServedHeat, AnUnlikeQuestionChangesNoOther) {
  std::mt19937 random(2);
  const uint32_t addresses[] = {0xcb007109, 0xc6336401, 0x0a0a0a0a, 0xc0000209, 0x64400109,
                                0x64400509, 0x01020304, 0x05060708, 0x7f000003};
  const std::string unlike[] = {
      "9.113.0.203.heat.test.example", "1.0.0.127.heat.test.example",   "2.0.0.127.heat.test.example",
      "113.0.203.heat.test.example",   "www.heat.test.example",         "9.113.0.203.bl.test.example",
      "9.113.0.203.out.test.example",  "9.113.0.203.elsewhere.example", "heat.test.example",
      "9.113.0.203.HEAT.test.Example"};
  const OneClient client("192.0.2.1");
  for (const HeatZoneConfig& heat :
       {HeatZoneConfig{}, HeatZoneConfig{.levels = {24, 22, 16}, .min_score = 1, .round = 10},
        HeatZoneConfig{.min_score = 30, .all = true}, HeatZoneConfig{.plain = true}}) {
    for (const char* text : {kHeat, "203.0.113.0/24 183\n2001:db8::/48 90\n1.2.3.0/24 70\n"}) {
      ServeHeat(heat, text);
      for (int round = 0; round < 60; ++round) {
        const bool has_opt = round % 2 == 1;
        const auto ask = [&](const std::string& name, uint16_t type) {
          return has_opt ? Question(name, type, Opt{.dnssec_ok = round % 4 == 1}) : Question(name, type);
        };
        std::vector<Bytes> burst;
        const size_t count = 1 + random() % 64;
        for (size_t i = 0; i < count; ++i) {
          burst.push_back(ask(Reversed(addresses[random() % std::size(addresses)]) + ".heat.test.example", dns::kA));
        }
        if (round % 3 != 0) {
          const uint16_t types[] = {dns::kA, dns::kTxt, dns::kAny, kMx, dns::kAxfr};
          burst[random() % count] = ask(unlike[random() % std::size(unlike)], types[random() % std::size(types)]);
        }
        clients_ = &client;
        const std::vector<Bytes> together = AskAll(burst);
        for (size_t i = 0; i < count; ++i) {
          ASSERT_EQ(together[i], AskAll({burst[i]}).front()) << i << " of " << count << ", round " << round;
          // With so little room none is copied blindly.
          ASSERT_EQ(together[i], AskAll({burst[i]}, 350).front()) << i << " of " << count << ", round " << round;
        }
        clients_ = nullptr;
      }
    }
  }
}

TEST_F(ServedHeat, ExplainsItself) {
  ServeHeat({.levels = {24, 22}, .min_score = 30, .all = true});
  const Zone* const zone = serving_->zones.Find("heat.test.example");
  EXPECT_TRUE(zone->is_heat());
  EXPECT_FALSE(serving_->zones.Find("bl.test.example")->is_heat());
  AskedName asked;
  asked.is_ip4 = true;
  asked.ip4 = 0xcb007109;
  const Explanation explanation = zone->Explain(asked);
  ASSERT_EQ(explanation.listings.size(), 2u);
  EXPECT_EQ(Dotted(explanation.listings[0].a_be), "127.0.24.183");
  EXPECT_EQ(Dotted(explanation.listings[1].a_be), "127.0.22.140");
  EXPECT_EQ(explanation.listings[0].feed, "cymru-map");
  EXPECT_EQ(explanation.listings[0].text, Heat("9.113.0.203", dns::kTxt));
  asked.ip4 = 0x01020304;
  EXPECT_TRUE(zone->Explain(asked).listings.empty());
  asked.is_ip4 = false;
  EXPECT_TRUE(zone->Explain(asked).listings.empty());
}

TEST(HeatTables, AreSharedWhileTheirSourcesStay) {
  const auto one = std::make_shared<const HeatCells>();
  auto two = std::make_shared<const HeatCells>();
  HeatTables tables;
  const auto first = tables.Join({one, two}, HeatJoin::kMax);
  EXPECT_EQ(tables.Join({one, two}, HeatJoin::kMax), first);
  EXPECT_NE(tables.Join({one, two}, HeatJoin::kSum), first);
  EXPECT_NE(tables.Join({two, one}, HeatJoin::kMax), first);
  EXPECT_NE(tables.Join({one}, HeatJoin::kMax), first);
  two = std::make_shared<const HeatCells>();
  EXPECT_NE(tables.Join({one, two}, HeatJoin::kMax), first);
}

}  // namespace
}  // namespace rblitz
