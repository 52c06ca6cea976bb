#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cli/policy/asker.h"
#include "tests/policy_answers.h"

namespace rblitz::policy {
namespace {

using namespace std::chrono_literals;

struct Sent {
  size_t server;
  bool over_tcp;
  Question question;
};

// An asker whose time and carrier are the test's; a server's time is 900 ms, a step 300.
class PolicyAsker : public testing::Test, public Carrier {
 protected:
  void Make(size_t servers, Transport first = Transport::kUdp) {
    asker_ = std::make_unique<Asker>(
        servers, 900ms, first, [this] { return static_cast<uint16_t>(random_()); }, this,
        [this](Asker::Token token, const Asked& asked) {
          EXPECT_TRUE(done_.emplace(token, asked).second) << "twice: " << token;
        });
  }
  void SendUdp(size_t server, const Question& question) override { sent_.push_back({server, false, question}); }
  void SendTcp(size_t server, const Question& question) override { sent_.push_back({server, true, question}); }

  void Pass(std::chrono::milliseconds time) {
    for (const auto end = now_ + time; now_ < end;) {
      now_ += 10ms;
      asker_->OnTime(now_);
    }
  }
  bool Ask(Asker::Token token) { return asker_->Ask(QuestionOf(std::to_string(token) + ".grey.test"), token, now_); }
  void Answer(size_t server, const Bytes& message) { asker_->OnMessage(server, message, now_); }
  // "0u 0u 0t 1u": to which server, over what.
  std::string Way() {
    std::string way;
    for (const Sent& sent : sent_) {
      way += (way.empty() ? "" : " ") + std::to_string(sent.server) + (sent.over_tcp ? "t" : "u");
    }
    sent_.clear();
    return way;
  }

