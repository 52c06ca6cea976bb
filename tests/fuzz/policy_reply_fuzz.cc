// Any bytes as the answer to one question: foreign ones stay so, and what is believed repeats the question.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "cli/policy/dns_message.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rblitz::policy;
  using rblitz::Require;
  if (size == 0) return 0;
  Question question = MakeQuestion(rblitz::dns::NameFromText("a.grey.test"), (data[0] & 1) != 0 ? kTypeTxt : kTypeA);
  // The bytes are what comes behind a question that was answered, or all of it.
  std::vector<uint8_t> message;
  if ((data[0] & 2) != 0) {
    message.assign(question.echoed().begin(), question.echoed().end());
    message[2] |= 0x80;
    message[7] = static_cast<uint8_t>(data[0] >> 2);  // ANCOUNT
  }
  message.insert(message.end(), data + 1, data + size);
  const Reply reply = ReadReply(message, question);
  if (reply.kind == ReplyKind::kForeign) Require(reply.a == 0 && reply.text.empty());
  if (reply.kind != ReplyKind::kForeign) {
    const auto asked = question.echoed().subspan(12);
    Require(std::equal(asked.begin(), asked.end(), message.begin() + 12));
  }
  Require(reply.text.size() <= message.size());
  return 0;
}
