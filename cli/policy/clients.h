// The connections of mail servers: thousands of them, over TCP and Unix sockets, each with requests that are answered
// in their order, however late the answers come.
//
// A client that breaks the protocol is disconnected; so is one that leaves a request half said for kPatience, does not
// take its answers for as long, or is idle for `idle`. Of one that does not read, no more requests are taken than
// kMaxWaiting. What is to be sent goes out at Flush, in one call for each connection. With all `most` connections in
// use the one that has been idle longest goes for a new one; one that waits for an answer never does.
//
// Thread-safety: one thread. Lifetime: the poller must outlive it; a request refers to bytes that are there until the
// handler returns. Errors: Listen's alone: a client that has gone is none. Cost: a new connection costs the same
// however many there are.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/policy/counters.h"
#include "cli/policy/poller.h"
#include "cli/policy/request.h"
#include "loaders/unique_fd.h"
#include "tables/result.h"

namespace rblitz::policy {

// Which request an answer is for.
struct Ticket {
  uint32_t client = 0;
  uint32_t life = 0;    // of the client's place
  uint32_t number = 0;  // of the request within the connection
};

struct ClientLimits {
  size_t most = 10000;
  std::chrono::seconds idle{600};
  bool closes = false;  // after one answer, as Exim's readsocket wants it
};

class Clients {
 public:
  using Clock = std::chrono::steady_clock;
  // Reply is called for the ticket now or later.
  using Handler = std::function<void(Ticket ticket, const Request& request)>;

  static constexpr size_t kMaxWaiting = 128;
  static constexpr std::chrono::seconds kPatience{30};

  Clients(std::vector<UniqueFd> listeners, ClientLimits limits, const Poller* poller, Counters* counters,
          Handler handler);

  // Has the poller look for connections.
  [[nodiscard]] Status Listen();

  // `action` without "action=".
  void Reply(Ticket ticket, std::string_view action);

  // Of a ready descriptor: its kind is kListener or kClient.
  void OnReady(const Poller::Ready& ready, Clock::time_point now);
  void Flush(Clock::time_point now);
  // Once a second.
  void Sweep(Clock::time_point now);

  // The end: takes the connections and requests that have come, and no others; each client is closed once it has its
  // answers.
  void Drain(Clock::time_point now);
  // Whether requests that have come are without answer, or answers not sent.
  [[nodiscard]] bool is_answering() const;

  [[nodiscard]] size_t count() const { return places_.size() - free_.size(); }

 private:
  static constexpr size_t kReadSize = 65536;
  struct Waiting {
    std::string answer;
    bool is_there = false;
  };
  struct Client {
    UniqueFd fd;
    uint32_t life = 0;
    uint32_t first = 0;           // number of the request at the front of `waiting`
    std::deque<Waiting> waiting;  // requests without answer, and answers behind them
    std::string in;               // the beginning of a request
    size_t searched = 0;          // of `in`
    std::string out;
    uint32_t events = 0;               // that the poller looks for
    bool is_dirty = false;             // is in dirty_
    bool is_paused = false;            // nothing is read: there is enough to answer, and whole requests are in `in`
    bool is_ended = false;             // nothing more is read, and it is closed once all that is in `in` has its answer
    Clock::time_point active;          // last time that a whole request or an answer moved
    Clock::time_point begun;           // what is in `in`
    bool is_idle = false;              // is in idle_
    std::list<uint32_t>::iterator at;  // in idle_ or busy_

    [[nodiscard]] bool is_answered() const { return waiting.empty() && out.empty(); }
  };

  void Accept(uint32_t listener, int most, Clock::time_point now);
  void RestListeners();
  void Open(UniqueFd fd, Clock::time_point now);
  void MakeRoom();
  void SetIdle(Client& client, bool is_idle);
  void ReadNews(uint32_t index, bool has_ended, Clock::time_point now);
  size_t Read(uint32_t index, Clock::time_point now);
  void TakeBytes(uint32_t index, std::string_view bytes, Clock::time_point now);
  void ReadOut(uint32_t index, Clock::time_point now);
  void ReadAllOut(Clock::time_point now);
  [[nodiscard]] bool TakeRequests(uint32_t index, std::string_view* bytes, Clock::time_point now);
  void Break(uint32_t index);
  void Resume(uint32_t index, Clock::time_point now);
  [[nodiscard]] bool Write(uint32_t index, Clock::time_point now);
  void End(uint32_t index);
  void Watch(uint32_t index);
  void Close(uint32_t index);
  void MarkDirty(uint32_t index);
  [[nodiscard]] bool IsLate(const Client& client, Clock::time_point now) const;

  std::vector<UniqueFd> listeners_;
  ClientLimits limits_;
  const Poller* poller_;
  Counters* counters_;
  Handler handler_;
  std::deque<Client> places_;  // a deque: they stay where they are
  std::vector<uint32_t> free_;
  std::vector<uint32_t> dirty_;
  std::list<uint32_t> idle_;  // clients that have all their answers, the longest idle first
  std::list<uint32_t> busy_;  // the others, and places that are free
  std::unique_ptr<std::array<char, kReadSize>> buffer_;
  bool listeners_rest_ = false;  // out of descriptors: until the next sweep
  bool drains_ = false;
};

}  // namespace rblitz::policy
