// Cookies and limits before the responder: what each client gets, and that nothing else of an answer changes.
#include "dataplane/gate.h"

#include <map>
#include <random>

#include "dataplane/client_rules.h"
#include "tests/all_kinds.h"
#include "tests/echo.h"
#include "tests/responder_fixture.h"

namespace rblitz {
namespace {

constexpr uint32_t kNow = 1559731985;
constexpr dns::SipKey kSecret = {0xe5, 0xe9, 0x73, 0xe5, 0xa6, 0xb2, 0xa4, 0x3f,
                                 0x48, 0xe7, 0xdc, 0x84, 0x9e, 0x37, 0xbf, 0xcf};
const Bytes kClientCookie = {0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57};
constexpr uint16_t kSomewhere = 1472;

struct OneClient : io::Clients {
  io::ClientAddress address{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 100};
  [[nodiscard]] io::ClientAddress ClientOf(const io::Message&) const noexcept override { return address; }
};

Bytes CookieOption(const Bytes& data) {
  Bytes option;
  Append16(option, dns::kCookieCode);
  Append16(option, static_cast<uint32_t>(data.size()));
  option.insert(option.end(), data.begin(), data.end());
  return option;
}

class GateTest : public ResponderTest {
 protected:
  void SetUp() override {
    ResponderTest::SetUp();
    gate_ = std::make_unique<Gate>(responder_.get(), stats_.get());
  }
  void Serve(std::optional<CookieRules> cookies, std::optional<LimitRules> limit) {
    auto serving = test::ZonesOfAllKinds(
        std::make_shared<const ClientRules>(ClientRules{.cookies = std::move(cookies), .limit = std::move(limit)}));
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }
  // As AskAll, through the gate.
  std::vector<Bytes> Through(const std::vector<Bytes>& questions, uint16_t capacity = kSomewhere) {
    std::vector<Bytes> buffers;
    io::Burst burst;
    burst.clients = &client_;
    burst.over_tcp = over_tcp_;
    for (const Bytes& question : questions) {
      Bytes buffer(std::max<size_t>(capacity, question.size()) + io::kSlack, 0xee);
      std::copy(question.begin(), question.end(), buffer.begin());
      buffers.push_back(std::move(buffer));
    }
    for (Bytes& buffer : buffers) {
      const auto size = static_cast<uint16_t>(questions[burst.count].size());
      burst.messages[burst.count++] = {.payload = buffer.data(), .size = size, .capacity = capacity, .sum_change = 0};
    }
    gate_->Answer(burst, *serving_, clocks_);
    std::vector<Bytes> answers;
    for (size_t i = 0; i < burst.count; ++i) {
      const io::Message& m = burst.messages[i];
      answers.emplace_back(m.payload, m.payload + m.size);
      if (m.size == 0) continue;
      EXPECT_LE(m.size, capacity);
      const uint32_t sum = net::Sum(questions[i].data(), questions[i].size());
      EXPECT_EQ(net::Fold(uint64_t{sum} + m.sum_change) % 0xffff, net::Sum(m.payload, m.size) % 0xffff);
    }
    return answers;
  }
  Answer AskThrough(const Bytes& question) {
    const Bytes answer = Through({question}).front();
    EXPECT_FALSE(answer.empty());
    return answer.empty() ? Answer() : AnswerReader(answer).Read();
  }
  [[nodiscard]] Bytes GoodCookie(uint32_t made = kNow) const {
    const auto cookie = dns::MakeCookie(kClientCookie.data(), std::span(client_.address).last(4), made, kSecret);
    return {cookie.begin(), cookie.end()};
  }
  uint64_t Dropped() const { return stats_->dropped[static_cast<size_t>(DropReason::kRateLimited)].value(); }

