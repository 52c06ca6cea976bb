// Any bytes as an answer that rblitz-blast compares, and as a frame that it takes an answer out of: what is read stays
// within them, and what is believed is the server's.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "cli/blast/answer.h"
#include "cli/blast/frames.h"
#include "tests/fuzz/require.h"

namespace {

using namespace rblitz::blast;
using rblitz::Require;

void ReadMessage(std::span<const uint8_t> message) {
  const auto head = ReadAnswerHead(message);
  const auto answer = ReadAnswer(message);
  if (head) {
    Require(message.size() >= 12 && (message[2] & 0x80) != 0);
    Require(head->id == (message[0] << 8 | message[1]));
  }
  if (head && answer) Require(head->rcode == answer->rcode);
  if (!answer) return;
  Require(std::is_sorted(answer->a.begin(), answer->a.end()));
  // An A record has a name, ten bytes and four.
  Require(answer->a.size() * 15 + 12 <= message.size());
  Require(ReadAnswer(message) == answer);
  Require(RcodeFromText(RcodeText(answer->rcode)) == answer->rcode);
  Require(!AnswerText(*answer).empty());
}

void ReadFrame(std::span<const uint8_t> frame, bool is_ip6, bool may_be_partial) {
  const auto addresses = ParseSources(is_ip6 ? "2001:db8::2" : "192.0.2.2");
  Require(addresses.has_value());
  FrameConfig config{.own = *addresses, .sources = *addresses, .may_be_partial = may_be_partial};
  config.mac = {2, 0, 0, 0, 0, 2};
  config.server_mac = {2, 0, 0, 0, 0, 1};
  config.server = is_ip6 ? rblitz::net::Ip6{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
                         : rblitz::net::Ip6{192, 0, 2, 1};
  const Frames frames(config);
  std::vector<uint8_t> out(Frames::kMostOther);
  Require(frames.WriteReply(frame, out.data()) <= out.size());
  static_cast<void>(frames.ReadAdvertisement(frame, config.server));
  const auto answered = frames.ReadAnswer(frame);
  if (!answered) return;
  Require(answered->flow < frames.flows());
  Require(answered->message.data() >= frame.data());
  Require(answered->message.data() + answered->message.size() <= frame.data() + frame.size());
  ReadMessage(answered->message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> bytes(data + 1, size - 1);
  if ((data[0] & 1) == 0) {
    ReadMessage(bytes);
  } else {
    ReadFrame(bytes, (data[0] & 2) != 0, (data[0] & 4) != 0);
  }
  return 0;
}
