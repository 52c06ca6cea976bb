// Bursts of questions that differ in their addresses alone take a way of their own (responder_alike.cc). Whatever is
// odd about one of them, each must get the answer, and be counted, as when it is asked by itself in the general way.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/net/checksum.h"
#include "dataplane/responder.h"
#include "dataplane/zone.h"
#include "tests/alike_zones.h"
#include "tests/dns_message.h"
#include "tests/serving.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;

size_t Below(Random& random, size_t n) { return static_cast<size_t>(random() % n); }

struct Asking {
  Bytes message;
  uint16_t capacity = 1500;
};

struct Got {
  Bytes message;  // empty: no answer
  uint32_t sum_change = 0;
  bool operator==(const Got&) const = default;
};

// What all questions of a burst have in common.
struct Kind {
  std::string apex;
  bool has_opt;
  bool has_options = false;  // in OPT, of the same size
  uint16_t type = dns::kA;
};

std::string LabelsOf(uint32_t address) {
  std::string labels;
  for (unsigned shift = 0; shift < 32; shift += 8) labels += std::to_string(address >> shift & 255) + ".";
  return labels;
}

std::string RandomLabels(Random& random) {
  std::string labels;
  const auto add = [&](size_t octet) {
    const std::string digits = std::to_string(octet);
    if (digits.size() < 3 && Below(random, 8) == 0) labels += '0';
    labels += digits + ".";
  };
  add(Below(random, 256));
  for (const size_t octet : Below(random, 2) == 0
                                ? std::array<size_t, 3>{2, 0, 192}
                                : std::array{Below(random, 256), Below(random, 256), Below(random, 20)}) {
    add(octet);
  }
  return labels;
}

// Any id, any case, any size and flags in OPT.
Bytes RandomQuestion(Random& random, const Kind& kind, const std::string& labels) {
  std::optional<Opt> opt;
  if (kind.has_opt) opt = Opt{.size = static_cast<uint16_t>(random()), .dnssec_ok = Below(random, 2) == 0};
  if (kind.has_opt && kind.has_options) opt->options = {0, 10, 0, 2, static_cast<uint8_t>(random()), 0, 0, 3, 0, 0};
  Bytes question = Question(labels + kind.apex, kind.type, opt);
  question[0] = static_cast<uint8_t>(random());
  question[1] = static_cast<uint8_t>(random());
  const size_t name_end = dns::kHeaderSize + labels.size() + kind.apex.size() + 1;
  for (size_t at = dns::kHeaderSize; at < name_end; ++at) {
    if (std::isalpha(question[at]) != 0 && Below(random, 4) == 0) question[at] ^= 'a' - 'A';
  }
  return question;
}

// Ways in which a question is not like the others.
enum class Oddity {
  kNone,
  kBit,
  kByte,
  kCut,
  kLonger,
  kOptions,
  kOtherOpt,
  kOptVersion,
  kType,
  kClass,
  kFlags,
  kTestPoint,
  kCapacity,
  kOtherZone,
  kNoAddress,
  kCount,
};

