// The load generator's asker before a server of the test's own making, which has a clock of its own as well: nothing
// here depends on how fast the machine is.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "cli/blast/asker.h"
#include "cli/blast/socket_runner.h"
#include "cli/blast/under_way.h"

namespace rblitz::blast {
namespace {

constexpr uint64_t kMs = 1'000'000;

// Time goes on by 100 ns a look, and by waiting. What becomes of question n is said by `fate`: the delay of its answer,
// or nothing.
class FakeLink final : public Link {
 public:
  using Fate = std::function<std::optional<uint64_t>(uint64_t n, std::vector<uint8_t>& answer)>;
  explicit FakeLink(size_t flows, Fate fate) : flows_(flows), fate_(std::move(fate)) {}

  size_t flows() const noexcept override { return flows_; }
  size_t run() const noexcept override { return 4; }
  uint64_t Now() noexcept override { return now_ += 100; }

  size_t Send(std::span<const Outgoing> questions) noexcept override {
    if (now_ < deaf_until_) return 0;
    const size_t taken = std::min(questions.size(), most_at_once_);
    for (const Outgoing& question : questions.first(taken)) {
      std::vector<uint8_t> answer(question.bytes.begin(), question.bytes.begin() + question.size);
      const auto key = std::pair(question.flow, static_cast<uint16_t>(answer[0] << 8 | answer[1]));
      sent_at_.push_back(now_);
      keys_.push_back(key);
      answer[2] = 0x80;
      if (const auto delay = fate_(sent_at_.size() - 1, answer))
        coming_.emplace(now_ + *delay, std::pair(question.flow, answer));
    }
    return taken;
  }

  size_t Receive(std::span<Arrived, kBatch> arrived) noexcept override {
    size_t n = 0;
    read_.clear();
    while (n < kBatch && !coming_.empty() && coming_.begin()->first <= now_) {
      read_.push_back(std::move(coming_.begin()->second));
      coming_.erase(coming_.begin());
      arrived[n++] = {.flow = read_.back().first, .message = read_.back().second};
    }
    return n;
  }

  void Wait(uint64_t until) noexcept override {
    ++waits_;
    if (!coming_.empty()) until = std::min(until, coming_.begin()->first);
    now_ = std::max(now_, until);
  }

  uint64_t now_ = 12'345;
  uint64_t deaf_until_ = 0;
  size_t most_at_once_ = kBatch;
  size_t waits_ = 0;
  std::vector<uint64_t> sent_at_;
  std::vector<std::pair<uint32_t, uint16_t>> keys_;

