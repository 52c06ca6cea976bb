// Zones whose feeds are joined in one table answer as those whose feeds are asked one by one, whatever the feeds are
// and however a burst is made up.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dataplane/asked_name.h"
#include "dataplane/zone_tables.h"
#include "tables/ip6_builder.h"
#include "tables/name_builder.h"
#include "tests/responder_fixture.h"

namespace rblitz {
namespace {

using test::Entry;
using test::Ip;

// Addresses of which `Asked` asks for many: each feed has a part of them.
constexpr uint32_t kFirst = Ip(192, 0, 2, 0);
constexpr uint32_t kAddresses = 512;

std::vector<Entry> SomeEntries(std::mt19937_64& random, size_t count, uint32_t values) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t first = kFirst + static_cast<uint32_t>(random() % kAddresses);
    const uint32_t more = i % 4 == 0 ? static_cast<uint32_t>(random() % 16) : 0;
    entries.push_back(
        {.first = first, .last = first + more, .a = 2 + static_cast<uint32_t>(random() % values), .text = {"of ", ""}});
  }
  return entries;
}

// Of a zone of more feeds than are remembered while an answer is composed.
constexpr uint32_t kFirstOfMany = 11;
constexpr uint32_t kMany = 40;

class ResponderJoined : public ResponderTest {
 protected:
  void SetUp() override {
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
  }