Asking RandomOdd(Random& random, const Kind& kind, const std::vector<std::string>& apexes, Oddity oddity) {
  const std::string labels = RandomLabels(random);
  Asking odd{.message = RandomQuestion(random, kind, labels)};
  Bytes& m = odd.message;
  const size_t type_at = dns::kHeaderSize + labels.size() + kind.apex.size() + 2;
  const auto with_opt = [&](const Opt& opt) { return Question(labels + kind.apex, dns::kA, opt); };
  switch (oddity) {
    case Oddity::kNone:
    case Oddity::kCount:
      break;
    case Oddity::kBit:
      m[Below(random, m.size())] ^= static_cast<uint8_t>(1u << Below(random, 8));
      break;
    case Oddity::kByte:
      m[Below(random, m.size())] = static_cast<uint8_t>(random());
      break;
    case Oddity::kCut:
      m.resize(Below(random, m.size()));
      break;
    case Oddity::kLonger:
      for (size_t more = 1 + Below(random, 20); more > 0; --more) m.push_back(static_cast<uint8_t>(random() % 3));
      break;
    case Oddity::kOptions:
      m = with_opt({.options = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, static_cast<uint8_t>(random())}});
      break;
    case Oddity::kOtherOpt:
      m = RandomQuestion(random, {.apex = kind.apex, .has_opt = !kind.has_opt}, labels);
      break;
    case Oddity::kOptVersion:
      m = with_opt({.version = static_cast<uint8_t>(1 + Below(random, 255))});
      break;
    case Oddity::kType:
      m[type_at + Below(random, 2)] = static_cast<uint8_t>(random());
      break;
    case Oddity::kClass:
      m[type_at + 2 + Below(random, 2)] = static_cast<uint8_t>(random());
      break;
    case Oddity::kFlags:
      m[2 + Below(random, 10)] ^= static_cast<uint8_t>(1u << Below(random, 8));
      break;
    case Oddity::kTestPoint:
      m = RandomQuestion(random, kind, Below(random, 2) == 0 ? "1.0.0.127." : "2.0.0.127.");
      break;
    case Oddity::kCapacity:
      odd.capacity = static_cast<uint16_t>(Below(random, 600));
      break;
    case Oddity::kOtherZone:
      m = RandomQuestion(random, {.apex = apexes[Below(random, apexes.size())], .has_opt = kind.has_opt}, labels);
      break;
    case Oddity::kNoAddress: {
      const char* const kNames[] = {"", "mail.", "2.0.192.", "1.1.2.0.192.", "256.2.0.192.", "x.2.0.192."};
      m = RandomQuestion(random, kind, kNames[Below(random, std::size(kNames))]);
      break;
    }
  }
  return odd;
}

class AlikeTest : public testing::Test {
 protected:
  void SetUp() override {
    auto serving = ServeApexes(apexes_);
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }

  // `stale` stands behind each question.
  std::vector<Got> AskAll(Responder& responder, std::span<const Asking> questions, const Bytes& stale) {
    io::Burst burst;
    for (const Asking& asking : questions) {
      const Bytes& message = asking.message;
      uint8_t* const buffer = buffers_[burst.count].data();
      std::fill_n(buffer, 2 * io::kSlack, uint8_t{0xee});
      std::copy(stale.begin(), stale.end(), buffer);
      std::copy(message.begin(), message.end(), buffer);
      burst.messages[burst.count++] = {.payload = buffer,
                                       .size = static_cast<uint16_t>(message.size()),
                                       .capacity = asking.capacity,
                                       .sum_change = 0};
    }
    responder.Answer(burst, *serving_);
    std::vector<Got> got;
    for (size_t i = 0; i < burst.count; ++i) {
      const io::Message& m = burst.messages[i];
      got.push_back({.message = Bytes(m.payload, m.payload + m.size)});
      if (m.size == 0) continue;
      got.back().sum_change = net::Fold(m.sum_change) % 0xffff;
      const uint64_t question_sum = net::Sum(questions[i].message.data(), questions[i].message.size());
      EXPECT_EQ(net::Fold(question_sum + m.sum_change) % 0xffff, net::Sum(m.payload, m.size) % 0xffff);
    }
    return got;
  }

  // Beside a message that is no question, and is dropped: so that nothing is alike.
  Got AskGeneral(const Asking& question) {
    const std::array<Asking, 2> both = {Asking{.message = Bytes(kNoQuestionSize, 0x55)}, question};
    ++asked_generally_;
    return AskAll(general_, both, {}).back();
  }

  void ExpectAnsweredAsAlone(const std::vector<Asking>& burst, const Bytes& stale) {
    const std::vector<Got> got = AskAll(alike_, burst, stale);
    for (size_t i = 0; i < burst.size(); ++i) {
      ASSERT_EQ(got[i], AskGeneral(burst[i])) << i << " of " << burst.size() << ", capacity " << burst[i].capacity
                                              << ": " << testing::PrintToString(burst[i].message);
    }
  }