  std::mt19937 random_{4};
  std::unique_ptr<Asker> asker_;
  Asker::Clock::time_point now_{1h};
  std::vector<Sent> sent_;
  std::map<Asker::Token, Asked> done_;
};

TEST_F(PolicyAsker, AnAnswerEndsAQuestion) {
  Make(2);
  EXPECT_TRUE(Ask(7));
  EXPECT_EQ(asker_->outstanding(), 1u);
  Answer(0, CodeAnswer(sent_[0].question, 4));
  ASSERT_TRUE(done_.contains(7));
  EXPECT_TRUE(done_[7].answered);
  EXPECT_EQ(done_[7].reply.a, 0x7f000004u);
  EXPECT_EQ(asker_->outstanding(), 0u);
  Answer(0, CodeAnswer(sent_[0].question, 4));  // a second one is nobody's
  Pass(10s);
  EXPECT_EQ(Way(), "0u");
}

TEST_F(PolicyAsker, NobodyWakesForAQuestionThatIsOver) {
  Make(1);
  EXPECT_TRUE(Ask(1));
  now_ += 10ms;
  EXPECT_TRUE(Ask(2));
  Answer(0, CodeAnswer(sent_[0].question, 4));
  asker_->OnTime(now_);
  EXPECT_EQ(asker_->next(), now_ + 300ms);  // of the other
  Answer(0, CodeAnswer(sent_[1].question, 4));
  asker_->OnTime(now_);
  EXPECT_FALSE(asker_->next());
}

TEST_F(PolicyAsker, SilenceIsAskedAgainThenOverTcpThenOfTheNext) {
  Make(2);
  EXPECT_TRUE(Ask(1));
  EXPECT_EQ(Way(), "0u");
  Pass(290ms);
  EXPECT_EQ(Way(), "");
  Pass(10ms);
  EXPECT_EQ(Way(), "0u");
  Pass(300ms);
  EXPECT_EQ(Way(), "0t");
  Pass(900ms);
  EXPECT_EQ(Way(), "1u 1u 1t");
  EXPECT_TRUE(done_.empty());
  Pass(290ms);
  EXPECT_TRUE(done_.empty());
  Pass(10ms);  // 2 * 900 ms
  ASSERT_TRUE(done_.contains(1));
  EXPECT_FALSE(done_[1].answered);
}

TEST_F(PolicyAsker, WhereTcpIsFirstUdpStandsBehindIt) {
  Make(2, Transport::kTcp);
  EXPECT_TRUE(Ask(1));
  Pass(890ms);
  EXPECT_EQ(Way(), "0t 0u 0t");
  Pass(10ms);
  EXPECT_EQ(Way(), "1t");
  Pass(290ms);
  EXPECT_EQ(Way(), "");
  asker_->OnRefused(1, true, now_);  // at once, and the server is none that does not answer
  EXPECT_EQ(Way(), "1u");
  asker_->OnRefused(1, true, now_);  // this question is not asked over it any more
  EXPECT_EQ(Way(), "");
  EXPECT_FALSE(asker_->is_down(1));
  Pass(600ms);  // the server has its time, and no more: it may be starting again
  EXPECT_EQ(Way(), "1u 1t");
  EXPECT_TRUE(done_.empty());
  Pass(10ms);
  ASSERT_TRUE(done_.contains(1));
  EXPECT_FALSE(done_[1].answered);
  EXPECT_TRUE(asker_->Look(QuestionOf("2.grey.test"), 1, 2, now_));
  EXPECT_EQ(Way(), "1u");
}

TEST_F(PolicyAsker, ALateAnswerOfAnEarlierServerCounts) {
  Make(2);
  EXPECT_TRUE(Ask(1));
  const Question first = sent_[0].question;
  Pass(1200ms);
  EXPECT_NE(first.id(), sent_.back().question.id());
  Answer(1, CodeAnswer(first, 4));  // not its server
  EXPECT_TRUE(done_.empty());
  Answer(0, CodeAnswer(first, 3));
  ASSERT_TRUE(done_.contains(1));
  EXPECT_EQ(done_[1].server, 0u);
}

TEST_F(PolicyAsker, WhatWasCutGoesOverTcpAndWhatFailedToTheNext) {
  Make(2);
  EXPECT_TRUE(Ask(1));
  Bytes cut = EmptyAnswer(sent_[0].question);
  cut[2] |= 2;
  Answer(0, cut);
  Answer(0, cut);
  EXPECT_EQ(sent_.size(), 2u);
  Answer(0, EmptyAnswer(sent_[0].question, 2));
  Answer(0, EmptyAnswer(sent_[0].question, 2));  // no longer its turn
  const Bytes refused = EmptyAnswer(sent_.back().question, 5);
  EXPECT_EQ(Way(), "0u 0t 1u");
  EXPECT_TRUE(done_.empty());
  Answer(1, refused);
  ASSERT_TRUE(done_.contains(1));
  EXPECT_FALSE(done_[1].answered);
}

TEST_F(PolicyAsker, GarbageIsNoAnswer) {
  Make(1);
  EXPECT_TRUE(Ask(1));
  const Question question = sent_[0].question;
  for (size_t size = 0; size < 12; ++size) Answer(0, Bytes(size, 0xff));
  Bytes other = CodeAnswer(question, 4);
  other[13] ^= 1;
  Answer(0, other);
  other = CodeAnswer(question, 4);
  other[0] ^= 1;
  Answer(0, other);
  EXPECT_TRUE(done_.empty());
  Answer(0, CodeAnswer(question, 2));
  EXPECT_TRUE(done_.contains(1));
}

TEST_F(PolicyAsker, AServerThatIsDownIsAskedLastAndTriedAgainByOne) {
  Make(2);
  for (Asker::Token token = 0; token < Asker::kFailures; ++token) EXPECT_TRUE(Ask(token));
  Pass(900ms);
  EXPECT_TRUE(asker_->is_down(0));
  for (const Sent& sent : std::vector<Sent>(sent_)) {
    if (sent.server == 1) Answer(1, CodeAnswer(sent.question, 3));
  }
  EXPECT_EQ(done_.size(), Asker::kFailures);
  sent_.clear();
  EXPECT_TRUE(Ask(10));
  EXPECT_EQ(Way(), "1u");
  Pass(1200ms);
  EXPECT_EQ(Way(), "1u 1t 0u 0u");
  Pass(Asker::kHoldOff);
  sent_.clear();
  EXPECT_TRUE(Ask(11));
  EXPECT_TRUE(Ask(12));
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[0].server, 0u);
  EXPECT_EQ(sent_[1].server, 1u);
  Answer(0, CodeAnswer(sent_[0].question, 3));
  EXPECT_FALSE(asker_->is_down(0));
  sent_.clear();
  EXPECT_TRUE(Ask(13));
  EXPECT_EQ(Way(), "0u");
}

TEST_F(PolicyAsker, WhileAllServersAreDownAQuestionWaitsForOneTryAlone) {
  Make(2);
  for (Asker::Token token = 0; token < Asker::kFailures; ++token) EXPECT_TRUE(Ask(token));
  Pass(2400ms);
  EXPECT_TRUE(asker_->is_down(0) && asker_->is_down(1));
  EXPECT_EQ(done_.size(), Asker::kFailures);
  sent_.clear();
  EXPECT_TRUE(Ask(10));
  EXPECT_EQ(Way(), "0u");
  Pass(asker_->step() + 10ms);
  EXPECT_EQ(Way(), "");
  EXPECT_TRUE(done_.contains(10));
  // The servers take turns; one that answers is up again.
  EXPECT_TRUE(Ask(11));
  EXPECT_TRUE(Ask(12));
  EXPECT_EQ(Way(), "1u 0u");
  Pass(asker_->step() + 10ms);
  EXPECT_TRUE(Ask(13));
  Bytes cut = EmptyAnswer(sent_.back().question);
  cut[2] |= 2;  // TC
  Answer(1, cut);
  EXPECT_EQ(Way(), "1u 1t");
  EXPECT_FALSE(asker_->is_down(1));
  // Each is tried whole by one question when its hold-off has passed.
  Make(1);
  for (Asker::Token token = 20; token < 20 + Asker::kFailures; ++token) EXPECT_TRUE(Ask(token));
  Pass(1200ms);
  Pass(Asker::kHoldOff);
  sent_.clear();
  EXPECT_TRUE(Ask(30));
  Pass(1200ms);
  EXPECT_EQ(Way(), "0u 0u 0t");
}

TEST_F(PolicyAsker, AServerThatOnlyRefusesIsDown) {
  Make(2);
  for (Asker::Token token = 0; token < Asker::kFailures; ++token) {
    EXPECT_TRUE(Ask(token));
    Answer(0, EmptyAnswer(sent_.back().question, 5));
    Answer(1, CodeAnswer(sent_.back().question, 3));
  }
  EXPECT_TRUE(asker_->is_down(0));
  sent_.clear();
  EXPECT_TRUE(Ask(10));
  EXPECT_EQ(Way(), "1u");
}

TEST_F(PolicyAsker, WhatIsRefusedGoesToTheNextAtOnce) {
  Make(3);
  EXPECT_TRUE(Ask(1));
  EXPECT_TRUE(Ask(2));
  Answer(0, CodeAnswer(sent_[1].question, 3));
  asker_->OnRefused(1, false, now_);  // nobody asks that one
  asker_->OnRefused(0, true, now_);   // nor that one over TCP
  EXPECT_EQ(Way(), "0u 0u");
  asker_->OnRefused(0, false, now_);
  EXPECT_EQ(Way(), "1u");
  Pass(600ms);
  EXPECT_EQ(Way(), "1u 1t");
  asker_->OnRefused(1, false, now_);
  EXPECT_EQ(Way(), "");
  asker_->OnRefused(1, true, now_);
  EXPECT_EQ(Way(), "2u");
  // There is no other: it has its time.
  asker_->OnRefused(2, false, now_);
  EXPECT_EQ(done_.size(), 1u);
  Pass(890ms);
  EXPECT_EQ(Way(), "2u 2t");
  EXPECT_EQ(done_.size(), 1u);
  Pass(10ms);
  ASSERT_TRUE(done_.contains(1));
  EXPECT_FALSE(done_[1].answered);
}

TEST_F(PolicyAsker, AServerThatRefusesIsDown) {
  Make(2);
  for (Asker::Token token = 0; token < Asker::kFailures; ++token) {
    EXPECT_FALSE(asker_->is_down(0));
    EXPECT_TRUE(Ask(token));
    asker_->OnRefused(0, false, now_);
  }
  EXPECT_TRUE(asker_->is_down(0));
}

TEST_F(PolicyAsker, AllCanBeGivenUp) {
  Make(2);
  for (Asker::Token token = 0; token < 5; ++token) EXPECT_TRUE(Ask(token));
  Answer(0, CodeAnswer(sent_[3].question, 3));
  asker_->GiveUp();
  EXPECT_EQ(asker_->outstanding(), 0u);
  for (Asker::Token token = 0; token < 5; ++token) EXPECT_EQ(done_[token].answered, token == 3);
  Pass(10s);
}

TEST_F(PolicyAsker, ALookIsAskedOnce) {
  Make(2);
  EXPECT_TRUE(asker_->Look(QuestionOf("a.grey.test", kTypeTxt), 1, 5, now_));
  Pass(290ms);
  EXPECT_TRUE(done_.empty());
  Pass(10ms);
  ASSERT_TRUE(done_.contains(5));
  EXPECT_FALSE(done_[5].answered);
  EXPECT_EQ(Way(), "1u");
  EXPECT_FALSE(asker_->is_down(1));
}

TEST_F(PolicyAsker, TooManyAreRefused) {
  Make(1);
  for (Asker::Token token = 0; token < Asker::kMaxOutstanding; ++token) ASSERT_TRUE(Ask(token));
  EXPECT_FALSE(Ask(99999));
  std::set<uint16_t> ids;
  for (const Sent& sent : sent_) ids.insert(sent.question.id());
  EXPECT_EQ(ids.size(), Asker::kMaxOutstanding);
  Pass(900ms);
  EXPECT_EQ(done_.size(), Asker::kMaxOutstanding);
  EXPECT_TRUE(Ask(99999));
}

// Whatever servers do, each question ends once, in time, and with the code that was meant for it.
TEST_F(PolicyAsker, RandomServersEndEveryQuestionInTime) {
  Make(3);
  std::map<Asker::Token, Asker::Clock::time_point> begun;
  Asker::Token token = 0;
  for (int round = 0; round < 20000; ++round) {
    if (random_() % 2 == 0 && Ask(token)) begun[token++] = now_;
    while (!sent_.empty()) {
      const size_t at = random_() % sent_.size();
      const Sent sent = sent_[at];
      sent_.erase(sent_.begin() + static_cast<ptrdiff_t>(at));
      // The code tells whose question it was: the first label is its token.
      const uint8_t digit = sent.question.bytes[12u + sent.question.bytes[12]];
      const unsigned what = random_() % 8;
      if (what == 0) Answer(sent.server, CodeAnswer(sent.question, digit));
      if (what == 1) Answer(sent.server, EmptyAnswer(sent.question, 2));
      if (what == 2) Answer((sent.server + 1) % 3, CodeAnswer(sent.question, 1));
      if (what == 3) break;
    }
    Pass(std::chrono::milliseconds(10 * (random_() % 5)));
    for (const auto& [done, asked] : done_) {
      ASSERT_LE(now_ - begun[done], 3 * 900ms + 50ms);
      const auto code = static_cast<uint32_t>('0' + done % 10);
      ASSERT_EQ(asked.reply.a, asked.answered ? 0x7f000000u + code : 0u);
      begun.erase(done);
    }
    done_.clear();
  }
  Pass(3s);
  for (const auto& [done, asked] : done_) begun.erase(done);
  EXPECT_TRUE(begun.empty());
  EXPECT_EQ(asker_->outstanding(), 0u);
}

}  // namespace
}  // namespace rblitz::policy
