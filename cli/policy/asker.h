// The life of questions to greylist servers: which server, over what, when again, and when to give up.
//
// A server gets a question over UDP (or TCP first, where that is wanted), after a third of its time once more over UDP,
// and after another third over TCP; where TCP was to be first and is refused, UDP takes that third; an answer that was
// cut goes over TCP at once, one that says that the server cannot answer goes to the next server; so does a question
// that nobody was there to take, unless there is no other: the last one may be starting again, and has its time.
// Servers are asked in their order. One that has left kFailures questions in a row without an answer, or said that it
// cannot, is asked last for kHoldOff, and then one question tries it again. While that holds for all of them a question
// goes to one of them in turn, once, and waits a third of its time: a mail with many recipients must not wait for each
// of them. After the last server's time a question ends without an answer: that is at most servers * timeout after it
// was asked.
//
// Thread-safety: one thread; time is given. Lifetime: the carrier must outlive the asker; `done` may ask again.
// Errors: an answer is believed only from a server that was asked, with the id it was asked with and the same question
// byte for byte. Cost: no allocation once as many questions have been outstanding.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "cli/policy/dns_message.h"

namespace rblitz::policy {

// What carries questions; how is its business, and losing them is no error.
class Carrier {
 public:
  virtual ~Carrier() = default;
  virtual void SendUdp(size_t server, const Question& question) = 0;
  virtual void SendTcp(size_t server, const Question& question) = 0;
};

// What carries a question the first time: over TCP many that are asked together are one write, and so are their
// answers.
enum class Transport : uint8_t { kUdp, kTcp };

// What becomes of a question.
struct Asked {
  bool answered = false;
  size_t server = 0;  // that answered
  Reply reply;
  const Question* question = nullptr;  // until Done returns, or asks again
};

class Asker {
 public:
  using Clock = std::chrono::steady_clock;
  using Token = uint64_t;  // whose question it is
  using Done = std::function<void(Token token, const Asked& asked)>;

  static constexpr size_t kMaxServers = 8;
  static constexpr size_t kMaxOutstanding = 32768;  // half of all ids, so that a random one is soon free
  static constexpr unsigned kFailures = 3;
  static constexpr std::chrono::seconds kHoldOff{10};

  // `random`: numbers that nobody guesses. REQUIRES: 1 to kMaxServers servers.
  Asker(size_t servers, std::chrono::milliseconds timeout, Transport first, std::function<uint16_t()> random,
        Carrier* carrier, Done done);

  // False: there are too many already, and the question is not asked.
  [[nodiscard]] bool Ask(const Question& question, Token token, Clock::time_point now);
  // The same of one server, once and over UDP, for a third of its time.
  [[nodiscard]] bool Look(const Question& question, size_t server, Token token, Clock::time_point now);

  void OnMessage(size_t server, std::span<const uint8_t> message, Clock::time_point now);
  // Nobody is there, or the TCP connection has gone: what was asked over that for the first time goes over UDP.
  void OnRefused(size_t server, bool over_tcp, Clock::time_point now);
  void OnTime(Clock::time_point now);
  // Ends all questions without an answer.
  void GiveUp();
  // When OnTime should be called next, or earlier.
  [[nodiscard]] std::optional<Clock::time_point> next() const;

  [[nodiscard]] size_t outstanding() const { return slots_.size() - free_.size(); }
  [[nodiscard]] bool is_down(size_t server) const { return health_[server].is_down; }
  // Between two questions: a third of a server's time.
  [[nodiscard]] std::chrono::milliseconds step() const { return step_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr unsigned kTries = 3;  // the first, over UDP, over TCP

  struct Slot {
    Question question;
    Token token = 0;
    std::array<uint16_t, kMaxServers> ids{};   // by server; only of those that were asked
    std::array<uint8_t, kMaxServers> order{};  // of servers
    unsigned step = 0;                         // kTries for each of `order`
    unsigned steps = 0;
    uint32_t turn = 0;  // of the deadline that counts
    bool is_used = false;
    bool tcp_refused = false;  // by the server that is asked: what should go over TCP first goes over UDP

    [[nodiscard]] size_t server() const { return order[step / kTries]; }
  };
  struct Health {
    unsigned failures = 0;  // in a row
    bool is_down = false;
    Clock::time_point until;
  };
  struct Deadline {
    Clock::time_point at;
    uint32_t slot;
    uint32_t turn;
  };

  [[nodiscard]] uint32_t Take(const Question& question, Token token);
  size_t SetOrder(Slot& slot, Clock::time_point now);
  [[nodiscard]] bool IsOverTcp(const Slot& slot) const;
  void Send(uint32_t index, Clock::time_point now);
  void GoOn(uint32_t index, unsigned step, Clock::time_point now);
  void Finish(uint32_t index, Asked asked);
  void NoteFailure(size_t server, Clock::time_point now);
  [[nodiscard]] uint16_t FreeId(size_t server) const;

  size_t servers_;
  std::chrono::milliseconds step_;
  Transport first_;
  std::function<uint16_t()> random_;
  Carrier* carrier_;
  Done done_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::vector<std::vector<uint32_t>> by_id_;  // by server: slots
  std::vector<Health> health_;
  size_t turn_ = 0;                 // of servers that are all down
  std::deque<Deadline> deadlines_;  // all are one step long, so they come in order
};

}  // namespace rblitz::policy