  // Both ways have counted the same.
  void ExpectCountersAgree() {
    const auto value = [](const Counter& counter) { return counter.value(); };
    const auto expect_equal = [&](const auto& counters, const auto& expected, const char* what) {
      EXPECT_TRUE(std::ranges::equal(counters, expected, {}, value, value)) << what;
    };
    expect_equal(alike_stats_->rcodes, general_stats_->rcodes, "rcodes");
    expect_equal(alike_stats_->types, general_stats_->types, "types");
    for (size_t slot = 0; slot < apexes_.size(); ++slot) {
      expect_equal(alike_stats_->zones[slot].outcomes, general_stats_->zones[slot].outcomes, apexes_[slot].c_str());
    }
    for (size_t reason = 0; reason < static_cast<size_t>(DropReason::kCount); ++reason) {
      const uint64_t companions = reason == static_cast<size_t>(DropReason::kShortDns) ? asked_generally_ : 0;
      EXPECT_EQ(alike_stats_->dropped[reason].value() + companions, general_stats_->dropped[reason].value())
          << DropReasonName(static_cast<DropReason>(reason));
    }
  }

  static constexpr size_t kNoQuestionSize = dns::kHeaderSize - 1;

  const std::vector<std::string> apexes_ = Apexes();
  std::unique_ptr<const Serving> serving_;
  std::unique_ptr<WorkerStats> alike_stats_ = std::make_unique<WorkerStats>();
  std::unique_ptr<WorkerStats> general_stats_ = std::make_unique<WorkerStats>();
  Responder alike_{alike_stats_.get()};
  Responder general_{general_stats_.get()};
  uint64_t asked_generally_ = 0;
  std::array<std::array<uint8_t, 2048>, io::kBurst> buffers_;
};

TEST_F(AlikeTest, EachQuestionOfABurstIsAnsweredAsIfItWereAskedAlone) {
  Random random(1);
  for (int bursts = 0; bursts < 10000; ++bursts) {
    const Kind kind{.apex = apexes_[Below(random, apexes_.size())],
                    .has_opt = Below(random, 2) == 0,
                    .has_options = Below(random, 4) == 0,
                    .type = Below(random, 8) == 0 ? dns::kTxt : dns::kA};
    std::vector<Asking> burst(1 + Below(random, io::kBurst));
    for (Asking& asking : burst) asking.message = RandomQuestion(random, kind, RandomLabels(random));
    const auto oddity = static_cast<Oddity>(Below(random, static_cast<size_t>(Oddity::kCount)));
    SCOPED_TRACE("burst " + std::to_string(bursts) + ", oddity " + std::to_string(static_cast<int>(oddity)));
    if (oddity != Oddity::kNone) {
      burst[Below(random, burst.size())] = RandomOdd(random, kind, apexes_, oddity);
    }
    const Bytes stale = RandomQuestion(random, kind, RandomLabels(random));
    ASSERT_NO_FATAL_FAILURE(ExpectAnsweredAsAlone(burst, stale));
  }
  ExpectCountersAgree();
  // The questions were what they should be.
  const auto& rcodes = general_stats_->rcodes;
  for (const dns::Rcode rcode :
       {dns::kNoError, dns::kFormErr, dns::kNxDomain, dns::kNotImp, dns::kRefused, dns::kBadVers}) {
    EXPECT_GT(rcodes[rcode].value(), 0u) << rcode;
  }
  EXPECT_GT(rcodes[dns::kNoError].value(), asked_generally_ / 3);
  EXPECT_GT(rcodes[dns::kNxDomain].value(), asked_generally_ / 6);
}

