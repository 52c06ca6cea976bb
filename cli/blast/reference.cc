#include "cli/blast/reference.h"

#include <algorithm>
#include <vector>

#include "cli/blast/answer.h"
#include "cli/blast/socket_link.h"
#include "dataplane/dns/wire.h"

namespace rblitz::blast {

namespace {

constexpr size_t kWindow = 256;  // far fewer than there are ids: the question's number is its id
constexpr unsigned kAttempts = 3;

class Asking {
 public:
  Asking(const QuestionSet& set, Link& link, uint64_t timeout)
      : set_(set), link_(link), timeout_(timeout), oracle_(set.size()), last_sent_(kWindow), attempts_(kWindow) {}

  Result<Oracle> Run(const std::string& server) {
    while (done_ < set_.size()) {
      const uint64_t now = link_.Now();
      while (next_ < set_.size() && next_ - done_ < kWindow) {
        attempts_[next_ % kWindow] = 0;
        Send(next_++, now);
      }
      const size_t n = link_.Receive(arrived_);
      for (size_t i = 0; i < n; ++i) Take(arrived_[i].message);
      while (done_ < next_ && oracle_.Knows(done_)) ++done_;
      if (const std::optional<size_t> silent = SendAgain(now)) {
        return Fail("reference " + server + ": no answer to " + set_.Text(*silent));
      }
      if (n == 0) link_.Wait(now + timeout_ / 10);
    }
    return std::move(oracle_);
  }

 private:
  void Send(size_t question, uint64_t now) {
    const std::span<const uint8_t> message = set_.message(question);
    outgoing_.flow = 0;
    outgoing_.size = static_cast<uint16_t>(message.size());
    std::copy(message.begin(), message.end(), outgoing_.bytes.begin());
    dns::Store16(outgoing_.bytes.data(), static_cast<uint16_t>(question));
    static_cast<void>(link_.Send({&outgoing_, 1}));  // what was not taken is sent again
    last_sent_[question % kWindow] = now;
    ++attempts_[question % kWindow];
  }

  std::optional<size_t> SendAgain(uint64_t now) {
    for (size_t question = done_; question < next_; ++question) {
      if (oracle_.Knows(question) || now - last_sent_[question % kWindow] < timeout_) continue;
      if (attempts_[question % kWindow] >= kAttempts) return question;
      Send(question, now);
    }
    return std::nullopt;
  }

  void Take(std::span<const uint8_t> message) {
    const std::optional<AnswerHead> head = ReadAnswerHead(message);
    if (!head) return;
    const size_t question = done_ + static_cast<uint16_t>(head->id - static_cast<uint16_t>(done_));
    if (question >= next_ || (head->has_question && head->hash != set_.hash(question))) return;
    if (const std::optional<Answer> answer = ReadAnswer(message)) oracle_.Expect(question, *answer, true);
  }

  const QuestionSet& set_;
  Link& link_;
  uint64_t timeout_;
  Oracle oracle_;
  size_t next_ = 0;
  size_t done_ = 0;  // all before it are known
  std::vector<uint64_t> last_sent_;
  std::vector<unsigned> attempts_;
  Outgoing outgoing_;
  std::array<Arrived, kBatch> arrived_;
};

}  // namespace

Result<Oracle> AskReference(const io::SocketConfig& server, const QuestionSet& set, uint64_t timeout) {
  const Result<io::SocketAddress> address = io::ResolveListen(server);
  if (!address) return tl::unexpected(address.error());
  const auto link = SocketLink::Open({.server = *address, .sources = {}, .ports = 1});
  if (!link) return tl::unexpected(link.error());
  return Asking(set, **link, timeout).Run(io::ListenText(server));
}

}  // namespace rblitz::blast
