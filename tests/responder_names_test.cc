// Questions for names, IPv6 addresses and digests are looked up together with all others of their burst. Whatever they
// come with, each must get the answer that it gets alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/responder.h"
#include "dataplane/zone.h"
#include "dataplane/zone_matches.h"
#include "tests/all_kinds.h"
#include "tests/dns_message.h"
#include "tests/serving.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;

std::vector<Bytes> AnswerTogether(const Serving& serving, const std::vector<Bytes>& questions) {
  constexpr size_t kRoom = 1500;
  const auto stats = std::make_unique<WorkerStats>();
  Responder responder(stats.get());
  std::vector<std::array<uint8_t, kRoom + io::kSlack>> buffers(questions.size());
  io::Burst burst;
  for (const Bytes& question : questions) {
    std::array<uint8_t, kRoom + io::kSlack>& buffer = buffers[burst.count];
    std::copy(question.begin(), question.end(), buffer.begin());
    burst.messages[burst.count++] = {.payload = buffer.data(),
                                     .size = static_cast<uint16_t>(question.size()),
                                     .capacity = static_cast<uint16_t>(kRoom),
                                     .sum_change = 0};
  }
  responder.Answer(burst, serving);
  std::vector<Bytes> answers;
  for (size_t i = 0; i < burst.count; ++i) {
    answers.emplace_back(burst.messages[i].payload, burst.messages[i].payload + burst.messages[i].size);
  }
  return answers;
}

void ExpectAsAlone(const Serving& serving, const std::vector<Bytes>& questions) {
  const std::vector<Bytes> together = AnswerTogether(serving, questions);
  for (size_t i = 0; i < questions.size(); ++i) {
    const Bytes alone = AnswerTogether(serving, {questions[i]}).at(0);
    EXPECT_EQ(together[i], alone) << AnswerReader(alone).Read().qname;
  }
}

std::string Nibbles(Random& random) {
  std::string name;
  static constexpr std::array<std::string_view, 3> kNets = {"8.b.d.0.1.0.0.2", "0.0.0.0.0.0.0.0", "f.f.f.f.f.f.f.f"};
  for (int i = 0; i < 16; ++i) name += i == 0 && random() % 2 == 0 ? "7." : "0.";
  name += "1.0.0.0.0.0.0.0.";
  return name + std::string(kNets[random() % kNets.size()]);
}

std::string RandomName(Random& random) {
  static constexpr std::array<std::string_view, 18> kNames = {
      "a",         "b.a",       "x.b.a",     "b",   "c.b",  "x.c.b", "4.3.2.1", "1.2.3.4",
      "1.0.0.10",  "2.0.0.127", "1.0.0.127", "www", "many", "test",  "invalid", "d41d8cd98f00b204e9800998ecf8427e",
      "not.there", "1.1.1.a"};
  const size_t which = random() % (kNames.size() + 4);
  return which < kNames.size() ? std::string(kNames[which]) : Nibbles(random);
}

TEST(ResponderNames, AnswersBurstsOfAllKindsAsOneByOne) {
  const auto serving = test::ZonesOfAllKinds();
  ASSERT_TRUE(serving);
  static constexpr std::array<std::string_view, 6> kZones = {"all", "six", "names", "hashes", "records", "a.all"};
  static constexpr std::array<uint16_t, 4> kTypes = {dns::kA, dns::kTxt, kMx, dns::kAny};
  Random random(20261128);
  for (int round = 0; round < 400; ++round) {
    std::vector<Bytes> questions;
    const size_t zones = 1 + random() % kZones.size();
    for (size_t size = 1 + random() % io::kBurst; size > 0; --size) {
      const std::string name = RandomName(random) + "." + std::string(kZones[random() % zones]);
      questions.push_back(
          Question(name, kTypes[random() % kTypes.size()], random() % 2 == 0 ? std::optional<Opt>() : Opt{}));
    }
    ExpectAsAlone(**serving, questions);
  }
}

// `count` feeds, each listing the same names and prefix with a value of its own.
std::unique_ptr<const Serving> ServeMany(size_t count) {
  Snapshot snapshot;
  ZoneConfig zone{.name = "many.example"};
  for (size_t i = 0; i < count; ++i) {
    const auto a = static_cast<uint32_t>(2 + i);
    test::FurtherData data(test::MakeFeed("feed" + std::to_string(i), {}), a);
    data.Name("a", NameForm::kBoth);
    data.Prefix({0x20010db800000000, 0}, 32);
    zone.feeds.push_back(static_cast<uint32_t>(i));
    snapshot.feeds.push_back(data.Build());
  }
  auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  EXPECT_TRUE(serving);
  return std::move(*serving);
}

// More feeds than are asked together; more that list than there is room for when all are asked at once.
TEST(ResponderNames, AnswersWhatAllFeedsListInTheirOrder) {
  constexpr size_t kFeeds = 60;
  static_assert(kFeeds * io::kBurst > ZoneMatches::kMaxFound && kFeeds < ZoneMatches::kMaxFound);
  const std::unique_ptr<const Serving> serving = ServeMany(kFeeds);
  std::vector<Bytes> questions;
  for (size_t i = 0; i < io::kBurst; ++i) {
    const std::string name = i % 3 == 0   ? "x" + std::to_string(i) + ".a"
                             : i % 3 == 1 ? "not.there"
                                          : "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
    questions.push_back(Question(name + ".many.example", dns::kA, Opt{}));
  }
  ExpectAsAlone(*serving, questions);
  const std::vector<Bytes> answers = AnswerTogether(*serving, questions);
  for (size_t i = 0; i < answers.size(); ++i) {
    const Answer answer = AnswerReader(answers[i]).Read();
    if (i % 3 == 1) {
      EXPECT_EQ(answer.rcode(), unsigned{dns::kNxDomain});
      continue;
    }
    ASSERT_EQ(answer.answer.size(), kFeeds) << i;
    for (size_t feed = 0; feed < kFeeds; ++feed) {
      EXPECT_EQ(answer.answer[feed].data, "127.0.0." + std::to_string(2 + feed));
    }
  }
}

}  // namespace
}  // namespace rblitz