 private:
  size_t flows_;
  Fate fate_;
  std::multimap<uint64_t, std::pair<uint32_t, std::vector<uint8_t>>> coming_;
  std::deque<std::pair<uint32_t, std::vector<uint8_t>>> read_;
};

QuestionSet Set(size_t size = 100) {
  QuestionSet set;
  for (size_t i = 0; i < size; ++i) set.Add(dns::NameFromText("q" + std::to_string(i) + ".test"), 1);
  return set;
}

const Load kThousand = {.millirate = 1'000'000, .duration = kSecond, .timeout = 100 * kMs};

TEST(Asker, SendsAtItsRateAndAllIsAnswered) {
  const QuestionSet set = Set();
  FakeLink link(3, [](uint64_t, auto&) { return std::optional<uint64_t>(2 * kMs); });
  const Counts counts = Asker(set, nullptr, kThousand, link).Run();
  EXPECT_EQ(counts.sent, 1000u);
  EXPECT_EQ(counts.answered, 1000u);
  EXPECT_EQ(counts.lost + counts.late + counts.unsent + counts.stray + counts.wrong, 0u);
  EXPECT_EQ(counts.rcodes[0], 1000u);
  EXPECT_NEAR(static_cast<double>(counts.latency.Percentile(0.5)), 2.0 * kMs, 0.05 * kMs);
  EXPECT_NEAR(counts.seconds(), 1, 0.01);
  for (size_t i = 0; i < link.sent_at_.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(link.sent_at_[i] - link.sent_at_[0]), static_cast<double>(i) * kMs, 2000) << i;
  }
  EXPECT_LT(link.waits_, 10000u);  // it sleeps between questions
}

TEST(Asker, WhatIsNotAnsweredIsLostAndWhatComesTooLateIsLate) {
  const QuestionSet set = Set();
  FakeLink link(1, [](uint64_t n, auto&) -> std::optional<uint64_t> {
    if (n % 10 == 3) return std::nullopt;
    return n % 10 == 5 ? 150 * kMs : kMs;
  });
  const Counts counts = Asker(set, nullptr, kThousand, link).Run();
  EXPECT_EQ(counts.sent, 1000u);
  EXPECT_EQ(counts.answered, 800u);
  EXPECT_EQ(counts.lost, 200u);
  // Those of the last moments come when nobody listens any more.
  EXPECT_LE(counts.late, 100u);
  EXPECT_GE(counts.late, 90u);
  EXPECT_EQ(counts.stray, 0u);
  EXPECT_LE(counts.latency.max(), 100 * kMs);
}

TEST(Asker, EverySentQuestionIsAnsweredOrLostWhateverTheServerDoes) {
  const QuestionSet set = Set(7);
  std::mt19937_64 random(1);
  for (int round = 0; round < 60; ++round) {
    FakeLink link(1 + random() % 40, [&](uint64_t, auto& answer) -> std::optional<uint64_t> {
      if (random() % 8 == 0) return std::nullopt;
      if (random() % 16 == 0) answer[1] ^= 1;   // another's id
      if (random() % 16 == 0) answer[13] ^= 1;  // another's name
      if (random() % 32 == 0) answer.resize(random() % answer.size());
      return random() % (200 * kMs);
    });
    link.most_at_once_ = 1 + random() % kBatch;
    Load load = {.millirate = round % 2 == 0 ? 1000 * (1 + random() % 100'000) : 0,
                 .window = 1 + random() % 200,
                 .duration = kSecond / 4,
                 .count = round % 3 == 0 ? 1 + random() % 5000 : 0,
                 .timeout = (1 + random() % 100) * kMs,
                 .random_arrivals = random() % 2 == 0,
                 .random_order = random() % 2 == 0};
    const Counts counts = Asker(set, nullptr, load, link).Run();
    ASSERT_EQ(counts.sent, link.sent_at_.size());
    ASSERT_EQ(counts.sent, counts.answered + counts.lost);
    ASSERT_LE(counts.late, counts.lost);
    ASSERT_EQ(counts.latency.count(), counts.answered);
    if (load.count != 0) {
      ASSERT_LE(counts.sent, load.count);
    }
  }
}

TEST(Asker, AStallIsSeenInTheLatencyOfAllThatWereDueMeanwhile) {
  const QuestionSet set = Set();
  FakeLink link(1, [](uint64_t, auto&) { return std::optional<uint64_t>(0); });
  link.deaf_until_ = link.now_ + kSecond / 2;
  const Counts counts = Asker(set, nullptr, kThousand, link).Run();
  EXPECT_EQ(counts.sent, 1000u);
  // Half of the questions were due within the half second in which nothing could be sent.
  EXPECT_NEAR(static_cast<double>(counts.latency.Percentile(0.75)), 0.25 * kSecond, 0.02 * kSecond);
  EXPECT_NEAR(static_cast<double>(counts.latency.max()), 0.5 * kSecond, 0.02 * kSecond);
}

TEST(Asker, WhatWasDueAndNeverSentIsToldOf) {
  const QuestionSet set = Set();
  FakeLink link(1, [](uint64_t, auto&) { return std::optional<uint64_t>(0); });
  link.deaf_until_ = UINT64_MAX;
  const Counts counts = Asker(set, nullptr, kThousand, link).Run();
  EXPECT_EQ(counts.sent, 0u);
  EXPECT_EQ(counts.unsent, 1000u);
  EXPECT_EQ(counts.loss(), 1);
}

TEST(Asker, HasNoMoreUnderWayThanItsWindow) {
  const QuestionSet set = Set();
  uint64_t most = 0;
  uint64_t out = 0;
  std::deque<uint64_t> back;
  FakeLink* seen = nullptr;
  FakeLink link(2, [&](uint64_t, auto&) {
    while (!back.empty() && back.front() <= seen->now_) back.pop_front(), --out;
    most = std::max(most, ++out);
    back.push_back(seen->now_ + kMs);
    return std::optional<uint64_t>(kMs);
  });
  seen = &link;
  const Counts counts = Asker(set, nullptr, {.window = 17, .duration = kSecond}, link).Run();
  EXPECT_EQ(most, 17u);
  EXPECT_NEAR(static_cast<double>(counts.answered), 17'000, 1000);
  EXPECT_EQ(counts.lost, 0u);
}

TEST(Asker, OneLostQuestionDoesNotHoldAWindowUp) {
  const QuestionSet set = Set();
  FakeLink link(1, [](uint64_t n, auto&) { return n == 5 ? std::nullopt : std::optional<uint64_t>(kMs); });
  const Counts counts = Asker(set, nullptr, {.window = 10, .duration = kSecond, .timeout = 900 * kMs}, link).Run();
  EXPECT_EQ(counts.lost, 1u);
  EXPECT_GT(counts.answered, 8000u);
}

TEST(Asker, WrongAnswersAreCountedAndTenAreTold) {
  const QuestionSet set = Set();
  Oracle oracle(set.size());
  for (size_t i = 0; i < set.size(); ++i) oracle.Expect(i, {.rcode = 0, .truncated = false, .a = {}}, false);
  FakeLink link(1, [](uint64_t n, auto& answer) {
    if (n % 4 == 0) answer[3] = 3;
    return std::optional<uint64_t>(kMs);
  });
  const Counts counts = Asker(set, &oracle, kThousand, link).Run();
  EXPECT_EQ(counts.answered, 1000u);
  EXPECT_EQ(counts.wrong, 250u);
  ASSERT_EQ(counts.mistakes.size(), 10u);
  EXPECT_EQ(counts.mistakes[1], "q4.test A: want NOERROR, got NXDOMAIN");
}

TEST(Asker, AnAnswerCountsOnceAndOnlyForItsQuestion) {
  const QuestionSet set = Set();
  FakeLink link(1, [](uint64_t n, auto& answer) {
    if (n % 2 == 0) answer[14] ^= 1;  // the right id, another name
    return std::optional<uint64_t>(kMs);
  });
  const Counts counts = Asker(set, nullptr, kThousand, link).Run();
  EXPECT_EQ(counts.stray, 500u);
  EXPECT_EQ(counts.answered, 500u);
  EXPECT_EQ(counts.lost, 500u);
}

TEST(Asker, CountIsALimitAndInTurnTheSetComesRound) {
  const QuestionSet set = Set(3);
  std::vector<char> asked;
  FakeLink link(1, [&](uint64_t, auto& answer) {
    asked.push_back(static_cast<char>(answer[14]));
    return std::optional<uint64_t>(kMs);
  });
  link.most_at_once_ = 2;
  Load load = kThousand;
  load.millirate = 1'000'000'000;
  load.count = 8;
  load.first = 2;
  const Counts counts = Asker(set, nullptr, load, link).Run();
  EXPECT_EQ(counts.sent, 8u);
  EXPECT_EQ(counts.unsent, 0u);
  EXPECT_EQ(std::string(asked.begin(), asked.end()), "20120120");
}

TEST(Asker, StopsWhenItIsTold) {
  const QuestionSet set = Set();
  std::atomic<bool> stop{false};
  FakeLink link(1, [&](uint64_t n, auto&) {
    if (n == 99) stop = true;
    return std::optional<uint64_t>(kMs);
  });
  const Counts counts = Asker(set, nullptr, kThousand, link, &stop).Run();
  EXPECT_EQ(counts.sent, 100u);
  EXPECT_EQ(counts.answered, 100u);
  EXPECT_EQ(counts.unsent, 0u);
}

TEST(Asker, SpreadsRunsOverFlowsAndIdsAreUniqueWhileUnderWay) {
  const QuestionSet set = Set();
  FakeLink link(5, [](uint64_t, auto&) { return std::optional<uint64_t>(kMs); });
  const Counts counts = Asker(set, nullptr, kThousand, link).Run();
  ASSERT_EQ(counts.sent, 1000u);
  for (size_t i = 0; i < link.keys_.size(); ++i) EXPECT_EQ(link.keys_[i].first, i / 4 % 5);
  std::vector<std::pair<uint32_t, uint16_t>> keys = link.keys_;
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
}

// The same by a map of what is under way.
TEST(UnderWay, AgreesWithAMapOverManyRoundsOfIds) {
  std::mt19937_64 random(2);
  for (const auto& [flows, run, wanted] : {std::tuple<size_t, size_t, size_t>{1, 1, 10},
                                           {1, 32, 100000},
                                           {3, 4, 50},
                                           {7, 16, 1000},
                                           {64, 1, 64},
                                           {1000, 2, 1}}) {
    UnderWay under_way(flows, run, wanted);
    std::map<std::pair<uint32_t, uint16_t>, std::pair<uint32_t, uint64_t>> model;  // -> question, sent
    uint64_t now = 0;
    for (uint32_t question = 0; question < 200'000; ++question) {
      now += random() % 3;
      if (under_way.has_room()) {
        const UnderWay::Ticket ticket = under_way.Begin(question, question * 7, now, now);
        ASSERT_LT(ticket.flow, flows);
        const bool is_new = model.try_emplace({ticket.flow, ticket.id}, question, now).second;
        ASSERT_TRUE(is_new);
        if (random() % 8 == 0) {
          under_way.TakeBack(1);
          model.erase({ticket.flow, ticket.id});
        }
      }
      while (!model.empty() && random() % 4 != 0) {
        auto there = model.lower_bound({static_cast<uint32_t>(random() % flows), static_cast<uint16_t>(random())});
        if (there == model.end()) there = model.begin();
        const uint32_t hash = there->second.first * 7;
        const uint32_t other = hash + 1;
        ASSERT_EQ(under_way.Answer(there->first.first, there->first.second, &other).fate, UnderWay::Fate::kStray);
        const auto answered =
            under_way.Answer(there->first.first, there->first.second, random() % 2 == 0 ? &hash : nullptr);
        ASSERT_EQ(answered.fate, UnderWay::Fate::kAnswered);
        ASSERT_EQ(answered.question, there->second.first);
        ASSERT_EQ(under_way.Answer(there->first.first, there->first.second, &hash).fate, UnderWay::Fate::kStray);
        model.erase(there);
      }
      if (random() % 64 == 0 && now > 50) {
        const size_t old = std::erase_if(model, [&](const auto& entry) { return entry.second.second < now - 50; });
        ASSERT_EQ(under_way.GiveUp(now - 50), old);
      }
      ASSERT_EQ(under_way.count(), model.size());
      ASSERT_LE(under_way.count(), under_way.capacity());
    }
  }
}

TEST(UnderWay, NoFlowOrIdBeyondItsOwnIsTakenForAnAnswer) {
  UnderWay under_way(2, 4, 16);
  under_way.Begin(0, 1, 0, 0);
  const uint32_t hash = 1;
  for (uint32_t flow = 0; flow < 10; ++flow) {
    for (uint32_t id = 0; id < 65536; ++id) {
      if (flow == 0 && id == 0) continue;
      ASSERT_EQ(under_way.Answer(flow, static_cast<uint16_t>(id), &hash).fate, UnderWay::Fate::kStray);
    }
  }
  EXPECT_EQ(under_way.Answer(0, 0, &hash).fate, UnderWay::Fate::kAnswered);
}

TEST(ShareOf, PartsOfThreadsAreTheWholeLoad) {
  const Load load = {.millirate = 1'000'001, .window = 10, .count = 17};
  for (const unsigned n : {1u, 2u, 3u, 7u}) {
    Load sum = {.millirate = 0, .window = 0, .count = 0};
    for (unsigned i = 0; i < n; ++i) {
      const Load share = ShareOf(load, i, n, 100);
      sum.millirate += share.millirate;
      sum.window += share.window;
      sum.count += share.count;
    }
    EXPECT_EQ(sum.millirate, load.millirate);
    EXPECT_EQ(sum.window, load.window);
    EXPECT_EQ(sum.count, load.count);
  }
}

}  // namespace
}  // namespace rblitz::blast
