#include "dataplane/dns/query.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <vector>

#include "tests/dns_message.h"

namespace rblitz::dns {
namespace {

Query Parsed(const Bytes& message) { return ParseQuery(message); }

TEST(QueryParser, ReadsNameTypeClassAndLabels) {
  const Query query = Parsed(Question("1.2.bl.example", kTxt));
  EXPECT_EQ(query.status, QueryStatus::kOk);
  EXPECT_EQ(query.qtype, kTxt);
  EXPECT_EQ(query.qclass, kIn);
  EXPECT_EQ(query.labels, 4);
  EXPECT_EQ(query.name_size, 16);
  EXPECT_EQ(query.question_end, 12 + 16 + 4);
  EXPECT_EQ(query.label_at[2], 4);
  EXPECT_EQ(query.label_at[4], 15);
  EXPECT_FALSE(query.edns);
  EXPECT_EQ(query.udp_size, 512);
}

// Label by label.
bool ReadsName(std::span<const uint8_t> message, std::vector<uint8_t>* starts, size_t* size) {
  for (size_t at = kHeaderSize; at < message.size(); at += 1u + message[at]) {
    const size_t start = at - kHeaderSize;
    if (message[at] > 63 || start + message[at] >= 255 || starts->size() == 128) return false;
    starts->push_back(static_cast<uint8_t>(start));
    *size = start + 1;
    if (message[at] == 0) return true;
  }
  return false;
}

// Labels of one byte are read by fours: around them others, and ends of names, of messages and of what is allowed.
TEST(QueryParser, ReadsNamesOfShortLabelsAsAnyOther) {
  std::mt19937 random(3);
  size_t good = 0;
  for (size_t run = 0; run < 200000; ++run) {
    Bytes message(kHeaderSize);
    message[5] = 1;
    const size_t labels = run % 3 == 0 ? 120 + random() % 10 : random() % 40;
    const auto others = random() % 3 * (random() % 20);
    for (size_t i = 0; i < labels; ++i) {
      const size_t length = random() % 100 < others ? random() % 70 : 1;
      message.push_back(static_cast<uint8_t>(length));
      for (size_t k = 0; k < length; ++k) message.push_back(static_cast<uint8_t>(random() % 4));
    }
    message.insert(message.end(), {0, 0, 1, 0, 1});
    if (run % 5 == 0) message.resize(kHeaderSize + random() % (message.size() - kHeaderSize));
    message.shrink_to_fit();
    std::vector<uint8_t> starts;
    size_t size = 0;
    const bool is_name = ReadsName(message, &starts, &size);
    const bool is_whole = is_name && message.size() - kHeaderSize - size >= 4;
    const Query query = Parsed(message);
    ASSERT_EQ(query.question_end != kHeaderSize, is_whole) << run;
    if (!is_whole) continue;
    ++good;
    ASSERT_EQ(query.name_size, size) << run;
    ASSERT_EQ(query.labels + size_t{1}, starts.size()) << run;
    ASSERT_TRUE(std::equal(starts.begin(), starts.end(), query.label_at)) << run;
  }
  EXPECT_GT(good, 50000u);
}

TEST(QueryParser, ReadsEdns) {
  const Query query = Parsed(Question("a", kA, Opt{.size = 4000, .dnssec_ok = true, .options = {0, 3, 0, 1, 9}}));
  EXPECT_EQ(query.status, QueryStatus::kOk);
  EXPECT_TRUE(query.edns);
  EXPECT_TRUE(query.dnssec_ok);
  EXPECT_EQ(query.udp_size, 4000);
  EXPECT_EQ(Parsed(Question("a", kA, Opt{.size = 100})).udp_size, 512);
  EXPECT_EQ(Parsed(Question("a", kA, Opt{.version = 1})).status, QueryStatus::kBadVers);
}

TEST(QueryParser, ReadsEdnsOfWhatIsNoSingleQuestion) {
  struct Case {
    uint8_t opcode;
    uint16_t questions;
    QueryStatus status;
  };
  for (const auto& [opcode, questions, status] : std::initializer_list<Case>{{0, 0, QueryStatus::kNoQuestion},
                                                                             {0, 2, QueryStatus::kFormErr},
                                                                             {4, 1, QueryStatus::kNotImp},
                                                                             {15, 0, QueryStatus::kNotImp},
                                                                             {15, 3, QueryStatus::kNotImp}}) {
    Bytes message(kHeaderSize);
    message[2] = static_cast<uint8_t>(opcode << 3);
    message[5] = static_cast<uint8_t>(questions);
    message[11] = 1;
    for (int i = 0; i < questions; ++i) message.insert(message.end(), {1, 'x', 0, 0, 1, 0, 1});
    AppendOpt(message, Opt{.size = 1400, .options = {0, 10, 0, 1, 7}});
    const Query query = Parsed(message);
    EXPECT_EQ(query.status, status) << int{opcode} << " " << questions;
    EXPECT_EQ(query.question_end, kHeaderSize);
    EXPECT_TRUE(query.edns);
    EXPECT_EQ(query.udp_size, 1400);
    EXPECT_EQ(query.options_at, message.size() - 5);
    EXPECT_EQ(query.options_size, 5);
    message.pop_back();
    EXPECT_EQ(Parsed(message).status, opcode == 0 ? QueryStatus::kFormErr : QueryStatus::kNotImp);
    EXPECT_FALSE(Parsed(message).edns);
  }
}

TEST(QueryParser, SkipsRecordsItHasNoUseFor) {
  Bytes message = Question("a", kA);
  const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4};
  for (int i = 0; i < 3; ++i) message.insert(message.end(), std::begin(record), std::end(record));
  message[7] = message[9] = 1;
  message[11] = 2;
  AppendOpt(message, Opt{.size = 1400});
  const Query query = Parsed(message);
  EXPECT_EQ(query.status, QueryStatus::kOk);
  EXPECT_EQ(query.udp_size, 1400);
}

TEST(QueryParser, RejectsLabelPastEnd) {
  Bytes message = Question("example", kA);
  message[12] = 63;
  EXPECT_EQ(Parsed(message).status, QueryStatus::kFormErr);
}

TEST(QueryParser, RejectsNameOf256Bytes) {
  Bytes message(12);
  message[5] = 1;
  for (int i = 0; i < 4; ++i) {
    message.push_back(63);
    message.insert(message.end(), 63, 'a');
  }
  message.insert(message.end(), {0, 0, 1, 0, 1});
  EXPECT_EQ(Parsed(message).status, QueryStatus::kFormErr);
  message[12 + 3 * 64] = 61;  // 255 bytes: the last label is two shorter
  message.erase(message.begin() + 12 + 3 * 64 + 1, message.begin() + 12 + 3 * 64 + 3);
  EXPECT_EQ(Parsed(message).status, QueryStatus::kOk);
  EXPECT_EQ(Parsed(message).name_size, 255);
}

TEST(QueryParser, Takes127Labels) {
  Bytes message(12);
  message[5] = 1;
  for (int i = 0; i < 127; ++i) message.insert(message.end(), {1, 'x'});
  message.insert(message.end(), {0, 0, 1, 0, 1});
  EXPECT_EQ(Parsed(message).status, QueryStatus::kOk);
  EXPECT_EQ(Parsed(message).labels, 127);
}

TEST(QueryParser, EveryPrefixOfAMessageIsHandled) {
  const Bytes whole = Question("1.2.0.192.bl.example.com", kA, Opt{.options = {0, 10, 0, 2, 7, 7}});
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(Parsed(cut).status, size < kHeaderSize ? QueryStatus::kShort : QueryStatus::kFormErr) << size;
  }
}

TEST(QueryParser, CountsThatLieEndWithTheMessage) {
  Bytes message = Question("a", kA);
  message[6] = message[7] = message[8] = message[9] = message[10] = message[11] = 0xff;
  EXPECT_EQ(Parsed(message).status, QueryStatus::kFormErr);
}

TEST(QueryParser, QuestionEndStaysInsideOnRandomBytes) {
  std::mt19937 random(9);
  for (int i = 0; i < 100000; ++i) {
    Bytes message(random() % 64);
    for (uint8_t& byte : message) byte = static_cast<uint8_t>(random() % (random() % 2 == 0 ? 256 : 8));
    const Query query = Parsed(message);
    ASSERT_TRUE(query.question_end == kHeaderSize || query.question_end <= message.size());
  }
}

}  // namespace
}  // namespace rblitz::dns
