// Which of many zones answers.
#include <random>

#include "tests/responder_fixture.h"

namespace rblitz {
namespace {

// 4.3.2.1.bl could be an address in bl, in 1.bl, ...; the most specific zone answers, and there it is none.
TEST_F(ResponderTest, AZoneAmongTheAddressesOfAnotherAnswersForItself) {
  Snapshot snapshot;
  snapshot.feeds = {test::MakeFeed("all", {{0, UINT32_MAX, 2}})};
  const std::vector<ZoneConfig> zones = {{.name = "bl.example.com", .feeds = {0}},
                                         {.name = "1.bl.example.com", .feeds = {0}},
                                         {.name = "4.3.2.7.bl.example.com", .feeds = {0}},
                                         {.name = "x.bl.example.com", .feeds = {0}}};
  auto serving = BuildServing(std::move(snapshot), zones, {});
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  EXPECT_EQ(Ask(Question("9.9.9.9.bl.example.com", dns::kA)).answer.size(), 1u);
  EXPECT_EQ(Ask(Question("4.3.2.1.bl.example.com", dns::kA)).answer.size(), 0u);  // three labels below 1.bl
  EXPECT_EQ(Ask(Question("5.4.3.2.1.bl.example.com", dns::kA)).answer.size(), 1u);
  EXPECT_EQ(Ask(Question("4.3.2.7.bl.example.com", dns::kSoa)).answer.size(), 1u);
  EXPECT_EQ(Ask(Question("4.3.2.7.bl.example.com", dns::kA)).answer.size(), 0u);
  EXPECT_EQ(Ask(Question("4.3.2.7.x.bl.example.com", dns::kA)).answer.size(), 1u);
}

TEST_F(ResponderTest, ApexesOfAnyLengthHoldAddresses) {
  Snapshot snapshot;
  snapshot.feeds = {test::MakeFeed("all", {{0, UINT32_MAX, 2}})};
  std::vector<ZoneConfig> zones;
  const std::string label(58, 'a');
  const std::string many = label + "." + label + "." + label + ".";
  for (const std::string& name :
       {std::string("a"), std::string("bl"), std::string("abc"), std::string("abcdef"), many + std::string(59, 'a'),
        many + std::string(60, 'b'), many + std::string(61, 'c')}) {
    zones.push_back({.name = name, .feeds = {0}});
  }
  auto serving = BuildServing(std::move(snapshot), zones, {});
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  for (const ZoneConfig& zone : zones) {
    for (const uint16_t type : {dns::kA, dns::kTxt, dns::kSoa}) {
      EXPECT_EQ(Ask(Question("4.3.2.1." + zone.name, type)).rcode(), dns::kNoError) << zone.name;
    }
    EXPECT_EQ(Ask(Question("4.3.2.1." + zone.name, dns::kA)).answer.size(), 1u) << zone.name;
    EXPECT_EQ(Ask(Question("4.3.2.1.z" + zone.name.substr(1), dns::kA)).rcode(), dns::kRefused) << zone.name;
  }
}

// Type, class and flags of a common question may be anything: transfers are refused, an apex alone is none.
TEST_F(ResponderTest, TransfersOfAnAddressAreRefusedAmongOtherQuestions) {
  Snapshot snapshot;
  snapshot.feeds = {test::MakeFeed("all", {{0, UINT32_MAX, 2}})};
  const ZoneConfig zone = {.name = "bl.example.com", .feeds = {0}};
  auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  for (const uint16_t type : {dns::kAxfr, dns::kIxfr}) {
    const std::vector<Bytes> answers =
        AskAll({Question("4.3.2.1.bl.example.com", dns::kA), Question("4.3.2.1.bl.example.com", type),
                Question("1.0.0.127.bl.example.com", dns::kA), Question("bl.example.com", dns::kA)});
    EXPECT_EQ(answers[0][3] & 15, dns::kNoError);
    EXPECT_EQ(answers[1][3] & 15, dns::kRefused);
    EXPECT_EQ(answers[2][3] & 15, dns::kNxDomain);
    EXPECT_EQ(answers[3][3] & 15, dns::kNoError);
  }
}

TEST_F(ResponderTest, ABurstForManyZonesOfManyFeedsAnswersEachFromItsOwn) {
  Snapshot snapshot;
  std::vector<ZoneConfig> zones(io::kBurst);
  for (uint32_t f = 0; f < 20; ++f) {
    snapshot.feeds.push_back(test::MakeFeed("feed" + std::to_string(f), {{f << 24, f << 24 | 0xffffff, 2}}));
  }
  for (uint32_t z = 0; z < zones.size(); ++z) {
    zones[z].name = "zone" + std::to_string(z) + ".example.com";
    for (uint32_t f = 0; f < z % 21; ++f) zones[z].feeds.push_back(f);
  }
  auto serving = BuildServing(std::move(snapshot), zones, {});
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  std::mt19937 random(4);
  for (int round = 0; round < 50; ++round) {
    std::vector<Bytes> questions;
    std::vector<bool> listed;
    for (size_t i = 0; i < io::kBurst; ++i) {
      const size_t z = round == 0 ? i : random() % zones.size();
      const size_t feed = random() % 22;
      questions.push_back(Question("1.2.3." + std::to_string(feed) + "." + zones[z].name, dns::kA));
      listed.push_back(feed < zones[z].feeds.size());
    }
    const std::vector<Bytes> answers = AskAll(questions);
    for (size_t i = 0; i < answers.size(); ++i) {
      EXPECT_EQ(AnswerReader(answers[i]).Read().answer.size(), listed[i] ? 1u : 0u) << i;
    }
  }
}

}  // namespace
}  // namespace rblitz