  // Six lists with 1 to 40 values, of different TTLs; texts alone; one that nearly all is listed by.
  Snapshot MakeSnapshot() {
    std::mt19937_64 random(5);
    Snapshot snapshot;
    for (uint32_t i = 0; i < 6; ++i) {
      const auto feed = test::MakeFeed("list" + std::to_string(i), SomeEntries(random, 60 + 10 * i, 1 + 8 * i));
      feed->ttl_seconds = i % 2 == 0 ? 0 : 100 * i;
      snapshot.feeds.push_back(feed);
    }
    const auto texts = test::MakeFeed("texts", SomeEntries(random, 90, 3));
    texts->is_text_only = true;
    snapshot.feeds.push_back(texts);
    snapshot.feeds.push_back(test::MakeFeed("large", SomeEntries(random, 5000, 2)));
    const auto added = test::MakeFeed("list add", {{.first = kFirst, .last = kFirst + 3, .a = 77}});
    added->is_override = true;
    snapshot.feeds.push_back(added);
    const auto ip6 = test::MakeFeed("ip6", {});
    BuildReport report;
    Ip6Builder ip6_builder;
    ip6_builder.Add({.address = {.high = 0x2001'0db8'0000'0000, .low = 0}, .length = 32}, 1);
    (void)ip6->verdicts.Intern({.a_be = __builtin_bswap32(Ip(127, 0, 0, 2)), .text = kNoText});
    ip6->ip6 = std::make_shared<const Ip6Table>(ip6_builder.Build(nullptr, &report));
    snapshot.feeds.push_back(ip6);
    const auto names = test::MakeFeed("names", {});
    NameBuilder name_builder(&names->verdicts);
    names->names = std::make_shared<const NameTable>(name_builder.Build(nullptr, &report));
    snapshot.feeds.push_back(names);
    for (uint32_t i = 0; i < kMany; ++i) {
      snapshot.feeds.push_back(test::MakeFeed("many" + std::to_string(i), SomeEntries(random, 10, 3)));
    }
    return snapshot;
  }

  static std::vector<ZoneConfig> Zones() {
    std::vector<ZoneConfig> zones = {
        {.name = "two.test", .feeds = {0, 1}},
        {.name = "all.test", .feeds = {0, 1, 2, 3, 4, 5}},
        {.name = "ttl.test", .feeds = {3, 1}, .ttl_seconds = 77},
        {.name = "texts.test", .feeds = {0, 6, 1}},
        {.name = "large.test", .feeds = {0, 7, 1}},
        {.name = "except.test", .feeds = {0, 1, 2}, .except = {3}},
        {.name = "added.test", .feeds = {0, 1, 2, 8}},
        {.name = "turned.test", .feeds = {1, 0}},
        {.name = "allow.test", .feeds = {0, 1, 2, 6}, .allow = {{.address = {}, .length = 0}}},
        {.name = "ip6.test", .feeds = {0, 9, 1}},
        {.name = "names.test", .feeds = {0, 10, 1}},
        {.name = "many.test", .feeds = {}},
    };
    for (uint32_t feed = kFirstOfMany; feed < kFirstOfMany + kMany; ++feed) zones.back().feeds.push_back(feed);
    for (ZoneConfig& zone : zones) {
      zone.slot = static_cast<uint32_t>(&zone - zones.data());
      zone.join = true;
    }
    return zones;
  }

  void Serve(bool joined) {
    auto serving = BuildServing(MakeSnapshot(), Zones(), {}, {}, {.tables = joined ? &tables_ : nullptr});
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }

  JoinedTables tables_;

  // The answers to these, and what they count in.
  std::vector<Bytes> AskedOf(bool joined, const std::vector<std::vector<Bytes>>& bursts) {
    Serve(joined);
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
    std::vector<Bytes> all;
    for (const auto& burst : bursts) {
      for (Bytes& answer : AskAll(burst)) all.push_back(std::move(answer));
    }
    return all;
  }

  void ExpectSame(const std::vector<std::vector<Bytes>>& bursts) {
    const std::vector<Bytes> wanted = AskedOf(false, bursts);
    const auto wanted_stats = std::move(stats_);
    const std::vector<Bytes> answers = AskedOf(true, bursts);
    EXPECT_EQ(answers, wanted);
    for (size_t zone = 0; zone < Zones().size(); ++zone) {
      for (size_t outcome = 0; outcome < std::size(stats_->zones[zone].outcomes); ++outcome) {
        EXPECT_EQ(stats_->zones[zone].outcomes[outcome].value(), wanted_stats->zones[zone].outcomes[outcome].value());
      }
    }
  }
};

std::string NameOf(uint32_t address, const std::string& zone) {
  std::string name;
  for (const unsigned shift : {0u, 8u, 16u, 24u}) name += std::to_string(address >> shift & 255) + ".";
  return name + zone;
}

TEST_F(ResponderJoined, ManyQuestionsOfOneKindGetTheSame) {
  std::vector<std::vector<Bytes>> bursts;
  for (const ZoneConfig& zone : Zones()) {
    for (const uint16_t type : {dns::kA, dns::kTxt, dns::kAny}) {
      for (uint32_t address = kFirst; address < kFirst + kAddresses; ++address) {
        if ((address - kFirst) % io::kBurst == 0) bursts.emplace_back();
        bursts.back().push_back(Question(NameOf(address, zone.name), type));
      }
    }
  }
  ExpectSame(bursts);
}

TEST_F(ResponderJoined, QuestionsOfAllKindsAndZonesGetTheSame) {
  std::mt19937_64 random(6);
  const std::vector<ZoneConfig> zones = Zones();
  std::vector<std::vector<Bytes>> bursts(200);
  for (auto& burst : bursts) {
    for (size_t i = 0; i < 1 + random() % io::kBurst; ++i) {
      const uint32_t address = kFirst + static_cast<uint32_t>(random() % kAddresses);
      const uint16_t type = random() % 4 == 0 ? dns::kTxt : dns::kA;
      burst.push_back(Question(NameOf(address, zones[random() % zones.size()].name), type));
    }
    burst.push_back(Question(NameOf(0x7f000001u + static_cast<uint32_t>(random() % 2), "all.test"), dns::kA));
    burst.resize(std::min(burst.size(), io::kBurst));
  }
  ExpectSame(bursts);
}

TEST_F(ResponderJoined, ZonesSayWhatTheyHaveJoined) {
  Serve(true);
  using Names = std::vector<std::string>;
  EXPECT_EQ(serving_->zones.Find("two.test")->joined_feeds(), (Names{"list0", "list1"}));
  EXPECT_EQ(serving_->zones.Find("all.test")->joined_feeds().size(), 6u);
  EXPECT_EQ(serving_->zones.Find("texts.test")->joined_feeds(), (Names{"list0", "texts", "list1"}));
  EXPECT_EQ(serving_->zones.Find("large.test")->joined_feeds(), (Names{"list0", "list1"}));
  EXPECT_EQ(serving_->zones.Find("except.test")->joined_feeds(), (Names{"list0", "list1", "list2"}));
  EXPECT_EQ(serving_->zones.Find("added.test")->joined_feeds(), (Names{"list0", "list1", "list2"}));
  EXPECT_GT(serving_->zones.Find("two.test")->joined_bytes(), 0u);
  EXPECT_EQ(serving_->zones.Find("turned.test")->joined_feeds(), (Names{"list1", "list0"}));
  EXPECT_EQ(serving_->zones.Find("turned.test")->joined_bytes(), serving_->zones.Find("two.test")->joined_bytes());
  EXPECT_EQ(serving_->zones.Find("allow.test")->joined_feeds().size(), 4u);
  EXPECT_EQ(serving_->zones.Find("ip6.test")->joined_feeds(), (Names{"list0", "list1"}));
  EXPECT_TRUE(serving_->zones.Find("names.test")->joined_feeds().empty()) << "where names are asked, it would not help";
  EXPECT_EQ(serving_->zones.Find("many.test")->joined_feeds().size(), kMany);
  Serve(false);
  EXPECT_TRUE(serving_->zones.Find("two.test")->joined_feeds().empty());
  EXPECT_EQ(serving_->zones.Find("two.test")->joined_bytes(), 0u);
}

// What a zone has joined is all that is asked of these feeds: each is there as one table.
TEST_F(ResponderJoined, ExplainsAsBefore) {
  Serve(true);
  const auto joined = std::move(serving_);
  Serve(false);
  for (const ZoneConfig& zone : Zones()) {
    for (uint32_t address = kFirst; address < kFirst + kAddresses; ++address) {
      AskedName asked{};
      asked.is_ip4 = true;
      asked.ip4 = address;
      const Explanation mine = joined->zones.Find(zone.name)->Explain(asked);
      const Explanation theirs = serving_->zones.Find(zone.name)->Explain(asked);
      ASSERT_EQ(mine.excepted_by, theirs.excepted_by);
      ASSERT_EQ(mine.listings.size(), theirs.listings.size());
      for (size_t i = 0; i < mine.listings.size(); ++i) {
        ASSERT_EQ(mine.listings[i].feed, theirs.listings[i].feed);
        ASSERT_EQ(mine.listings[i].text, theirs.listings[i].text);
      }
    }
  }
}

}  // namespace
}  // namespace rblitz