  OneClient client_;
  bool over_tcp_ = false;
  Gate::Clocks clocks_{.steady_ns = 5'000'000'000, .unix_seconds = kNow};
  std::unique_ptr<Gate> gate_;
};

const CookieRules kCookies{.secrets = {kSecret}};

TEST_F(GateTest, TheAnswerToACookieHasOneFreshCookie) {
  Serve(kCookies, {});
  struct Case {
    Bytes asked;
    Bytes gets;
    dns::CookieState state;
  };
  Bytes forged = GoodCookie();
  forged.back() ^= 1;
  for (const auto& [asked, gets, state] : {Case{kClientCookie, GoodCookie(), dns::CookieState::kClientOnly},
                                           Case{GoodCookie(kNow - 60), GoodCookie(kNow - 60), dns::CookieState::kValid},
                                           Case{GoodCookie(kNow - 2000), GoodCookie(), dns::CookieState::kValid},
                                           Case{GoodCookie(kNow - 4000), GoodCookie(), dns::CookieState::kInvalid},
                                           Case{forged, GoodCookie(), dns::CookieState::kInvalid}}) {
    const uint64_t before = stats_->cookies[static_cast<size_t>(state)].value();
    for (const char* name : {"1.0.0.10.all", "5.5.5.5.all", "all", "elsewhere"}) {
      const Answer a = AskThrough(Question(name, dns::kA, Opt{.options = CookieOption(asked)}));
      ASSERT_TRUE(a.opt) << name;
      EXPECT_EQ(a.opt->options, CookieOption(gets)) << name;
    }
    EXPECT_EQ(stats_->cookies[static_cast<size_t>(state)].value(), before + 4);
  }
}

TEST_F(GateTest, ACookieOfAWrongLengthIsFormerr) {
  Serve(kCookies, {});
  for (const size_t size : {0u, 7u, 9u, 15u, 41u}) {
    const Answer a = AskThrough(Question("all", dns::kSoa, Opt{.options = CookieOption(Bytes(size, 7))}));
    EXPECT_EQ(a.rcode(), dns::kFormErr) << size;
    ASSERT_TRUE(a.opt);
    EXPECT_TRUE(a.opt->options.empty());
  }
}

TEST_F(GateTest, WithoutCookieOrWithAnotherVersionNoneIsSent) {
  Serve(CookieRules{.secrets = {kSecret}, .require = true}, {});
  EXPECT_FALSE(AskThrough(Question("all", dns::kSoa)).opt);
  EXPECT_TRUE(AskThrough(Question("all", dns::kSoa, Opt{})).opt->options.empty());
  const Answer a = AskThrough(Question("all", dns::kSoa, Opt{.version = 1, .options = CookieOption(kClientCookie)}));
  EXPECT_EQ(a.rcode(), dns::kBadVers);
  EXPECT_TRUE(a.opt->options.empty());
}

TEST_F(GateTest, RequiredCookiesAreAskedForOverUdpOnly) {
  Serve(CookieRules{.secrets = {kSecret}, .require = true}, {});
  const Bytes question = Question("1.0.0.10.all", dns::kA, Opt{.options = CookieOption(kClientCookie)});
  const Answer bad = AskThrough(question);
  EXPECT_EQ(bad.rcode(), dns::kBadCookie);
  EXPECT_TRUE(bad.answer.empty());
  EXPECT_EQ(bad.questions, 1);
  EXPECT_EQ(bad.opt->options, CookieOption(GoodCookie()));
  EXPECT_EQ(AskThrough(Question("1.0.0.10.all", dns::kA, Opt{.options = bad.opt->options})).rcode(), dns::kNoError);
  over_tcp_ = true;
  const Answer good = AskThrough(question);
  EXPECT_EQ(good.rcode(), dns::kNoError);
  EXPECT_EQ(good.opt->options, CookieOption(GoodCookie()));
}

TEST_F(GateTest, ACookieCanBeAskedForWithoutAQuestion) {
  Bytes question(dns::kHeaderSize);
  question[11] = 1;
  AppendOpt(question, Opt{.options = CookieOption(kClientCookie)});
  Serve(kCookies, {});
  const Answer a = AskThrough(question);
  EXPECT_EQ(a.rcode(), dns::kNoError);
  EXPECT_EQ(a.questions, 0);
  EXPECT_EQ(a.opt->options, CookieOption(GoodCookie()));
  Serve({}, LimitRules{.responses_per_second = 10});
  EXPECT_EQ(AskThrough(question).rcode(), dns::kFormErr);
}

TEST_F(GateTest, TheCookieFitsWhatTheClientTakes) {
  Serve(kCookies, {});
  for (const uint16_t size : std::initializer_list<uint16_t>{512, 700, 1232, 4096}) {
    const Bytes answer =
        Through({Question("many.all", dns::kTxt, Opt{.size = size, .options = CookieOption(kClientCookie)})}).front();
    EXPECT_LE(answer.size(), std::min<size_t>(size, 1232));
    const Answer a = AnswerReader(answer).Read();
    EXPECT_NE(a.flags & dns::kTc, 0);
    EXPECT_GT(a.answer.size(), 4u);
    EXPECT_EQ(a.opt->options, CookieOption(GoodCookie()));
  }
}

// What the gate lets through is answered as without it, in bursts of all kinds: but for the cookie.
TEST_F(GateTest, ChangesNothingElse) {
  std::mt19937 random(7873);
  for (int round = 0; round < 300; ++round) {
    std::vector<Bytes> plain;
    std::vector<Bytes> with;
    for (size_t i = 0; i < 1 + random() % 64; ++i) {
      const char* const names[] = {"1.0.0.10.all", "9.9.9.9.all", "2.0.0.10.all", "a.all", "all", "www.records", "x.y"};
      const char* const name = names[random() % std::size(names)];
      const uint16_t type = random() % 4 == 0 ? dns::kTxt : dns::kA;
      const bool edns = random() % 2 == 0;
      plain.push_back(Question(name, type, edns ? std::optional(Opt{}) : std::nullopt));
      with.push_back(
          Question(name, type, edns ? std::optional(Opt{.options = CookieOption(kClientCookie)}) : std::nullopt));
    }
    Serve({}, {});
    const std::vector<Bytes> expected = AskAll(plain, kSomewhere);
    Serve(kCookies, LimitRules{.responses_per_second = 1000000});
    const std::vector<Bytes> answers = Through(with);
    for (size_t i = 0; i < plain.size(); ++i) {
      Bytes without = answers[i];
      if (dns::Load16(&without[10]) == 1) {
        const Bytes option = CookieOption(GoodCookie());
        ASSERT_TRUE(std::equal(option.begin(), option.end(), without.end() - static_cast<ptrdiff_t>(option.size())));
        without.resize(without.size() - option.size());
        without[without.size() - 1] = 0;
      }
      ASSERT_EQ(without, expected[i]);
    }
  }
}

TEST_F(GateTest, ANetworkHasItsAnswersASecond) {
  Serve({}, LimitRules{.responses_per_second = 10, .slip = 0});
  const Bytes question = Question("1.0.0.10.all", dns::kA);
  const auto answered = [&](int asks) {
    int n = 0;
    for (int i = 0; i < asks; ++i) n += Through({question}).front().empty() ? 0 : 1;
    return n;
  };
  EXPECT_EQ(answered(30), 10);
  EXPECT_EQ(Dropped(), 20u);
  client_.address[15] = 200;  // of the same /24
  EXPECT_EQ(answered(5), 0);
  client_.address[14] = 101;  // of another
  EXPECT_EQ(answered(30), 10);
  clocks_.steady_ns += 300'000'000;
  EXPECT_EQ(answered(30), 3);
  over_tcp_ = true;
  EXPECT_EQ(answered(30), 30);
}

TEST_F(GateTest, EveryNthLimitedAnswerIsTruncated) {
  Serve(kCookies, LimitRules{.responses_per_second = 1, .slip = 3});
  const Bytes question = Question("1.0.0.10.all", dns::kA, Opt{.options = CookieOption(kClientCookie)});
  Through({question});
  const std::vector<Bytes> answers = Through(std::vector<Bytes>(9, question));
  for (size_t i = 0; i < answers.size(); ++i) {
    ASSERT_EQ(answers[i].empty(), i % 3 != 2) << i;
    if (answers[i].empty()) continue;
    const Answer a = AnswerReader(answers[i]).Read();
    EXPECT_EQ(a.flags, dns::kQr | dns::kTc | dns::kRd);
    EXPECT_EQ(a.questions, 1);
    EXPECT_TRUE(a.answer.empty());
    EXPECT_EQ(a.opt->options, CookieOption(GoodCookie()));
  }
  EXPECT_EQ(stats_->slipped.value(), 3u);
  EXPECT_EQ(Dropped(), 6u);
}

TEST_F(GateTest, AValidCookieAnExemptClientAndLogOnlyKnowNoLimit) {
  const Bytes plain = Question("1.0.0.10.all", dns::kA);
  const auto dropped = [&](const Bytes& question) {
    const uint64_t before = Dropped();
    Through(std::vector<Bytes>(20, question));
    return Dropped() - before;
  };
  Serve(kCookies, LimitRules{.responses_per_second = 1, .slip = 0});
  EXPECT_EQ(dropped(Question("1.0.0.10.all", dns::kA, Opt{.options = CookieOption(GoodCookie())})), 0u);
  EXPECT_EQ(dropped(plain), 19u);
  clocks_.steady_ns += 5'000'000'000;
  AclBuilder exempt({.action = AclAction::kRefuse});
  exempt.Add({.address = {0, 0xffff'c633'6464}, .length = 128}, {.action = AclAction::kPass});
  BuildReport report;
  Serve({}, LimitRules{.responses_per_second = 1, .slip = 0, .exempt = exempt.Build(nullptr, &report)});
  EXPECT_EQ(dropped(plain), 0u);
  client_.address[15] = 101;
  EXPECT_EQ(dropped(plain), 19u) << "those who are exempt use up nothing of their neighbours'";
  clocks_.steady_ns += 5'000'000'000;
  Serve({}, LimitRules{.responses_per_second = 1, .slip = 0, .log_only = true});
  EXPECT_EQ(dropped(plain), 0u);
  EXPECT_EQ(stats_->over_limit.value(), 19u);
}

TEST_F(GateTest, WhatGetsNoAnswerCostsNone) {
  Serve({}, LimitRules{.responses_per_second = 1, .slip = 1});
  Bytes response = Question("all", dns::kSoa);
  response[2] |= 0x80;
  for (const Bytes& answer : Through({response, Bytes(11), Bytes()})) EXPECT_TRUE(answer.empty());
  EXPECT_EQ(Dropped(), 0u);
  EXPECT_EQ(test::DroppedInAll(*stats_), 3u);
  EXPECT_FALSE(Through({Question("all", dns::kSoa)}).front().empty());
}

TEST(RateLimit, NetworksAreThePrefixesOfTheirFamily) {
  const Ip6Address four{0, 0xffff'c000'02ff};
  const Ip6Address six{0x2001'0db8'0000'01ff, 7};
  EXPECT_EQ(RateLimit::AddressOf(RateLimit::NetworkOf(four, 24, 56)), (Ip6Address{0, 0xffff'c000'0200}));
  EXPECT_EQ(RateLimit::AddressOf(RateLimit::NetworkOf(four, 32, 56)), four);
  EXPECT_EQ(RateLimit::AddressOf(RateLimit::NetworkOf(four, 1, 56)), (Ip6Address{0, 0xffff'8000'0000}));
  EXPECT_EQ(RateLimit::AddressOf(RateLimit::NetworkOf(six, 24, 56)), (Ip6Address{0x2001'0db8'0000'0100, 0}));
  EXPECT_EQ(RateLimit::AddressOf(RateLimit::NetworkOf(six, 24, 64)), (Ip6Address{0x2001'0db8'0000'01ff, 0}));
}

// Against a twin that forgets nothing, with few networks.
TEST(RateLimit, CountsAsABucketOfTokensDoes) {
  constexpr uint64_t kCost = 100'000'000;
  RateLimit limit;
  std::map<uint64_t, std::pair<uint64_t, uint64_t>> twin;  // what is left in nanoseconds, when
  std::mt19937 random(5);
  uint64_t now = 3'000'000'000;
  for (int i = 0; i < 200000; ++i) {
    now += random() % 20'000'000;
    const RateLimit::Network network{random() % 20 << 8};
    auto& [left, when] = twin.try_emplace(network.prefix, RateLimit::kWindowNs, now).first->second;
    left = std::min(RateLimit::kWindowNs, left + now - when);
    when = now;
    const bool allowed = left >= kCost;
    if (allowed) left -= kCost;
    ASSERT_EQ(limit.Allow(network, now, kCost), allowed) << i;
  }
}

// A million forged networks deny nobody an answer, and make nobody forgotten who is at the limit all the time.
TEST(RateLimit, AFloodOfNetworksDeniesNobody) {
  RateLimit limit;
  constexpr uint64_t kCost = 1'000'000;
  uint64_t now = 3'000'000'000;
  const RateLimit::Network heavy{uint64_t{0x2001} << 48};
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(limit.Allow(heavy, now, kCost));
  int heavy_allowed = 0;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    ASSERT_TRUE(limit.Allow({i << 16 | 1}, now, kCost)) << i;
    if (i % 1000 == 0) heavy_allowed += limit.Allow(heavy, now, kCost);
  }
  EXPECT_EQ(heavy_allowed, 0);
}

}  // namespace
}  // namespace rblitz
