#include <gtest/gtest.h>

#include <random>
#include <string>

#include "dataplane/dns/query.h"
#include "tests/policy_answers.h"

namespace rblitz::policy {
namespace {

Question Asked() {
  Question question = QuestionOf("aB.grey.test");
  question.set_id(0x1234);
  return question;
}

TEST(PolicyDnsMessage, AQuestionIsWhatServersRead) {
  Question question = Asked();
  const dns::Query query = dns::ParseQuery(question.message());
  EXPECT_EQ(query.status, dns::QueryStatus::kOk);
  EXPECT_EQ(query.qtype, 1);
  EXPECT_EQ(query.qclass, 1);
  EXPECT_EQ(query.labels, 3);
  EXPECT_EQ(query.question_end, question.echoed().size());
  EXPECT_TRUE(query.edns);
  EXPECT_EQ(query.udp_size, 1232);
  question.set_type(kTypeTxt);
  EXPECT_EQ(dns::ParseQuery(question.message()).qtype, kTypeTxt);
  EXPECT_EQ(question.id(), 0x1234);
}

TEST(PolicyDnsMessage, AnAnswerHasItsFirstRecord) {
  const Question question = Asked();
  const Reply reply = ReadReply(CodeAnswer(question, 4), question);
  EXPECT_EQ(reply.kind, ReplyKind::kData);
  EXPECT_EQ(reply.a, 0x7f000004u);
  EXPECT_EQ(ReadReply(EmptyAnswer(question), question).a, 0u);
  EXPECT_EQ(ReadReply(EmptyAnswer(question), question).kind, ReplyKind::kData);
  EXPECT_EQ(ReadReply(EmptyAnswer(question, 2), question).kind, ReplyKind::kFailed);
  Bytes cut = CodeAnswer(question, 4);
  cut[2] |= 2;
  EXPECT_EQ(ReadReply(cut, question).kind, ReplyKind::kTruncated);
}

TEST(PolicyDnsMessage, OtherRecordsArePassedOver) {
  const Question question = Asked();
  const uint8_t alias[] = {0};
  const uint8_t first[] = {127, 0, 0, 9};
  const uint8_t second[] = {127, 0, 0, 4};
  Bytes answer = WithRecord(EmptyAnswer(question), 5, alias);
  answer = WithRecord(WithRecord(answer, kTypeA, first), kTypeA, second);
  EXPECT_EQ(ReadReply(answer, question).a, 0x7f000009u);
}

TEST(PolicyDnsMessage, ATextIsItsStringsJoined) {
  Question question = Asked();
  question.set_type(kTypeTxt);
  const uint8_t data[] = {2, 'a', 'b', 0, 1, 'c'};
  EXPECT_EQ(ReadReply(WithRecord(EmptyAnswer(question), kTypeTxt, data), question).text, "abc");
  const uint8_t over[] = {2, 'a', 'b', 9, 'c'};
  EXPECT_EQ(ReadReply(WithRecord(EmptyAnswer(question), kTypeTxt, over), question).kind, ReplyKind::kFailed);
}

TEST(PolicyDnsMessage, ATextThatComesWithAnAddressIsItsText) {
  const Question question = Asked();
  const uint8_t data[] = {2, 'a', 'b'};
  const auto added = [&](const Bytes& before) {
    Bytes answer = WithRecord(before, kTypeTxt, data);
    --answer[7];
    ++answer[11];
    return answer;
  };
  const Bytes good = added(CodeAnswer(question, 4));
  const Reply reply = ReadReply(good, question);
  EXPECT_EQ(reply.kind, ReplyKind::kData);
  EXPECT_EQ(reply.a, 0x7f000004u);
  EXPECT_EQ(reply.text, "ab");
  const size_t record = good.size() - sizeof data - 12;
  for (const size_t at : {record + 1, record + 3, record + 5, record + 12}) {  // name, type, class, string's size
    Bytes other = good;
    ++other[at];
    EXPECT_EQ(ReadReply(other, question).text, "") << at;
    EXPECT_EQ(ReadReply(other, question).a, 0x7f000004u) << at;
  }
  Bytes behind_authority = good;
  behind_authority[9] = 1;
  EXPECT_EQ(ReadReply(behind_authority, question).text, "");
  for (size_t size = record; size < good.size(); ++size) {
    const Reply cut = ReadReply(std::span(good).first(size), question);
    EXPECT_EQ(cut.kind, ReplyKind::kData);
    EXPECT_EQ(cut.text, "");
  }
}

TEST(PolicyDnsMessage, WhatAnswersAnotherQuestionIsForeign) {
  const Question question = Asked();
  const Bytes good = CodeAnswer(question, 4);
  const struct {
    const char* what;
    size_t at;
    uint8_t flip;
  } cases[] = {{"id", 1, 1},
               {"not an answer", 2, 0x80},
               {"opcode", 2, 0x08},
               {"no question", 5, 1},
               {"name", 13, 1},
               {"case of the name", 14, 0x20},
               {"type", question.echoed().size() - 3, 1},
               {"class", question.echoed().size() - 1, 2}};
  for (const auto& [what, at, flip] : cases) {
    Bytes bad = good;
    bad[at] = static_cast<uint8_t>(bad[at] ^ flip);
    EXPECT_EQ(ReadReply(bad, question).kind, ReplyKind::kForeign) << what;
  }
  EXPECT_EQ(ReadReply(good, question).kind, ReplyKind::kData);
}

// Whatever is cut or turned round: nothing is read past the end (ASan), and an address is never half of one.
TEST(PolicyDnsMessage, BrokenAnswersHaveNoData) {
  const Question question = Asked();
  const Bytes good = CodeAnswer(question, 4);
  for (size_t size = 0; size < good.size(); ++size) {
    const Reply reply = ReadReply(std::span(good).first(size), question);
    EXPECT_EQ(reply.kind, size < question.echoed().size() ? ReplyKind::kForeign : ReplyKind::kFailed) << size;
    EXPECT_EQ(reply.a, 0u);
  }
  std::mt19937 random(3);
  for (int round = 0; round < 50000; ++round) {
    Bytes bad = good;
    for (int i = 0; i < 3; ++i)
      bad[question.echoed().size() + random() % (bad.size() - question.echoed().size())] =
          static_cast<uint8_t>(random());
    bad.resize(question.size + random() % (bad.size() - question.size + 1));
    const Reply reply = ReadReply(bad, question);
    EXPECT_TRUE(reply.kind == ReplyKind::kData || reply.kind == ReplyKind::kFailed);
  }
}

}  // namespace
}  // namespace rblitz::policy