// Of few zones, of many, with and without OPT among each other, half of them for addresses that are listed one
// by one; some bursts have other types, or the zone that is never common, or an odd one.
TEST_F(AlikeTest, QuestionsOfManyZonesAreAnsweredAsIfTheyWereAskedAlone) {
  auto serving = ServeReadyApexes(apexes_);
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  Random random(3);
  for (int bursts = 0; bursts < 5000; ++bursts) {
    const size_t first = Below(random, 4) == 0 ? 0 : 1;
    const size_t zones = 1 + Below(random, apexes_.size() - first);
    const bool has_types = Below(random, 3) == 0;
    std::vector<Asking> burst(1 + Below(random, io::kBurst));
    Kind kind;
    for (Asking& asking : burst) {
      kind = {.apex = apexes_[first + Below(random, zones)],
              .has_opt = Below(random, 2) == 0,
              .type = has_types && Below(random, 8) == 0 ? dns::kTxt : dns::kA};
      const uint32_t single =
          SingleOf(static_cast<uint8_t>(4 + Below(random, 2)), static_cast<uint32_t>(Below(random, kSingles)));
      asking.message = RandomQuestion(random, kind, Below(random, 2) == 0 ? LabelsOf(single) : RandomLabels(random));
    }
    const auto oddity = static_cast<Oddity>(Below(random, 2 * static_cast<size_t>(Oddity::kCount)));
    SCOPED_TRACE("burst " + std::to_string(bursts) + ", oddity " + std::to_string(static_cast<int>(oddity)));
    if (oddity < Oddity::kCount) burst[Below(random, burst.size())] = RandomOdd(random, kind, apexes_, oddity);
    ASSERT_NO_FATAL_FAILURE(ExpectAnsweredAsAlone(burst, burst[0].message));
  }
  ExpectCountersAgree();
  EXPECT_GT(general_stats_->rcodes[dns::kNoError].value(), asked_generally_ / 5);
}

// The same bits as Ip4Table::FindInLines.
uint64_t NeedSecondLine(const Ip4Table& table, std::span<const uint32_t> addresses) {
  uint32_t permuted[kMaxBatch];
  const uint8_t* lines[kMaxBatch];
  ValueId values[kMaxBatch];
  Ip4Cursor cursor{.permuted = permuted, .lines = lines};
  table.Sort(addresses, cursor, values);
  table.Locate(addresses, cursor, values);
  return table.FindInLines(addresses, cursor, values);
}

// All that stands in a large table and what stands beside it, in bursts that are answered in two parts, the first
// question in either.
TEST_F(AlikeTest, QuestionsThatNeedASecondLineAreAnsweredLikeTheOthers) {
  auto serving = ServeReadyApexes(apexes_);
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  const auto feed = FeedOf(4);
  Random random(4);
  size_t parted = 0;
  size_t parted_at_first = 0;
  for (uint32_t i = 0; i + io::kBurst / 2 <= kSingles; i += io::kBurst / 2) {
    const Kind kind{.apex = apexes_[2], .has_opt = i / io::kBurst % 2 == 0};
    std::vector<uint32_t> addresses;
    std::vector<Asking> burst;
    for (uint32_t k = 0; k < io::kBurst; ++k) addresses.push_back(SingleOf(4, i + (k / 2 ^ 1)) + k % 2);
    for (const uint32_t address : addresses) burst.push_back({RandomQuestion(random, kind, LabelsOf(address))});
    const uint64_t behind = NeedSecondLine(*feed->ip4, addresses);
    parted += behind != 0;
    parted_at_first += behind & 1;
    SCOPED_TRACE("burst from " + std::to_string(i));
    ASSERT_NO_FATAL_FAILURE(ExpectAnsweredAsAlone(burst, burst[0].message));
  }
  ExpectCountersAgree();
  EXPECT_GT(parted, 100u);
  EXPECT_GT(parted_at_first, 0u);
}

// Of each apex, without and with OPT, every bit in turn.
TEST_F(AlikeTest, NoChangedBitOfOneQuestionIsOverlooked) {
  Random random(2);
  for (const std::string& apex : apexes_) {
    for (const bool has_opt : {false, true}) {
      const Kind kind{.apex = apex, .has_opt = has_opt};
      std::vector<Asking> burst(2 + Below(random, 4));
      for (Asking& asking : burst) asking.message = RandomQuestion(random, kind, "7.2.0.192.");
      for (size_t bit = 0; bit < burst[0].message.size() * 8; ++bit) {
        uint8_t& byte = burst[bit % burst.size()].message[bit / 8];
        const auto flip = static_cast<uint8_t>(1u << bit % 8);
        byte ^= flip;
        SCOPED_TRACE(apex + (has_opt ? " with OPT, bit " : ", bit ") + std::to_string(bit));
        ASSERT_NO_FATAL_FAILURE(ExpectAnsweredAsAlone(burst, burst[0].message));
        byte ^= flip;
      }
    }
  }
  ExpectCountersAgree();
}

}  // namespace
}  // namespace rblitz
