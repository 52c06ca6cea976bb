// A responder over the data of serving.h, asked by messages; every answer's change of the checksum is checked.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/net/checksum.h"
#include "dataplane/responder.h"
#include "dataplane/zone.h"
#include "tests/dns_message.h"
#include "tests/serving.h"

namespace rblitz {

class ResponderTest : public testing::Test {
 protected:
  void SetUp() override {
    auto serving = test::FourZones();
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
  }

  // All questions in one burst; an empty answer is none.
  std::vector<Bytes> AskAll(const std::vector<Bytes>& questions, uint16_t capacity = 1500) {
    std::vector<Bytes> buffers;
    io::Burst burst;
    burst.clients = clients_;
    burst.over_tcp = over_tcp_;
    for (const Bytes& question : questions) {
      Bytes buffer(size_t{capacity} + io::kSlack + question.size(), 0xee);
      std::copy(question.begin(), question.end(), buffer.begin());
      buffers.push_back(std::move(buffer));
    }
    for (Bytes& buffer : buffers) {
      burst.messages[burst.count] = {.payload = buffer.data(),
                                     .size = static_cast<uint16_t>(questions[burst.count].size()),
                                     .capacity = capacity,
                                     .sum_change = 0};
      ++burst.count;
    }
    responder_->Answer(burst, *serving_);
    std::vector<Bytes> answers;
    for (size_t i = 0; i < burst.count; ++i) {
      const io::Message& m = burst.messages[i];
      answers.emplace_back(m.payload, m.payload + m.size);
      if (m.size == 0) continue;
      // sum_change carries a checksum over: the question's sum and it give the answer's.
      const uint32_t question_sum = net::Sum(questions[i].data(), questions[i].size());
      const uint32_t answer_sum = net::Sum(m.payload, m.size);
      EXPECT_EQ(net::Fold(uint64_t{question_sum} + m.sum_change) % 0xffff, answer_sum % 0xffff);
    }
    return answers;
  }
  Answer Ask(const Bytes& question) {
    const Bytes answer = AskAll({question}).front();
    EXPECT_FALSE(answer.empty());
    return answer.empty() ? Answer() : AnswerReader(answer).Read();
  }
  std::vector<std::string> Data(const std::vector<Record>& records) {
    std::vector<std::string> data;
    for (const Record& r : records) data.push_back(r.data);
    return data;
  }

  const io::Clients* clients_ = nullptr;
  bool over_tcp_ = false;
  std::unique_ptr<const Serving> serving_;
  std::unique_ptr<WorkerStats> stats_;
  std::unique_ptr<Responder> responder_;
};

}  // namespace rblitz
