#include "dataplane/responder.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/responder_fixture.h"

namespace rblitz {
namespace {

using Strings = std::vector<std::string>;
const Record kNegativeSoa{"bl.example.com", dns::kSoa, dns::kIn, 300,
                          "ns.example.com hostmaster.example.com 7 1 2 3 300"};

TEST_F(ResponderTest, ListedAddressHasItsA) {
  const Answer a = Ask(Question("7.113.0.203.bl.example.com", dns::kA));
  EXPECT_EQ(a.flags, dns::kQr | dns::kAa | dns::kRd);
  EXPECT_EQ(a.answer, (std::vector<Record>{{"7.113.0.203.bl.example.com", dns::kA, dns::kIn, 60, "127.0.0.2"}}));
  EXPECT_TRUE(a.authority.empty());
  EXPECT_FALSE(a.opt);
}

TEST_F(ResponderTest, NotListedIsNxdomainWithSoaAtTheSmallerTtl) {
  const Answer a = Ask(Question("8.113.0.203.bl.example.com", dns::kA));
  EXPECT_EQ(a.rcode(), dns::kNxDomain);
  EXPECT_TRUE(a.answer.empty());
  EXPECT_EQ(a.authority, std::vector<Record>{kNegativeSoa});
}

TEST_F(ResponderTest, AnswersOfSeveralFeedsAreUnitedWithTheSmallestTtl) {
  const Answer a = Ask(Question("1.2.0.192.bl.example.com", dns::kA));
  EXPECT_EQ(Data(a.answer), (Strings{"127.0.0.2", "127.0.0.9"}));
  EXPECT_EQ(a.answer[0].ttl, 60u);
  EXPECT_EQ(a.answer[1].ttl, 60u);
  const Answer txt = Ask(Question("1.2.0.192.bl.example.com", dns::kTxt));
  EXPECT_EQ(Data(txt.answer), (Strings{"Listed 192.0.2.1", "also 192.0.2.1"}));
}

TEST_F(ResponderTest, SameRecordOfTwoFeedsStandsOnce) {
  EXPECT_EQ(Data(Ask(Question("5.2.0.192.bl.example.com", dns::kA)).answer), Strings{"127.0.0.3"});
}

TEST_F(ResponderTest, ListedWithoutTextOrWithAnotherTypeIsNodata) {
  for (const uint16_t type : std::initializer_list<uint16_t>{dns::kTxt, 28, 65, dns::kSoa, dns::kNs}) {
    const Answer a = Ask(Question("5.2.0.192.bl.example.com", type));
    EXPECT_EQ(a.rcode(), dns::kNoError) << type;
    EXPECT_TRUE(a.answer.empty()) << type;
    EXPECT_EQ(a.authority, std::vector<Record>{kNegativeSoa}) << type;
  }
}

TEST_F(ResponderTest, AnyIsHinfoWhereTheNameExists) {
  for (const char* name : {"5.2.0.192.bl.example.com", "bl.example.com", "2.0.192.bl.example.com"}) {
    const Answer a = Ask(Question(name, dns::kAny));
    EXPECT_EQ(Data(a.answer), Strings{"RFC8482|"}) << name;
    EXPECT_EQ(a.answer.front().type, dns::kHinfo);
  }
  EXPECT_EQ(Ask(Question("9.9.9.9.bl.example.com", dns::kAny)).rcode(), dns::kNxDomain);
}

TEST_F(ResponderTest, EmptyNonTerminalsAreNodataOnlyWhereSomethingLiesBelow) {
  const struct {
    const char* name;
    unsigned rcode;
  } cases[] = {{"192.bl.example.com", 0},        {"0.192.bl.example.com", 0},   {"2.0.192.bl.example.com", 0},
               {"100.51.198.bl.example.com", 0}, {"0.203.bl.example.com", 0},   {"127.bl.example.com", 0},
               {"0.127.bl.example.com", 0},      {"0.0.127.bl.example.com", 0}, {"1.0.127.bl.example.com", 3},
               {"9.bl.example.com", 3},          {"3.0.192.bl.example.com", 3}, {"256.bl.example.com", 3},
               {"x.bl.example.com", 3},          {"x.192.bl.example.com", 3},   {"1.1.2.0.192.bl.example.com", 3},
               {"1.5.2.0.192.bl.example.com", 3}};
  for (const auto& [name, rcode] : cases) {
    const Answer a = Ask(Question(name, dns::kA));
    EXPECT_EQ(a.rcode(), rcode) << name;
    EXPECT_TRUE(a.answer.empty()) << name;
    EXPECT_EQ(a.authority, std::vector<Record>{kNegativeSoa}) << name;
  }
}

TEST_F(ResponderTest, ApexHasSoaAndNs) {
  const Answer soa = Ask(Question("BL.example.COM", dns::kSoa));
  ASSERT_EQ(soa.answer.size(), 1u);
  EXPECT_EQ(soa.answer[0].owner, "BL.example.COM");
  EXPECT_EQ(soa.answer[0].ttl, 600u);
  const Answer ns = Ask(Question("bl.example.com", dns::kNs));
  EXPECT_EQ(Data(ns.answer), (Strings{"ns.example.com", "other.example.net"}));
  EXPECT_EQ(Ask(Question("bl.example.com", dns::kA)).authority, std::vector<Record>{kNegativeSoa});
  // Without configured name servers there are none; the SOA is named after the zone, its serial is the data's time.
  EXPECT_EQ(Ask(Question("bogons.example.com", dns::kNs)).rcode(), dns::kNoError);
  EXPECT_EQ(Data(Ask(Question("bogons.example.com", dns::kSoa)).answer),
            Strings{"bogons.example.com bogons.example.com 1700000000 3600 600 432000 300"});
}

TEST_F(ResponderTest, TestPointsBeatRangesAndObeyOnlyExactEntries) {
  EXPECT_EQ(Data(Ask(Question("2.0.0.127.bogons.example.com", dns::kA)).answer), Strings{"127.0.0.2"});
  EXPECT_EQ(Data(Ask(Question("2.0.0.127.bogons.example.com", dns::kTxt)).answer), Strings{"RFC 5782 test entry"});
  EXPECT_EQ(Ask(Question("1.0.0.127.bogons.example.com", dns::kA)).rcode(), dns::kNxDomain);
  EXPECT_EQ(Ask(Question("3.0.0.127.bogons.example.com", dns::kA)).rcode(), dns::kNoError);
  EXPECT_EQ(Data(Ask(Question("2.0.0.127.bl.example.com", dns::kA)).answer), Strings{"127.0.0.2"});
  EXPECT_EQ(Ask(Question("1.0.0.127.bl.example.com", dns::kA)).rcode(), dns::kNxDomain);
}

TEST_F(ResponderTest, MostSpecificZoneAnswersAndCaseDoesNotMatter) {
  EXPECT_EQ(Data(Ask(Question("1.2.0.192.OnE.bL.eXample.com", dns::kA)).answer), Strings{"127.0.0.2"});
  EXPECT_EQ(Ask(Question("7.113.0.203.one.bl.example.com", dns::kA)).rcode(), dns::kNxDomain);
  const Answer a = Ask(Question("7.113.0.203.Bl.ExamplE.cOM", dns::kA));
  EXPECT_EQ(a.answer.at(0).owner, "7.113.0.203.Bl.ExamplE.cOM");
}

TEST_F(ResponderTest, ZoneWhoseFeedsAreAllOutAnswersServfail) {
  for (const char* name : {"1.2.0.192.out.example.com", "out.example.com", "192.out.example.com"}) {
    const Answer a = Ask(Question(name, dns::kA));
    EXPECT_EQ(a.rcode(), dns::kServFail);
    EXPECT_EQ(a.flags & dns::kAa, 0);
  }
}

TEST_F(ResponderTest, WhatIsNotServedIsRefused) {
  for (const Bytes& question :
       {Question("1.2.0.192.example.net", dns::kA), Question("example.com", dns::kA), Question(".", dns::kNs),
        Question("bl.example.com", dns::kAxfr), Question("bl.example.com", dns::kIxfr),
        Question("1.2.0.192.bl.example.com", dns::kA, {}, 4), Question("1.2.0.192.bl.example.com", dns::kA, {}, 255),
        Question("xbl.example.com", dns::kA), Question("1.2.0.192.xbl.example.com", dns::kA)}) {
    const Answer a = Ask(question);
    EXPECT_EQ(a.rcode(), dns::kRefused) << a.qname;
    EXPECT_EQ(a.flags & dns::kAa, 0);
    EXPECT_EQ(a.questions, 1);
    EXPECT_TRUE(a.authority.empty());
  }
}

TEST_F(ResponderTest, EdnsAnswerHasOneFreshOpt) {
  for (const char* name : {"5.2.0.192.bl.example.com", "9.9.9.9.bl.example.com", "192.bl.example.com", "example.net"}) {
    for (const bool dnssec_ok : {false, true}) {
      const Opt cookie{.size = 900, .dnssec_ok = dnssec_ok, .options = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}};
      for (const Opt& opt : {Opt{.size = 900, .dnssec_ok = dnssec_ok}, cookie}) {
        const Answer a = Ask(Question(name, dns::kA, opt));
        ASSERT_TRUE(a.opt) << name;
        EXPECT_EQ(a.opt->size, dns::kUdpSize);
        EXPECT_EQ(a.opt->version, 0);
        EXPECT_EQ(a.opt->dnssec_ok, dnssec_ok);
        EXPECT_TRUE(a.opt->options.empty());
      }
    }
  }
}

TEST_F(ResponderTest, EdnsVersionAboveZeroIsBadvers) {
  const Answer a = Ask(Question("5.2.0.192.bl.example.com", dns::kA, Opt{.version = 1}));
  EXPECT_EQ(a.rcode(), dns::kBadVers);
  EXPECT_TRUE(a.answer.empty());
}

TEST_F(ResponderTest, BrokenEdnsIsFormerr) {
  Bytes two = Question("5.2.0.192.bl.example.com", dns::kA, Opt{});
  AppendOpt(two, {});
  two[11] = 2;
  EXPECT_EQ(Ask(two).rcode(), dns::kFormErr);
  EXPECT_EQ(Ask(Question("5.2.0.192.bl.example.com", dns::kA, Opt{.options = {0, 10, 0, 9, 1}})).rcode(),
            dns::kFormErr);
  Bytes owned = Question("5.2.0.192.bl.example.com", dns::kA);
  owned[11] = 1;
  owned.insert(owned.end(), {1, 'x'});
  AppendOpt(owned, Opt{.version = 1});
  EXPECT_EQ(Ask(owned).rcode(), dns::kFormErr);
  Bytes cut = Question("5.2.0.192.bl.example.com", dns::kA, Opt{});
  cut.pop_back();
  EXPECT_EQ(Ask(cut).rcode(), dns::kFormErr);
}

TEST_F(ResponderTest, BrokenQuestionIsFormerrWithoutIt) {
  Bytes none = Question("bl.example.com", dns::kA);
  none[5] = 0;
  Bytes two = Question("bl.example.com", dns::kA);
  two[5] = 2;
  Bytes pointer = Question("bl.example.com", dns::kA);
  pointer[12] = 0xc0;
  Bytes cut = Question("bl.example.com", dns::kA);
  cut.resize(cut.size() - 1);
  for (const Bytes& question : {none, two, pointer, cut}) {
    const Answer a = Ask(question);
    EXPECT_EQ(a.rcode(), dns::kFormErr);
    EXPECT_EQ(a.questions, 0);
    EXPECT_EQ(a.flags & dns::kRd, dns::kRd);
  }
}

TEST_F(ResponderTest, OtherOpcodesAreNotImplemented) {
  for (const unsigned opcode : {1u, 2u, 4u, 5u, 15u}) {
    const Answer a = Ask(Question("bl.example.com", dns::kA, {}, dns::kIn, static_cast<uint16_t>(opcode << 11)));
    EXPECT_EQ(a.rcode(), dns::kNotImp);
    EXPECT_EQ(a.flags >> 11 & 15, opcode);
  }
}

TEST_F(ResponderTest, ResponsesAndShortMessagesGetNoAnswerAndAreCounted) {
  Bytes response = Question("bl.example.com", dns::kA);
  response[2] |= 0x80;
  EXPECT_TRUE(AskAll({response}).front().empty());
  EXPECT_TRUE(AskAll({Bytes(11)}).front().empty());
  EXPECT_TRUE(AskAll({Bytes()}).front().empty());
  EXPECT_EQ(stats_->dropped[static_cast<size_t>(DropReason::kIsResponse)].value(), 1u);
  EXPECT_EQ(stats_->dropped[static_cast<size_t>(DropReason::kShortDns)].value(), 2u);
}

TEST_F(ResponderTest, ChaosTellsWhatIsNotHidden) {
  for (const char* name : {"version.bind", "VERSION.server"}) {
    EXPECT_EQ(Data(Ask(Question(name, dns::kTxt, {}, dns::kCh)).answer), Strings{"rblitz test"});
  }
  EXPECT_EQ(Ask(Question("id.server", dns::kTxt, {}, dns::kCh)).rcode(), dns::kRefused);
  EXPECT_EQ(Ask(Question("authors.bind", dns::kTxt, {}, dns::kCh)).rcode(), dns::kRefused);
}

TEST_F(ResponderTest, FeedWithoutTtlHasThatOfTheFirstFeedThatHasOne) {
  // "first" names none, "second" says 60.
  EXPECT_EQ(Ask(Question("5.2.0.192.bl.example.com", dns::kA)).answer.at(0).ttl, 60u);
  EXPECT_EQ(Ask(Question("2.0.0.127.bl.example.com", dns::kA)).answer.at(0).ttl, 60u);
  EXPECT_EQ(Ask(Question("5.2.0.192.one.bl.example.com", dns::kA)).answer.at(0).ttl, 2100u);
  EXPECT_EQ(Ask(Question("3.2.1.10.bogons.example.com", dns::kA)).answer.at(0).ttl, 77u);
}

TEST_F(ResponderTest, TwoHundredAndFiftySixFeedsThatListOneAddressListIt) {
  Snapshot snapshot;
  ZoneConfig zone{.name = "many.example.com"};
  for (uint32_t i = 0; i < 256; ++i) {
    const uint32_t address = test::Ip(192, 0, 2, 1);
    snapshot.feeds.push_back(test::MakeFeed("feed" + std::to_string(i), {{address, address, 2 + i % 2}}));
    zone.feeds.push_back(i);
  }
  auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  EXPECT_EQ(Data(Ask(Question("1.2.0.192.many.example.com", dns::kA)).answer), (Strings{"127.0.0.2", "127.0.0.3"}));
  EXPECT_EQ(Ask(Question("1.2.0.192.many.example.com", 28)).rcode(), dns::kNoError);
}

TEST_F(ResponderTest, NameOver255BytesIsFormerrAlsoForAnAddress) {
  const std::string label(57, 'a');
  const std::string apex =
      label + "." + label + "." + label + "." + std::string(63, 'b') + ".ccc";  // 243 bytes in wire form
  ZoneConfig zone{.name = apex, .feeds = {0}};
  Snapshot snapshot = serving_->snapshot;
  auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  EXPECT_EQ(Ask(Question("1.2.0.192." + apex, dns::kA)).rcode(), dns::kNoError);
  Bytes too_long = Question("1.2.0.192." + apex, dns::kA);
  const uint8_t longest[] = {3, '2', '5', '5', 3, '2', '5', '5', 3, '2', '5', '5', 3, '2', '5', '5'};
  too_long.erase(too_long.begin() + 12, too_long.begin() + 12 + 10);
  too_long.insert(too_long.begin() + 12, std::begin(longest), std::end(longest));
  EXPECT_EQ(Ask(too_long).rcode(), dns::kFormErr);
}

TEST_F(ResponderTest, BurstOfManyKindsAnswersEachOnItsOwn) {
  std::vector<Bytes> questions;
  std::vector<Bytes> expected;
  std::mt19937 random(3);
  const char* names[] = {"5.2.0.192.bl.example.com",    "9.9.9.9.bl.example.com",
                         "1.2.0.192.bl.example.com",    "1.2.0.192.one.bl.example.com",
                         "3.2.1.10.bogons.example.com", "192.bl.example.com",
                         "1.2.0.192.out.example.com",   "bl.example.com",
                         "8.8.8.8.bogons.example.com",  "example.org"};
  const uint16_t types[] = {dns::kA, dns::kA, dns::kTxt, dns::kAny, dns::kSoa};
  for (int burst = 0; burst < 50; ++burst) {
    questions.clear();
    for (size_t i = 0; i < io::kBurst; ++i) {
      std::optional<Opt> opt;
      if (random() % 2 == 0) opt = Opt{.dnssec_ok = random() % 2 == 0};
      if (random() % 4 == 0) opt = Opt{.options = {0, 10, 0, 3, 0xff, static_cast<uint8_t>(random()), 0xff}};
      questions.push_back(Question(names[random() % std::size(names)], types[random() % std::size(types)], opt));
    }
    const std::vector<Bytes> together = AskAll(questions);
    for (size_t i = 0; i < questions.size(); ++i) {
      ASSERT_EQ(together[i], AskAll({questions[i]}).front());
      AnswerReader(together[i]).Read();
    }
  }
}

TEST_F(ResponderTest, RandomDamageNeverBreaksAnAnswer) {
  std::mt19937 random(5);
  const Bytes seeds[] = {Question("5.2.0.192.bl.example.com", dns::kA), Question("bl.example.com", dns::kSoa, Opt{}),
                         Question("1.2.0.192.bl.example.com", dns::kTxt, Opt{.options = {0, 10, 0, 2, 1, 2}})};
  for (int i = 0; i < 20000; ++i) {
    Bytes question = seeds[random() % std::size(seeds)];
    for (auto n = random() % 4; n > 0; --n) question[random() % question.size()] = static_cast<uint8_t>(random());
    if (random() % 4 == 0) question.resize(random() % (question.size() + 1));
    const Bytes answer = AskAll({question}).front();
    if (answer.empty()) continue;
    ASSERT_EQ(answer[0], question[0]);
    ASSERT_EQ(answer[1], question[1]);
    ASSERT_TRUE(answer[2] & 0x80);
    AnswerReader(answer).Read();
  }
}

}  // namespace
}  // namespace rblitz
